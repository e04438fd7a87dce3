//! What all clones of a scripted service share: the script, and what came of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::request::Parts;
use http_body::SizeHint;

use super::step::MakeError;
use super::{Call, Step};

#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<State>>);

pub(super) struct State {
    steps: Vec<Step>,
    pub(super) readiness: Readiness,
    pub(super) calls: Vec<Call>,
    pub(super) in_flight: usize,
    pub(super) dropped: usize,
    pub(super) open_bodies: usize,
    pub(super) unread_bodies: usize,
}

#[derive(Clone)]
pub(super) enum Readiness {
    After(u32),
    Never,
    Error(MakeError),
}

impl Shared {
    pub(super) fn new(steps: Vec<Step>) -> Self {
        assert!(!steps.is_empty(), "a script has at least one step");
        Self(Arc::new(Mutex::new(State {
            steps,
            readiness: Readiness::After(0),
            calls: Vec::new(),
            in_flight: 0,
            dropped: 0,
            open_bodies: 0,
            unread_bodies: 0,
        })))
    }

    /// A test that panicked elsewhere has its own message; this lock adds none.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a call and hands out its step.
    pub(super) fn begin(&self, head: Parts, size_hint: SizeHint) -> (Step, InFlight) {
        let mut state = self.lock();
        let index = state.calls.len();
        state.calls.push(Call::new(head, size_hint));
        state.in_flight += 1;
        let step = state.steps[index.min(state.steps.len() - 1)].clone();
        let in_flight = InFlight {
            shared: self.clone(),
            index,
            ended: false,
        };
        (step, in_flight)
    }
}

/// One call from its beginning until its future has ended or was dropped.
pub(super) struct InFlight {
    pub(super) shared: Shared,
    index: usize,
    ended: bool,
}

impl InFlight {
    pub(super) fn end(&mut self) {
        if !std::mem::replace(&mut self.ended, true) {
            self.shared.lock().in_flight -= 1;
        }
    }

    pub(super) fn call(&self) -> Call {
        self.shared.lock().calls[self.index].clone()
    }

    pub(super) fn read(&self, data: &Bytes) {
        let call = &mut self.shared.lock().calls[self.index];
        let mut body = BytesMut::from(&*call.body);
        body.extend_from_slice(data);
        call.body = body.freeze();
    }

    pub(super) fn read_trailers(&self, trailers: HeaderMap) {
        self.shared.lock().calls[self.index].trailers = Some(trailers);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if !self.ended {
            let mut state = self.shared.lock();
            state.in_flight -= 1;
            state.dropped += 1;
        }
    }
}
