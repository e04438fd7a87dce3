//! What all services of a layer share, and what they do with it.

use std::sync::Arc;
use std::time::Instant;

use buttress_kernel::{Entry, Explain, Readable};
use http::Response;

use crate::gate::Gate;
use crate::lesson::{self, Words};
use crate::name::Name;
use crate::settings::Settings;
use crate::telemetry;

/// The layer's name in trails.
pub(crate) const NAME: &str = "retry-after";

pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) gate: Arc<Gate>,
}

/// The clock that durations are measured with; tests pause it.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl Shared {
    /// Whether a response may say something.
    #[inline(always)]
    pub(crate) fn hears<B>(&self, response: &Response<B>) -> bool {
        lesson::speaks(response, || self.settings.proactive)
    }

    /// Takes in what a response says. It passes on as it is, but for what was read from it, which
    /// goes into its extensions.
    #[cold]
    pub(crate) fn learn<B>(&self, name: &Name, explain: Option<&Explain>, end: &mut Response<B>) {
        let now = now();
        let settings = &self.settings;
        let words = lesson::read(end, settings.proactive, settings.wall_clock.now());
        let lesson = lesson::conclude(words, end.status(), settings);
        keep(words, end);
        if lesson.is_empty() {
            return;
        }
        let key = name.key();
        let key = key.as_str();
        let learned = self.gate.learn(key, now, lesson, &settings.rules);
        if learned.lost {
            telemetry::lost(key, settings.rules.max_keys);
        }
        if let Some((hold, source)) = learned.change.held {
            telemetry::learned(key, hold, source);
            if let Some(explain) = explain {
                let status = end.status().as_u16();
                let note = format!("{status}, holding for {} ({source})", Readable(hold));
                explain.record(Entry::new(NAME, note, now, now));
            }
        }
    }
}

/// Leaves what the server said with its response, for whoever is interested.
fn keep<B>(words: Words, end: &mut Response<B>) {
    if let Some(delay) = words.delay {
        end.extensions_mut().insert(delay);
    }
    if let Some(quota) = words.quota {
        end.extensions_mut().insert(quota);
    }
}
