use std::sync::Arc;
use std::time::Duration;

use crate::backing::Backing;
use crate::clock::nanos;
use crate::rules::{Patience, Rules};

/// What a layer was told, but for its rates, which can change.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) rules: Rules,
    pub(crate) patience: Patience,
    pub(crate) max_keys: usize,
    pub(crate) feedback: bool,
    pub(crate) store: Option<Arc<Backing>>,
    pub(crate) trust: Trust,
}

/// How far a store is relied on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trust {
    /// So long it may take to answer.
    pub(crate) timeout: Duration,
    /// So long it is left alone after it has failed.
    pub(crate) pause: Duration,
}

impl Settings {
    /// Whether a request needs more than its tokens.
    #[inline]
    pub(crate) const fn are_usual(&self) -> bool {
        !self.feedback && self.store.is_none()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rules: Rules {
                max_waiting: 1_024,
                ageing: nanos(Duration::from_secs(1)),
                alarm: (10, nanos(Duration::from_secs(60))),
            },
            patience: Patience::Wait(nanos(Duration::from_secs(60))),
            max_keys: 65_536,
            feedback: false,
            store: None,
            trust: Trust {
                timeout: Duration::from_millis(100),
                pause: Duration::from_secs(1),
            },
        }
    }
}
