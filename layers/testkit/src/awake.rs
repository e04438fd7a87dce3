use std::sync::Once;

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{DefaultGuard, Interest};
use tracing::{Event, Metadata, Subscriber};

/// Makes a subscriber that of this thread until the guard is dropped, as
/// [`tracing::subscriber::set_default`] does, whatever other threads of the process do meanwhile.
///
/// `tracing` remembers of each place in the code whether any subscriber wants its events. A place that is first
/// reached by a test without one can be remembered as unwanted just when another test begins to listen, which
/// then hears nothing of it. So the process gets a subscriber that wants to be asked each time, and takes
/// nothing.
pub fn listen(subscriber: impl Subscriber + Send + Sync) -> DefaultGuard {
    static AWAKE: Once = Once::new();
    AWAKE.call_once(|| {
        // Whoever has set one already wants to hear of everything, or has chosen not to.
        let _ = tracing::subscriber::set_global_default(Awake);
    });
    tracing::subscriber::set_default(subscriber)
}

struct Awake;

impl Subscriber for Awake {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        false
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use crate::Events;

    fn tell() {
        tracing::info!(target: "awake", "told");
    }

    /// Threads without a subscriber pass the same places all the time.
    #[test]
    fn what_others_pass_by_unheard_is_heard_by_whoever_listens() {
        let both = Barrier::new(2);
        for _ in 0..200 {
            thread::scope(|scope| {
                scope.spawn(|| {
                    both.wait();
                    tell();
                });
                scope.spawn(|| {
                    both.wait();
                    let events = Events::of("awake");
                    tell();
                    assert_eq!(events.take(), ["INFO message=told"]);
                });
            });
        }
    }
}
