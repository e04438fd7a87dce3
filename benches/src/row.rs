//! One line of the table: something that is measured, and what it may cost.

use buttress_kernel::Body;
use http::Request;
use serde_json::{Value, json};
use tower_layer::Layer;
use tower_service::Service;

use crate::harness::{self, Probe};
use crate::noop::{Answering, Noop};
use crate::traffic::Traffic;

/// Something that is measured, and what it may cost.
pub struct Row {
    what: &'static str,
    traffic: Traffic,
    future: usize,
    run: Box<Run>,
    bar: Option<Bar>,
    future_bar: Option<usize>,
    peer: Option<&'static str>,
    share: Option<Share>,
    held: Option<Held>,
}

type Run = dyn Fn(Traffic, &mut dyn Probe);

/// The most that a call may cost above the bare service.
#[derive(Clone, Copy, Debug)]
struct Bar {
    instructions: u32,
    allocations: u32,
}

/// The most that a call may cost, in percent of what another row's costs.
#[derive(Clone, Copy, Debug)]
struct Share {
    percent: u32,
    of: &'static str,
}

/// A bar that is not met, and how far it may be missed until it is.
#[derive(Clone, Copy, Debug)]
struct Held {
    instructions: u32,
    why: &'static str,
}

impl Row {
    /// `layer`, called `what`, under this traffic.
    pub fn new<L>(what: &'static str, traffic: Traffic, layer: L) -> Self
    where
        L: Layer<Noop, Service: Service<Request<Body>, Error: std::fmt::Debug>> + 'static,
    {
        Self {
            what,
            traffic,
            future: size_of::<<L::Service as Service<Request<Body>>>::Future>(),
            run: Box::new(move |traffic, probe| harness::run(traffic, &layer, probe)),
            bar: None,
            future_bar: None,
            peer: None,
            share: None,
            held: None,
        }
    }

    /// The most that it may add to a call.
    #[must_use]
    pub fn bar(mut self, instructions: u32, allocations: u32) -> Self {
        self.bar = Some(Bar {
            instructions,
            allocations,
        });
        self
    }

    /// The most bytes that its future may have above the inner one's.
    #[must_use]
    pub const fn future_bar(mut self, bytes: usize) -> Self {
        self.future_bar = Some(bytes);
        self
    }

    /// The row of the same traffic that does the same job.
    #[must_use]
    pub fn peer(mut self, what: &'static str) -> Self {
        self.peer = Some(what);
        self
    }

    /// The most that it may cost, in percent of the row of the same traffic that does its job by hand.
    #[must_use]
    pub const fn share(mut self, percent: u32, of: &'static str) -> Self {
        self.share = Some(Share { percent, of });
        self
    }

    /// Says that the bar for instructions, or the peer's figure, is missed for now, and why; from here
    /// on it may get better but not worse.
    #[must_use]
    pub fn held(mut self, instructions: u32, why: &'static str) -> Self {
        self.held = Some(Held { instructions, why });
        self
    }

    /// Makes the calls.
    pub fn run(&self, probe: &mut dyn Probe) {
        (self.run)(self.traffic, probe);
    }

    /// All that is known before it is measured.
    #[must_use]
    pub fn describe(&self) -> Value {
        json!({
            "what": self.what,
            "request": self.traffic.request.as_str(),
            "inner": self.traffic.inner.as_str(),
            "answer": self.traffic.answer.as_str(),
            "future_bytes": self.future.saturating_sub(size_of::<Answering>()),
            "bar_instructions": self.bar.map(|bar| bar.instructions),
            "bar_allocations": self.bar.map(|bar| bar.allocations),
            "bar_future_bytes": self.future_bar,
            "peer": self.peer,
            "share_percent": self.share.map(|share| share.percent),
            "share_of": self.share.map(|share| share.of),
            "held_instructions": self.held.map(|held| held.instructions),
            "held_why": self.held.map(|held| held.why),
        })
    }
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row")
            .field("what", &self.what)
            .field("traffic", &self.traffic)
            .finish_non_exhaustive()
    }
}
