//! The way of a request that does not simply go.

use std::mem;
use std::sync::Arc;

use buttress_kernel::key::KeyExtractor;
use buttress_kernel::{Background, Explain, Key};
use tower_service::Service;

use super::{RateLimit, Way};
use crate::clock::Nanos;
use crate::cost::Cost;
use crate::course::{Course, Listener};
use crate::ear::Ear;
use crate::hold::Hold;
use crate::line::Answer;
use crate::mode::Mode;
use crate::overrides::Override;
use crate::shared::note;
use crate::telemetry;
use crate::wait::{State, Wait};

impl<S, K, C, M> RateLimit<S, K, C, M> {
    /// The request has extensions, one of which may be for us, or its response matters.
    pub(super) fn consider<Req>(&mut self, request: Req) -> Way<S, Req, M>
    where
        S: Service<Req> + Clone,
        K: KeyExtractor<Req>,
        C: Cost<Req>,
        M: Mode<Req, S::Response>,
    {
        let found = M::extensions(&request);
        let change = found.and_then(|found| found.get::<Override>());
        let change = change.copied().unwrap_or(Override::new());
        let waited_for = || !found.is_some_and(Background::is);
        let cost = match change {
            // What a request costs is no matter of who waits for it.
            Override { skip: true, .. } if waited_for() => 0,
            Override { cost, .. } => cost.unwrap_or_else(|| self.cost.cost(&request)),
        };
        let now = self.shared.now();
        let asks = cost > 0 && self.shared.settings.store.is_some();
        if asks || !self.take(&request, now, cost) {
            return self.detain(request, cost, now);
        }
        let explain = found.and_then(Explain::of).cloned();
        let at = self.shared.instant(now);
        note(explain.as_ref(), at, at, || match cost {
            0 => "free".to_owned(),
            _ => "granted at once".to_owned(),
        });
        let ear = self.ear(&request, now);
        Course::calling(self.inner.call(request), Listener::of(explain, ear))
    }

    /// Who listens to the response to a request that leaves about now, if somebody should.
    fn ear<Req>(&self, request: &Req, left: Nanos) -> Option<Ear>
    where
        K: KeyExtractor<Req>,
    {
        let shared = &self.shared;
        if !shared.settings.feedback {
            return None;
        }
        let key = Key::from(&*self.key.extract(request));
        let max_keys = shared.settings.max_keys;
        Some(Ear {
            lane: shared.table.lane(key.as_str(), left, max_keys),
            shared: Arc::clone(shared),
            key,
            left,
        })
    }

    /// The tokens are not there: the request waits, or is refused.
    pub(super) fn detain<Req>(&mut self, request: Req, cost: u32, now: Nanos) -> Way<S, Req, M>
    where
        S: Service<Req> + Clone,
        K: KeyExtractor<Req>,
        M: Mode<Req, S::Response>,
    {
        let shared = Arc::clone(&self.shared);
        let extensions = M::extensions(&request);
        let ask = shared.ask(cost, extensions);
        let explain = extensions.and_then(Explain::of).cloned();
        let key = Key::from(&*self.key.extract(&request));
        let lane = shared
            .table
            .lane(key.as_str(), now, shared.settings.max_keys);
        let (answer, now, alarm) = lane.arrive(|| shared.now(), &ask, &shared.settings.rules);
        if alarm {
            shared.raise_alarm(&key);
        }
        let asks = shared.settings.store.is_some();
        if asks || !matches!(answer, Answer::Go { .. }) {
            self.release();
        }
        let (place, until) = match answer {
            Answer::Go { place } if asks => (place, now),
            Answer::Go { .. } => {
                let listener = Listener::of(explain, self.ear(&request, now));
                return Course::calling(self.inner.call(request), listener);
            }
            Answer::Wait { place, until } => {
                telemetry::delayed(key.as_str(), shared.instant(until) - shared.instant(now));
                (place, until)
            }
            Answer::Refuse { retry_at, reason } => {
                let why = (retry_at, reason);
                return Course::refused(shared.refuse(&key, now, why, explain.as_ref()));
            }
            Answer::TooDear { burst } => {
                let why = (ask.cost, burst);
                return Course::refused(shared.too_dear(&key, now, why, explain.as_ref()));
            }
        };
        let listener = Listener::of(explain.clone(), self.ear(&request, until));
        let goes = matches!(answer, Answer::Go { .. });
        let wait = Wait {
            shared,
            lane,
            key,
            place,
            ask,
            arrived: now,
            until,
            has_waited: !goes,
            explain,
            state: if goes { State::Paid } else { State::Queued },
        };
        Course::holding(Hold::new(self.inner.clone(), request, wait), listener)
    }

    /// The place that readiness may have taken goes to somebody who can use it.
    fn release(&mut self)
    where
        S: Clone,
    {
        let fresh = self.inner.clone();
        drop(mem::replace(&mut self.inner, fresh));
    }
}
