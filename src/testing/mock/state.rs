//! What has been expected, what has come, and what is to be done with a call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::BaseUri;
use crate::client::Erased;
use crate::testing::expect::Mismatch;
use crate::testing::report::Candidate;
use crate::testing::{Call, Expect, Redaction, Reply, Unexpected, Unmet};

/// What a mock and its transports share.
#[derive(Default)]
pub(in crate::testing) struct Shared(Mutex<State>);

#[derive(Default)]
pub(super) struct State {
    pub(super) base: Option<BaseUri>,
    pub(super) delay: Duration,
    pub(super) in_order: bool,
    pub(super) otherwise: Option<Erased>,
    pub(super) redaction: Arc<Redaction>,
    pub(super) expectations: Vec<Expectation>,
    pub(super) calls: Vec<Call>,
    unexpected: Vec<Unexpected>,
}

pub(super) struct Expectation {
    pub(super) expect: Expect,
    /// Which of the mock's calls it took.
    pub(super) calls: Vec<usize>,
}

/// What is to be done with a call.
pub(in crate::testing) enum Verdict {
    Reply(Box<dyn FnOnce() -> Reply + Send>, Duration),
    /// Nobody expected it, and somebody else takes it.
    Otherwise(Erased),
    Refuse(Unexpected),
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::testing) fn redaction(&self) -> Arc<Redaction> {
        Arc::clone(&self.lock().redaction)
    }

    /// Decides what becomes of a call, and writes it down.
    pub(in crate::testing) fn receive(&self, call: Call) -> Verdict {
        let mut state = self.lock();
        let call = state.with_secrets(call);
        let index = state.calls.len();
        let verdict = match state.find(&call) {
            Ok((at, values)) => {
                let call = call.with_values(values);
                state.calls.push(call.clone());
                let expectation = &mut state.expectations[at];
                let reply = expectation.expect.reply_to(expectation.calls.len());
                expectation.calls.push(index);
                // A closure of the test's is run without the lock, which it may want itself.
                return Verdict::Reply(Box::new(move || reply(&call)), state.delay);
            }
            Err(unexpected) => match &state.otherwise {
                Some(service) => Verdict::Otherwise(service.clone()),
                None => {
                    state.unexpected.push(unexpected.clone());
                    Verdict::Refuse(unexpected)
                }
            },
        };
        state.calls.push(call);
        verdict
    }
}

impl State {
    /// A call that keeps to itself what stands in the place of a secret name in the path of an expectation.
    fn with_secrets(&self, call: Call) -> Call {
        let found = self.expectations.iter().filter_map(|expectation| {
            let expect = &expectation.expect;
            expect.values(&call, self.base.as_ref())
        });
        let named = found.flatten();
        let secrets = named.filter(|(name, _)| self.redaction.is_parameter(name));
        let secrets: Vec<_> = secrets.map(|(_, value)| value).collect();
        call.with_secrets(secrets)
    }

    /// The expectation that takes a call, and the values of its path.
    fn find(&self, call: &Call) -> Result<(usize, Vec<(String, String)>), Unexpected> {
        let mut expected = Vec::new();
        for (at, expectation) in self.expectations.iter().enumerate() {
            let count = expectation.calls.len();
            let times = expectation.expect.expected();
            let faults = match expectation.expect.matches(call, self.base.as_ref()) {
                Ok(_) if times.is_used_up_by(count) => vec!["it has had all its calls".to_owned()],
                Ok(values) => match self.before(at) {
                    None => return Ok((at, values)),
                    Some(earlier) => vec![format!("{earlier} is expected before it")],
                },
                Err(Mismatch::Here(faults)) => faults,
                Err(Mismatch::Elsewhere) => Vec::new(),
            };
            expected.push(expectation.candidate(faults));
        }
        // What is nearest comes first.
        expected.sort_by_key(|candidate| candidate.faults.is_empty());
        let call = call.to_string();
        Err(Unexpected { call, expected })
    }

    /// In order, what has to come before this expectation.
    fn before(&self, at: usize) -> Option<&Expect> {
        let mut earlier = self.expectations[..at].iter().filter(|_| self.in_order);
        earlier.find(|e| !e.is_met()).map(|e| &e.expect)
    }

    pub(super) fn unmet(&self) -> Option<Unmet> {
        let missing = self.expectations.iter().filter(|e| !e.is_met());
        let missing: Vec<_> = missing.map(|e| e.candidate(self.nearest(e))).collect();
        if missing.is_empty() && self.unexpected.is_empty() {
            return None;
        }
        Some(Unmet {
            missing,
            unexpected: self.unexpected.clone(),
            calls: self.calls.iter().map(ToString::to_string).collect(),
        })
    }

    /// What came nearest to an expectation without being taken for it, and how the two differ.
    fn nearest(&self, expectation: &Expectation) -> Vec<String> {
        let others = self.calls.iter().enumerate();
        let others = others.filter(|(index, _)| !expectation.calls.contains(index));
        let near = others.filter_map(|(_, call)| {
            match expectation.expect.matches(call, self.base.as_ref()) {
                Ok(_) => Some((call, vec!["it came out of turn".to_owned()])),
                Err(Mismatch::Here(faults)) => Some((call, faults)),
                Err(Mismatch::Elsewhere) => None,
            }
        });
        let Some((call, faults)) = near.min_by_key(|(_, faults)| faults.len()) else {
            return Vec::new();
        };
        let mut told = vec![format!("what came nearest is {call}")];
        told.extend(faults);
        told
    }
}

impl Expectation {
    fn is_met(&self) -> bool {
        self.expect.expected().is_met_by(self.calls.len())
    }

    fn candidate(&self, faults: Vec<String>) -> Candidate {
        Candidate {
            what: self.expect.to_string(),
            count: self.calls.len(),
            times: self.expect.expected(),
            faults,
        }
    }
}
