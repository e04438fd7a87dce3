use std::fmt;

use http::Uri;
use tower_layer::Layer;

use super::{Policy, Redirect};

/// Follows redirects.
///
/// Stands outside everything that knows origins: each hop passes the default headers, the cache, retry,
/// credentials and limits below anew, as a request of its own to where it goes. See the
/// [module](super).
#[derive(Clone, Debug, Default)]
pub struct RedirectLayer {
    policy: Policy,
}

impl RedirectLayer {
    /// Follows what `policy` allows, unless a request has an [`Override`].
    #[must_use]
    pub const fn new(policy: Policy) -> Self {
        Self { policy }
    }
}

impl<S> Layer<S> for RedirectLayer {
    type Service = Redirect<S>;

    fn layer(&self, inner: S) -> Redirect<S> {
        Redirect::new(inner, self.policy.clone())
    }
}

/// The policy of one request in place of the layer's, in its extensions.
#[derive(Clone, Debug)]
pub struct Override(pub(super) Policy);

impl Override {
    /// Follows what `policy` allows.
    #[must_use]
    pub const fn new(policy: Policy) -> Self {
        Self(policy)
    }
}

/// Where a response comes from, in its extensions, if redirects led there.
#[derive(Clone, PartialEq, Eq)]
pub struct Redirected {
    pub(super) uri: Uri,
    pub(super) hops: u8,
}

impl Redirected {
    /// The URI that was answered.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// How many redirects led there.
    #[must_use]
    pub const fn hops(&self) -> u8 {
        self.hops
    }
}

impl fmt::Debug for Redirected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redirected")
            .field("uri", &crate::error::redacted(&self.uri))
            .field("hops", &self.hops)
            .finish()
    }
}
