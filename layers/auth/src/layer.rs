use std::sync::Arc;

use buttress_kernel::Partition;
use tower_layer::Layer;

use crate::service::Auth;
use crate::settings::Settings;
use crate::{Credentials, Origins};

/// Adds credentials to requests that go where the credentials belong.
///
/// Clones of a layer, and every service that they make, share the [`Tokens`](crate::Tokens), as do
/// all layers that are made with clones of them.
///
/// | setting | default |
/// | --- | --- |
/// | [`overwrite`](Self::overwrite) | a request's own header, parameter or cookie stays |
/// | [`replay`](Self::replay) | on |
/// | [`forbidden`](Self::forbidden) | off: a 403 is an answer |
/// | [`drain`](Self::drain) | 64 KiB |
/// | [`partition`](Self::partition) | none |
///
/// ```
/// use buttress_auth::{AuthLayer, Credential, Origins};
///
/// let key = Credential::api_key("x-api-key", "3f9a…")?;
/// let layer = AuthLayer::new(key, Origins::only("https://api.example.com")?);
/// # drop(layer);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AuthLayer {
    settings: Settings,
}

impl AuthLayer {
    /// Adds these credentials to requests to these origins.
    #[must_use]
    pub fn new(credentials: impl Into<Credentials>, origins: Origins) -> Self {
        Self {
            settings: Settings::new(credentials.into(), origins),
        }
    }

    /// Whether a header, a parameter or a cookie that a request has already is replaced.
    #[must_use]
    pub const fn overwrite(mut self, overwrite: bool) -> Self {
        self.settings.overwrite = overwrite;
        self
    }

    /// Whether a request whose token was rejected is sent once more, with another token. Turned off,
    /// the rejection is the answer, and no copy of a request is kept; the token is replaced all the
    /// same.
    #[must_use]
    pub const fn replay(mut self, replay: bool) -> Self {
        self.settings.replay = replay;
        self
    }

    /// Whether a 403 means that the token was rejected, like a 401, for APIs that mix them up. One
    /// that names `insufficient_scope` never does.
    #[must_use]
    pub const fn forbidden(mut self, rejects: bool) -> Self {
        self.settings.forbidden = rejects;
        self
    }

    /// How many bytes of a rejection are read while the request waits for a token, so that its
    /// connection can be used again; a longer one is dropped, and its connection with it.
    #[must_use]
    pub const fn drain(mut self, bytes: u64) -> Self {
        self.settings.drain = bytes;
        self
    }

    /// Says whose credentials these are, to the layers inside: put into a request that gets them and
    /// has no [`Partition`] yet. That costs a few allocations for each request, so it is only done
    /// when asked for, and it cannot reach a cache outside this layer.
    #[must_use]
    pub fn partition(mut self, partition: Partition) -> Self {
        self.settings.partition = Some(partition);
        self
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Auth::new(inner, Arc::new(self.settings.clone()))
    }
}
