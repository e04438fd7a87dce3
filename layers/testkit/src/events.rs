use std::fmt::{self, Debug, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// The events of one target on this thread, each as a line, for as long as this value lives.
///
/// A line is the event's level and its fields in their order, the message among them.
///
/// ```
/// use buttress_testkit::Events;
///
/// let events = Events::of("example");
/// tracing::info!(target: "example", key = "a", "opened");
/// tracing::info!(target: "another", "not heard");
/// assert_eq!(events.take(), [r#"INFO message=opened key="a""#]);
/// assert!(events.take().is_empty(), "taken");
/// ```
#[derive(Debug)]
pub struct Events {
    lines: Lines,
    _guard: DefaultGuard,
}

impl Events {
    /// Listens from now on.
    #[must_use]
    pub fn of(target: &'static str) -> Self {
        let lines = Lines {
            target,
            told: Arc::default(),
        };
        let subscriber = tracing_subscriber::registry().with(lines.clone());
        Self {
            lines,
            _guard: crate::listen(subscriber),
        }
    }

    /// What was told since the last time.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        let mut told = self
            .lines
            .told
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        mem::take(&mut *told)
    }
}

#[derive(Clone, Debug)]
struct Lines {
    target: &'static str,
    told: Arc<Mutex<Vec<String>>>,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == self.target {
            let mut line = Line(event.metadata().level().to_string());
            event.record(&mut line);
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            told.push(line.0);
        }
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // A string takes whatever it is given.
        let _: fmt::Result = write!(self.0, " {}={value:?}", field.name());
    }
}
