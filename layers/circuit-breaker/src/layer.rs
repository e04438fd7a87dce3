use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use buttress_kernel::AnyRequest;
use buttress_kernel::HttpClassify;
use buttress_kernel::key::{Authority, Shared};
use tower_layer::Layer;

use crate::builder::Builder;
use crate::classify::ErrorClassify;
use crate::handle::Handle;
use crate::mode::{Any, Head};
use crate::registry::Registry;
use crate::service::CircuitBreaker;

/// Stops calling what keeps failing, and finds out when it is well again.
///
/// Clones of a layer, and all services that they make, share its circuits: one for each key, by
/// default the authority. Layers made by [`new`](Self::new) or one [`build`](Builder::build) each
/// share nothing. See [the crate's page](crate) for what opens a circuit, and what closes it.
///
/// ```
/// use std::time::Duration;
/// use buttress_circuit_breaker::CircuitBreakerLayer;
///
/// let usual = CircuitBreakerLayer::new();
/// let classic = CircuitBreakerLayer::consecutive(5)
///     .open_for(Duration::from_secs(60))
///     .close_after(3)
///     .build()?;
/// # let _ = (usual, classic);
/// # Ok::<_, buttress_circuit_breaker::InvalidSettings>(())
/// ```
pub struct CircuitBreakerLayer<K = Authority, C = HttpClassify, M = Head> {
    key: K,
    classify: C,
    registry: Arc<Registry>,
    mode: PhantomData<fn() -> M>,
}

impl CircuitBreakerLayer {
    /// The layer with every setting at its default.
    #[must_use]
    #[allow(clippy::missing_panics_doc)] // the defaults are valid, as every test knows
    pub fn new() -> Self {
        Self::builder().build().expect("the default settings")
    }

    /// A layer with other settings.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// The classic breaker: opens after so many failures in a row, whatever their share, and always
    /// for the same time, exactly: 60 s unless set.
    ///
    /// A setting that starts from all off: `failure_rate`, doubling and jitter can be turned on
    /// again.
    #[must_use]
    pub fn consecutive(failures: u32) -> Builder {
        Builder::consecutive_only(failures)
    }
}

impl CircuitBreakerLayer<Shared, ErrorClassify, Any<AnyRequest>> {
    /// A layer over a service of any request type: one circuit for all requests, where an answer is
    /// a success and an error is a failure, each unless set otherwise.
    ///
    /// ```
    /// use buttress_circuit_breaker::CircuitBreakerLayer;
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
    /// let fails = service_fn(|name: &'static str| async move {
    ///     Err::<(), _>(std::io::Error::other(name))
    /// });
    /// let layer = CircuitBreakerLayer::any_request().consecutive(2).build().unwrap();
    /// let service = layer.layer(fails);
    /// for error in ["no", "no", "the circuit is open (), try again in "] {
    ///     let end = service.clone().oneshot("no").await;
    ///     assert!(end.unwrap_err().to_string().starts_with(error));
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn any_request() -> Builder<Shared, ErrorClassify, Any<AnyRequest>> {
        Builder::new().key(Shared).classify(ErrorClassify).seen_as()
    }
}

impl<K, C, M> CircuitBreakerLayer<K, C, M> {
    pub(crate) fn sharing(key: K, classify: C, registry: Arc<Registry>) -> Self {
        Self {
            key,
            classify,
            registry,
            mode: PhantomData,
        }
    }

    /// The time over which the rates are taken; none where they are taken over the last
    /// [`count_window`](Builder::count_window) calls, or where neither
    /// [`failure_rate`](Builder::failure_rate) nor [`slow_calls`](Builder::slow_calls) is on.
    ///
    /// For whoever puts layers together: a call that ends in a timeout is seen only then, so that a
    /// window shorter than a few timeouts never holds many of them.
    ///
    /// ```
    /// use std::time::Duration;
    /// use buttress_circuit_breaker::CircuitBreakerLayer;
    ///
    /// let layer = CircuitBreakerLayer::builder().window(Duration::from_secs(5)).build()?;
    /// assert_eq!(layer.window(), Some(Duration::from_secs(5)));
    /// assert!(layer.is_window_explicit());
    /// # Ok::<_, buttress_circuit_breaker::InvalidSettings>(())
    /// ```
    #[must_use]
    pub fn window(&self) -> Option<Duration> {
        self.registry.common.rules.window
    }

    /// Whether [`window`](Self::window) was set by hand; if not, it is the default, which nobody has
    /// measured against anything.
    #[must_use]
    pub fn is_window_explicit(&self) -> bool {
        self.registry.common.rules.window_explicit
    }

    /// A look at the circuits from outside, and a hand on them.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(Arc::clone(&self.registry))
    }
}

impl Default for CircuitBreakerLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S, K: Clone, C: Clone, M> Layer<S> for CircuitBreakerLayer<K, C, M> {
    type Service = CircuitBreaker<S, K, C, M>;

    fn layer(&self, inner: S) -> Self::Service {
        let registry = Arc::clone(&self.registry);
        CircuitBreaker::new(inner, self.key.clone(), self.classify.clone(), registry)
    }
}

// By hand: a derive would ask `M`, which is only a mark, to be `Clone`.
impl<K: Clone, C: Clone, M> Clone for CircuitBreakerLayer<K, C, M> {
    fn clone(&self) -> Self {
        let registry = Arc::clone(&self.registry);
        Self::sharing(self.key.clone(), self.classify.clone(), registry)
    }
}

impl<K, C, M> fmt::Debug for CircuitBreakerLayer<K, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreakerLayer")
            .field("registry", &self.registry)
            .finish_non_exhaustive()
    }
}
