use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_kernel::{SystemWallClock, WallClock};

use crate::rules::{Patience, Rules, Spread};

/// What a layer was told.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) rules: Rules,
    pub(crate) patience: Patience,
    pub(crate) proactive: bool,
    pub(crate) by_partition: bool,
    pub(crate) default_delay: Option<Duration>,
    pub(crate) wall_clock: Arc<dyn WallClock>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rules: Rules {
                pace: false,
                spread: Spread::Tenth,
                max_waiting: 1_024,
                max_keys: 65_536,
            },
            patience: Patience::Hold(Duration::from_secs(60)),
            proactive: true,
            by_partition: true,
            default_delay: None,
            wall_clock: Arc::new(SystemWallClock),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("rules", &self.rules)
            .field("patience", &self.patience)
            .field("proactive", &self.proactive)
            .field("by_partition", &self.by_partition)
            .field("default_delay", &self.default_delay)
            .finish_non_exhaustive()
    }
}
