//! What follows from a transition.

use std::task::Waker;

use bytes::Bytes;
use http_body::Frame;

use super::state::BoxBody;
use crate::error::FetchFailed;

/// What a reader that is polled does next.
pub(super) enum Step {
    Send(Frame<Bytes>),
    End,
    Fail(FetchFailed),
    Wait,
    /// Poll the body and give it back.
    Take(BoxBody),
    /// The same for the store's sake, since what comes is too far ahead.
    Help(BoxBody),
    /// Read from there on what the store has, if it has it.
    Look(u64),
}

/// What became of the body, told once.
#[derive(Debug)]
pub(super) enum News {
    /// It is complete.
    Complete(Bytes),
    /// It broke off, or nobody wants the rest.
    Cut(Bytes),
    /// It is long, and goes into the store in pieces from now on.
    Long,
    /// It is longer than what may be held of one.
    TooLong,
    /// There is no room for more beside the others.
    NoRoom,
}

/// What follows from a transition, to be dealt with outside the lock.
#[derive(Default)]
pub(super) struct After {
    pub(super) wake: Vec<Waker>,
    pub(super) news: Option<News>,
    /// Whether it takes some time to come, as it turns out now.
    pub(super) is_slow: bool,
    /// The body, when it is over: its end is foreign code too.
    pub(super) spent: Option<BoxBody>,
}
