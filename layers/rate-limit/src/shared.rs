//! What all services of a layer share, and what they do with it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use buttress_kernel::{Background, Deadline, Entry, Explain, Key, Readable};
use http::Extensions;

use crate::clock::{Nanos, now};
use crate::error::{CostTooHigh, RateLimited, Reason, Refusal};
use crate::overrides::Override;
use crate::priority::Priority;
use crate::rules::{Ask, Patience};
use crate::settings::Settings;
use crate::table::Table;
use crate::telemetry;

/// The layer's name in trails.
pub(crate) const NAME: &str = "rate-limit";

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) table: Arc<Table>,
}

impl Shared {
    #[inline]
    pub(crate) fn now(&self) -> Nanos {
        self.table.clock.nanos(now())
    }

    pub(crate) fn instant(&self, at: Nanos) -> Instant {
        self.table.clock.instant(at)
    }

    /// What a request with these extensions asks for.
    pub(crate) fn ask(&self, cost: u32, extensions: Option<&Extensions>) -> Ask {
        let found = Wishes::of(extensions);
        Ask {
            cost,
            class: found.priority.number(),
            patience: found.patience.unwrap_or(self.settings.patience),
            deadline: found
                .deadline
                .map(|at| self.table.clock.nanos(at.instant())),
        }
    }

    /// The answer to a request that cannot wait.
    pub(crate) fn refuse(
        &self,
        key: &Key,
        now: Nanos,
        (retry_at, reason): (Nanos, Reason),
        explain: Option<&Explain>,
    ) -> Box<Refusal> {
        let (now, retry_at) = (self.instant(now), self.instant(retry_at));
        let wait = retry_at.saturating_duration_since(now);
        telemetry::rejected(key.as_str(), wait, reason);
        note(explain, now, now, || {
            let reason = reason.as_str();
            format!("rejected, {} short ({reason})", Readable(wait))
        });
        let error = RateLimited::new(key.clone(), reason, retry_at, now);
        Box::new(Refusal::Limited(error))
    }

    /// The answer to a request that costs more than there ever is.
    pub(crate) fn too_dear(
        &self,
        key: &Key,
        now: Nanos,
        (cost, burst): (u32, u64),
        explain: Option<&Explain>,
    ) -> Box<Refusal> {
        telemetry::too_dear(key.as_str(), cost, burst);
        let now = self.instant(now);
        note(explain, now, now, || {
            format!("rejected, costs {cost} tokens of at most {burst}")
        });
        Box::new(Refusal::TooDear(CostTooHigh::new(cost, burst)))
    }

    /// A key was delayed or refused suspiciously often.
    pub(crate) fn raise_alarm(&self, key: &Key) {
        let (times, window) = self.settings.rules.alarm;
        telemetry::alarm(key.as_str(), times, Duration::from_nanos(window));
    }
}

/// What a request's extensions say that matters to one that may have to wait.
#[derive(Default)]
struct Wishes {
    priority: Priority,
    patience: Option<Patience>,
    deadline: Option<Deadline>,
}

impl Wishes {
    fn of(extensions: Option<&Extensions>) -> Self {
        let Some(extensions) = extensions else {
            return Self::default();
        };
        let change = Background::wish::<Override>(extensions);
        Self {
            priority: Background::wish(extensions).copied().unwrap_or_default(),
            patience: change.and_then(|change| change.patience),
            deadline: extensions.get().copied(),
        }
    }
}

/// Writes down a decision, if somebody wants to know.
pub(crate) fn note(
    explain: Option<&Explain>,
    start: Instant,
    end: Instant,
    words: impl FnOnce() -> String,
) {
    if let Some(explain) = explain {
        explain.record(Entry::new(NAME, words(), start, end));
    }
}
