use std::fmt;
use std::sync::Arc;

use buttress_kernel::{SystemWallClock, WallClock};
use tower_layer::Layer;

use crate::{Origin, Sign, Signing};

/// Signs each request that passes, with any [`Sign`].
///
/// **Place it innermost**, under every layer that waits: a signature holds a date, and a server
/// refuses one that is some minutes old. Under retry each attempt gets a signature of its own.
///
/// | setting | default |
/// | --- | --- |
/// | [`origin`](Self::origin) | the one that the layer was made with |
/// | [`wall_clock`](Self::wall_clock) | the system's |
///
/// ```
/// use buttress_sign::SignLayer;
/// # use buttress_sign::{Payload, Sign, SignError};
/// # struct Signer;
/// # impl Sign for Signer {
/// #     fn scheme(&self) -> &'static str { "none" }
/// #     fn sign(&self, _: &mut http::request::Parts, _: Payload<'_>, _: std::time::SystemTime) -> Result<(), SignError> { Ok(()) }
/// # }
///
/// let layer = SignLayer::new(Signer, "https://api.example.com".parse()?);
/// # Ok::<_, buttress_sign::InvalidSettings>(())
/// ```
pub struct SignLayer<T> {
    shared: Arc<Shared<T>>,
}

/// What all services of a layer have in common.
pub(crate) struct Shared<T> {
    pub(crate) signer: Arc<T>,
    /// Nothing stands for everywhere.
    pub(crate) origins: Option<Vec<Origin>>,
    pub(crate) clock: Arc<dyn WallClock>,
}

impl<T: Sign> SignLayer<T> {
    /// Signs what goes to this origin, and nothing else: an absolute URI or a redirect elsewhere, `http`
    /// instead of `https` included, goes unsigned, with an event, and so does a request whose `Host`
    /// header names another place.
    ///
    /// The origin has to be named: who gets a signature of ours may replay it where it is good, it tells a
    /// stranger who you are, and what comes with it may be a secret (a session token).
    #[must_use]
    pub fn new(signer: T, origin: Origin) -> Self {
        Self::made(signer, Some(vec![origin]))
    }

    /// Signs every request, wherever it goes: for a service below that can reach but one place, and
    /// follows no redirect.
    #[must_use]
    pub fn any_origin(signer: T) -> Self {
        Self::made(signer, None)
    }

    fn made(signer: T, origins: Option<Vec<Origin>>) -> Self {
        let shared = Shared {
            signer: Arc::new(signer),
            origins,
            clock: Arc::new(SystemWallClock),
        };
        Self {
            shared: Arc::new(shared),
        }
    }
}

impl<T> SignLayer<T> {
    /// Signs what goes to this origin too.
    #[must_use]
    pub fn origin(mut self, origin: Origin) -> Self {
        if let Some(origins) = &mut Arc::make_mut(&mut self.shared).origins {
            origins.push(origin);
        }
        self
    }

    /// Where the date comes from.
    #[must_use]
    pub fn wall_clock(mut self, clock: impl WallClock + 'static) -> Self {
        Arc::make_mut(&mut self.shared).clock = Arc::new(clock);
        self
    }
}

impl<S, T> Layer<S> for SignLayer<T> {
    type Service = Signing<S, T>;

    fn layer(&self, inner: S) -> Self::Service {
        Signing::new(inner, Arc::clone(&self.shared))
    }
}

// By hand: a derive would ask `T` to be `Clone`, and the signer is shared.
impl<T> Clone for SignLayer<T> {
    fn clone(&self) -> Self {
        let shared = Arc::clone(&self.shared);
        Self { shared }
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self {
            signer: Arc::clone(&self.signer),
            origins: self.origins.clone(),
            clock: Arc::clone(&self.clock),
        }
    }
}

impl<T> fmt::Debug for SignLayer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.debug("SignLayer", f)
    }
}

impl<T> Shared<T> {
    /// Without the signer, which may be anybody's and hold anything.
    pub(crate) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}
