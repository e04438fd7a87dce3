use std::time::Duration;

use crate::clock::nanos;
use crate::rules::{Patience, Rules};

/// What a layer was told, but for its rates, which can change.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) rules: Rules,
    pub(crate) patience: Patience,
    pub(crate) max_keys: usize,
    pub(crate) feedback: bool,
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
        }
    }
}
