//! Functions that are told of a client's calls, by pattern.
//!
//! Events for people go through [`tracing`]; these are for code: a status page that wants to know which
//! server is down, a test that counts, a cache of the application's own that drops what was changed.
//! Observers see what happens and change nothing; whoever wants to change something writes a layer.
//!
//! ```
//! use buttress::Client;
//! use buttress::observers::{Observers, Pattern, Stage};
//! # use buttress_testkit::{Scripted, Step};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = Scripted::new([Step::ok()]);
//! let observers = Observers::new();
//! let client = Client::builder()
//!     .base_uri("https://api.example.com/v1")
//!     .observers(&observers)
//!     .build_over(server)?;
//!
//! let subscription = observers.on(Pattern::path("/users/{id}")?.ends(), |event| {
//!     if let Stage::Answered(status) = event.stage() {
//!         println!("{} {} {status} after {:?}", event.method(), event.url(), event.elapsed());
//!     }
//! });
//! client.get("/users/7").send().await?;
//! drop(subscription); // and nothing more is told
//! # Ok(())
//! # }
//! ```

use std::any::Any;
use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use crate::BaseUri;

mod event;
mod pattern;
mod service;

pub use self::event::{Event, Stage};
pub use self::pattern::Pattern;
pub use self::service::{ObservedFuture, ObservedService};

/// Who is told of a client's calls.
///
/// Cheap to clone; clones share their observers. Give it to one client, or to several, with
/// [`ClientBuilder::observers`](crate::ClientBuilder::observers), or put it around a stack of your own:
/// it is a [`Layer`](tower_layer::Layer), whose relative patterns begin at the root of any host.
///
/// An observer is called where the call is polled, so it should be quick. One that panics is told of
/// in an event and called again next time; the call goes on, and so do the other observers (unless the program
/// is built to abort on panics). Those that match are called in the order in which they came.
#[derive(Clone, Default)]
pub struct Observers {
    registry: Arc<Registry>,
    base: Option<Arc<BaseUri>>,
}

#[derive(Default)]
struct Registry(RwLock<Arc<[Arc<Observer>]>>);

/// An observer, and what it wants to be told of.
struct Observer {
    pattern: Pattern,
    tell: Box<dyn Fn(&Event) + Send + Sync>,
    is_gone: AtomicBool,
}

impl Observers {
    /// Nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells a function of what matches, until the subscription is dropped. Of a call that is under
    /// way it is not told.
    pub fn on(
        &self,
        pattern: Pattern,
        tell: impl Fn(&Event) + Send + Sync + 'static,
    ) -> Subscription {
        let observer = Arc::new(Observer {
            pattern,
            tell: Box::new(tell),
            is_gone: AtomicBool::new(false),
        });
        self.registry.change(|all| all.push(Arc::clone(&observer)));
        Subscription {
            observer,
            registry: Arc::downgrade(&self.registry),
        }
    }

    /// The same observers, whose relative patterns lie under a client's base URI.
    pub(crate) fn under(&self, base: Option<Arc<BaseUri>>) -> Self {
        Self {
            registry: Arc::clone(&self.registry),
            base,
        }
    }
}

impl Registry {
    /// Changes who is there. Those who are being told see nothing of it.
    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Observer>>)) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = all.to_vec();
        change(&mut changed);
        *all = changed.into();
    }

    fn all(&self) -> Arc<[Arc<Observer>]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observer {
    /// Tells it, unless it has gone or does not care.
    fn tell(&self, event: &Event) {
        if self.is_gone.load(Ordering::Acquire) || !self.pattern.wants(event.stage()) {
            return;
        }
        let told = catch_unwind(AssertUnwindSafe(|| (self.tell)(event)));
        if let Err(payload) = told {
            dispose(payload);
            tracing::error!(target: "buttress::observers", method = %event.method(), url = event.url(), "an observer panicked");
        }
    }
}

/// Gets rid of what somebody panicked with. Only of texts is it known that they do so in peace.
fn dispose(payload: Box<dyn Any + Send>) {
    if !payload.is::<&str>() && !payload.is::<String>() {
        // What panics when it is dropped would end the call that is only watched.
        let _kept = ManuallyDrop::new(payload);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pattern.fmt(f)
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.registry.all().iter()).finish()
    }
}

/// An observer's place among the others: dropped, it is told of nothing more.
#[must_use = "dropped, it ends at once"]
pub struct Subscription {
    observer: Arc<Observer>,
    registry: Weak<Registry>,
}

impl Subscription {
    /// Leaves the observer in its place for as long as there are [`Observers`].
    pub fn forever(mut self) {
        self.registry = Weak::new();
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(registry) = self.registry.upgrade() {
            self.observer.is_gone.store(true, Ordering::Release);
            registry.change(|all| all.retain(|one| !Arc::ptr_eq(one, &self.observer)));
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subscription")
            .field(&self.observer.pattern)
            .finish()
    }
}
