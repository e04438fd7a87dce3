//! How a call was let through, and what is to be known of it at its end.

use std::borrow::Cow;
use std::time::Instant;

use buttress_kernel::{Entry, Explain, Readable};

use super::{NAME, now};
use crate::circuit::Circuit;
use crate::sight::Sight;
use crate::state::{Permit, Turn};

/// How a call was let through.
pub(super) enum Way {
    /// As most are: at a sight of a closed circuit.
    Seen(Sight),
    /// There is more to know.
    Asked(Asked),
}

impl Way {
    /// At a sight as well, by a call whose time counts.
    pub(super) fn timed(sight: Sight) -> Self {
        Self::Asked(Asked {
            permit: sight.glance.permit(),
            watch: Stopwatch::Running(now()),
            trail: None,
        })
    }

    pub(super) const fn permit(&self) -> Permit {
        match self {
            Self::Seen(sight) => sight.glance.permit(),
            Self::Asked(asked) => asked.permit,
        }
    }

    pub(super) fn is_slow(&self, circuit: &Circuit, now: Instant) -> bool {
        match self {
            Self::Seen(_) => false,
            Self::Asked(asked) => asked.watch.is_slow(circuit, now),
        }
    }

    /// What the call takes from now on does not make it slow.
    pub(super) fn stop_watch(&mut self, circuit: &Circuit) {
        if let Self::Asked(asked) = self {
            asked.watch.stop(circuit);
        }
    }
}

pub(super) struct Asked {
    pub(super) permit: Permit,
    pub(super) watch: Stopwatch,
    /// Seldom there, so its place is small.
    pub(super) trail: Option<Box<Trail>>,
}

/// Who wants to know what happened, and since when.
pub(super) struct Trail {
    pub(super) explain: Explain,
    start: Instant,
}

/// How long the call takes, where that matters.
#[derive(Clone, Copy)]
pub(super) enum Stopwatch {
    /// Nobody asks, or the call was quick enough.
    Off,
    Running(Instant),
    /// It is known already that the call was slow.
    Slow,
}

impl Asked {
    /// The call has ended well; whether that was all there is to say.
    pub(super) fn succeed(&self, circuit: &Circuit) -> bool {
        let now = now();
        self.trail.is_none()
            && self.permit.probe == 0
            && !self.watch.is_slow(circuit, now)
            && circuit.succeed(self.permit, now)
    }
}

impl Stopwatch {
    pub(super) fn start(circuit: &Circuit) -> Self {
        if circuit.rules().slow.is_some() {
            Self::Running(now())
        } else {
            Self::Off
        }
    }

    fn is_slow(self, circuit: &Circuit, now: Instant) -> bool {
        match self {
            Self::Off => false,
            Self::Running(start) => {
                let took = now.saturating_duration_since(start);
                circuit.rules().is_slow(took)
            }
            Self::Slow => true,
        }
    }

    /// What comes from now on does not matter.
    fn stop(&mut self, circuit: &Circuit) {
        if let Self::Running(_) = self {
            let slow = self.is_slow(circuit, now());
            *self = if slow { Self::Slow } else { Self::Off };
        }
    }
}

impl Trail {
    pub(super) fn begin(explain: &Explain) -> Self {
        let (explain, start) = (explain.clone(), now());
        Self { explain, start }
    }

    pub(super) fn record(&self, permit: Permit, turns: &[Turn], now: Instant) {
        let note = note(permit, turns, now);
        let entry = Entry::new(NAME, note, self.start, now);
        self.explain.record(entry);
    }
}

fn note(permit: Permit, turns: &[Turn], now: Instant) -> Cow<'static, str> {
    let role = if permit.probe == 0 { "passed" } else { "probe" };
    match turns.last() {
        Some(Turn::Opened { until, reason }) => {
            let wait = Readable(until.saturating_duration_since(now));
            Cow::Owned(format!("{role}, opened for {wait} ({reason})"))
        }
        Some(Turn::Closed) => Cow::Owned(format!("{role}, closed")),
        Some(Turn::HalfOpened) | None => Cow::Borrowed(role),
    }
}
