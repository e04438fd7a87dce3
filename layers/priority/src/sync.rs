//! The primitives that a lane is made of, in one place, so that a test can put others in theirs.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
pub(crate) use std::sync::{Mutex, MutexGuard};
