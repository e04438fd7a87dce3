//! What goes wrong, and what the stack promises about it.

use std::time::Duration;

use buttress::retry::Backoff;
use buttress::transport::Transport;
use buttress::{BoxError, Client, RetryLayer};
use http::Method;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::load::{self, Call, End, Load};
use crate::server::{Notes, Server};

/// One thing that goes wrong.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) title: &'static str,
    pub(crate) load: Load,
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
}

/// Both sides of a scene.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) scene: &'static Scene,
    pub(crate) with: Run,
    pub(crate) without: Run,
}

const EVERY_CALL_IS_ANSWERED: Promise = Promise {
    words: "every call is answered",
    kept: |run| run.well() == run.calls.len(),
};

const NO_CALL_HANGS: Promise = Promise {
    words: "no call hangs",
    kept: |run| run.hung() == 0,
};

/// The tour, in order.
pub(crate) static ALL: [Scene; 6] = [
    Scene {
        title: "bursts of 503",
        load: Load {
            method: Method::GET,
            path: "flaky",
            calls: 150,
            at_once: 8,
        },
        promises: &[EVERY_CALL_IS_ANSWERED],
    },
    Scene {
        title: "429 with Retry-After: 1",
        load: Load {
            method: Method::GET,
            path: "limited",
            calls: 60,
            at_once: 6,
        },
        promises: &[
            EVERY_CALL_IS_ANSWERED,
            Promise {
                words: "only calls already under way are refused (6 at most)",
                kept: |run| run.notes.refused <= 6,
            },
        ],
    },
    Scene {
        title: "heads that never come",
        load: Load {
            method: Method::GET,
            path: "hang",
            calls: 36,
            at_once: 6,
        },
        promises: &[EVERY_CALL_IS_ANSWERED, NO_CALL_HANGS],
    },
    Scene {
        title: "bodies that stall",
        load: Load {
            method: Method::GET,
            path: "stall",
            calls: 36,
            at_once: 6,
        },
        promises: &[NO_CALL_HANGS],
    },
    Scene {
        title: "orders whose answers are lost",
        load: Load {
            method: Method::POST,
            path: "orders",
            calls: 40,
            at_once: 8,
        },
        promises: &[
            EVERY_CALL_IS_ANSWERED,
            Promise {
                words: "every order is carried out exactly once",
                kept: |run| run.notes.orders as usize == run.calls.len(),
            },
        ],
    },
    Scene {
        title: "an outage of 1.5 s",
        load: Load {
            method: Method::GET,
            path: "outage",
            calls: 300,
            at_once: 100,
        },
        promises: &[
            NO_CALL_HANGS,
            Promise {
                words: "the server gets at most 1.25 times the calls, plus 10 a second over 10 s",
                kept: |run| run.notes.seen as usize <= run.calls.len() * 5 / 4 + 100,
            },
        ],
    },
];

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
        self.calls
            .iter()
            .map(|call| call.took)
            .max()
            .unwrap_or_default()
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
    let with = run(&stack()?, scene, server, &bar).await;
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
    let notes = server.turn_page();
    Run { calls, notes }
}

/// The stack of this tour: the defaults, with limits short enough to be watched.
fn stack() -> Result<Client, BoxError> {
    let backoff = Backoff::exponential(Duration::from_millis(50));
    let retry = RetryLayer::builder().backoff(backoff).build()?;
    let client = Client::builder()
        .timeout(Duration::from_millis(250))
        .body_idle(Duration::from_millis(250))
        .total(Duration::from_secs(5))
        .retry(retry)
        .idempotency_keys(true)
        .build()?;
    Ok(client)
}

fn bar(scene: &Scene) -> Result<ProgressBar, BoxError> {
    let style = ProgressStyle::with_template("{prefix:31} {bar:30} {pos:>3}/{len} {msg}")?;
    let bar = ProgressBar::new(u64::from(scene.load.calls) * 2).with_style(style);
    Ok(bar.with_prefix(scene.title))
}
