//! How a scene is played: the same load with the stack, then without.

use std::time::Duration;

use buttress::transport::Transport;
use buttress::{BoxError, Client};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::load::{self, Call, End, Load};
use crate::server::{Notes, Server};
use crate::stack::{Diary, Stack};

/// One thing that goes wrong.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) title: &'static str,
    pub(crate) load: Load,
    pub(crate) stack: fn(&Server) -> Result<Stack, BoxError>,
    pub(crate) promises: &'static [Promise],
}

/// A sentence, and whether a run bears it out.
#[derive(Debug)]
pub(crate) struct Promise {
    pub(crate) words: &'static str,
    pub(crate) kept: fn(&Run) -> bool,
}

/// One side's run through a scene.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) calls: Vec<Call>,
    pub(crate) notes: Notes,
    /// The states that the circuit went through, where there is one.
    pub(crate) circuit: Vec<&'static str>,
}

/// Both sides of a scene.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) scene: &'static Scene,
    pub(crate) with: Run,
    pub(crate) without: Run,
}

impl Run {
    /// Calls that were answered with a success, whole.
    pub(crate) fn well(&self) -> usize {
        self.count(|end| *end == End::Well)
    }

    /// Calls that somebody had to give up.
    pub(crate) fn hung(&self) -> usize {
        self.count(|end| *end == End::Hung)
    }

    /// The longest call.
    pub(crate) fn slowest(&self) -> Duration {
        let took = self.calls.iter().map(|call| call.took);
        took.max().unwrap_or_default()
    }

    fn count(&self, what: impl Fn(&End) -> bool) -> usize {
        self.calls.iter().filter(|call| what(&call.end)).count()
    }
}

/// Plays a scene with the stack, then without. Each side gets a server that forgot the other.
pub(crate) async fn play(
    scene: &'static Scene,
    server: &Server,
    progress: &MultiProgress,
) -> Result<Played, BoxError> {
    let bar = progress.add(bar(scene)?);
    server.turn_page();

    bar.set_message("with the stack");
    let stack = (scene.stack)(server)?;
    let diary = stack.watch(server);
    let mut with = run(&stack.client, scene, server, &bar).await;
    with.circuit = diary.map(Diary::close).unwrap_or_default();

    bar.set_message("without");
    let bare = Client::from_service(Transport::new()?);
    let without = run(&bare, scene, server, &bar).await;
    bar.finish_with_message("done");
    Ok(Played {
        scene,
        with,
        without,
    })
}

async fn run(client: &Client, scene: &Scene, server: &Server, bar: &ProgressBar) -> Run {
    let calls = load::send(client, &server.uri(), &scene.load, bar).await;
    Run {
        calls,
        notes: server.turn_page(),
        circuit: Vec::new(),
    }
}

fn bar(scene: &Scene) -> Result<ProgressBar, BoxError> {
    let style = ProgressStyle::with_template("{prefix:31} {bar:30} {pos:>3}/{len} {msg}")?;
    let bar = ProgressBar::new(u64::from(scene.load.calls) * 2).with_style(style);
    Ok(bar.with_prefix(scene.title))
}
