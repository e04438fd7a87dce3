//! What all services of a layer share, and what they do with it.

use std::sync::Arc;
use std::time::Instant;

use buttress_kernel::{Entry, Explain, Partition, Readable};
use http::{Extensions, Response};

use crate::gate::Gate;
use crate::lesson::{self, Words};
use crate::name::Name;
use crate::rules::Rules;
use crate::scope::Scope;
use crate::settings::Settings;
use crate::state::Lesson;
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

    /// Whose credentials a request carries, as far as that matters.
    pub(crate) fn partition<'a>(&self, extensions: &'a Extensions) -> Option<&'a Partition> {
        self.settings.by_partition.then(|| extensions.get())?
    }

    /// Takes in what a response says. It passes on as it is, but for what was read from it, which
    /// goes into its extensions.
    #[cold]
    pub(crate) fn learn<B>(
        &self,
        (name, partition): (&Name, Option<&Partition>),
        explain: Option<&Explain>,
        end: &mut Response<B>,
    ) {
        let settings = &self.settings;
        let words = lesson::read(end, settings.proactive, settings.wall_clock.now());
        let lesson = lesson::conclude(words, end.status(), settings);
        keep(words, end);
        let note = |scope: &Scope, lesson| {
            if let Some(note) = self.teach(scope, lesson)
                && let Some(explain) = explain
            {
                let (status, now) = (end.status().as_u16(), now());
                explain.record(Entry::new(NAME, format!("{status}, {note}"), now, now));
            }
        };
        if lesson.is_empty() {
            return;
        }
        let mut scope = Scope::all(name.key());
        let Some(partition) = partition else {
            return note(&scope, lesson);
        };
        let (all, own) = lesson.split(end.status());
        note(&scope, all);
        scope.partition = Some(partition.clone());
        note(&scope, own);
    }

    /// Takes in what concerns these, and says what follows.
    fn teach(&self, scope: &Scope, lesson: Lesson) -> Option<String> {
        if lesson.is_empty() {
            return None;
        }
        let rules = &self.room(scope);
        let name = scope.name();
        let learned = self.gate.learn(name.as_str(), now(), lesson, rules);
        if learned.lost {
            telemetry::lost(scope, rules.max_keys);
        }
        let (hold, source) = learned.change.held?;
        telemetry::learned(scope, hold, source);
        let whom = scope.partition.as_ref().map_or("", |_| " its partition");
        Some(format!("holding{whom} for {} ({source})", Readable(hold)))
    }

    /// Partitions do not take the last of the room: what concerns everybody must be learned.
    fn room(&self, scope: &Scope) -> Rules {
        let mut rules = self.settings.rules;
        if scope.partition.is_some() {
            rules.max_keys -= rules.max_keys / 8;
        }
        rules
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
