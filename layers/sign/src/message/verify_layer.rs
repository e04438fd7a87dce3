use std::fmt;
use std::sync::Arc;

use buttress_kernel::{SystemWallClock, WallClock};
use http::HeaderName;
use http::request::Parts;
use tower_layer::Layer;

use super::check::verify;
use super::content_digest::Claims;
use super::params::SignatureParams;
use super::policy::Policy;
use super::verifying::Verifying;
use super::verifying_key::VerifyingKey;
use super::view::{Message, Structure};
use crate::Unverified;

/// Lets only those requests of a server pass that carry a signature which a [`Policy`] accepts. For the
/// responses that a client gets there is [`VerifyResponseLayer`](super::VerifyResponseLayer).
///
/// The handler finds the [`SignatureParams`] in the request's extensions: who signed, and what. Where
/// the signature covers `content-digest`, the body is compared with it while it is read
/// ([`VerifiedBody`](super::body::VerifiedBody)), in one member where it covers one member; require it for
/// requests with a body. Any other request ends in [`Unverified`], which your server turns into a 401. That the same request did not come
/// before, you must see to.
///
/// | setting | default |
/// | --- | --- |
/// | [`scheme`](Self::scheme) | that of the URI, which a server seldom knows |
/// | [`structured`](Self::structured) | the fields that this crate knows |
/// | [`wall_clock`](Self::wall_clock) | the system's |
///
/// ```
/// use buttress_sign::message::content_digest::CONTENT_DIGEST;
/// use buttress_sign::message::{Component, Policy, SignatureParams, SigningKey, VerifyLayer};
///
/// let key = SigningKey::hmac_sha256("a shared secret")?.verifying_key();
/// let covered = [Component::method(), Component::target_uri(), Component::field(CONTENT_DIGEST)];
/// let layer = VerifyLayer::new(Policy::new(covered)?, move |params: &SignatureParams| {
///     (params.key_id() == Some("client-1")).then(|| key.clone())
/// })
/// .scheme("https");
/// # drop(layer);
/// # Ok::<_, buttress_sign::InvalidSettings>(())
/// ```
#[derive(Clone)]
pub struct VerifyLayer {
    shared: Arc<Shared>,
}

type Keys = Arc<dyn Fn(&SignatureParams) -> Option<VerifyingKey> + Send + Sync>;

/// What a signature says, and the digests that the body must have.
pub(super) type Verdict = (SignatureParams, Option<Claims>);

/// What all services of a layer have in common.
#[derive(Clone)]
pub(super) struct Shared {
    policy: Policy,
    keys: Keys,
    pub(super) scheme: Option<String>,
    pub(super) types: Vec<(HeaderName, Structure)>,
    pub(super) clock: Arc<dyn WallClock>,
}

impl VerifyLayer {
    /// Accepts what `policy` accepts, signed with a key that `keys` finds by what a signature says
    /// about itself.
    #[must_use]
    pub fn new<K>(policy: Policy, keys: K) -> Self
    where
        K: Fn(&SignatureParams) -> Option<VerifyingKey> + Send + Sync + 'static,
    {
        let shared = Arc::new(Shared::new(policy, Arc::new(keys)));
        Self { shared }
    }

    /// The scheme that clients used, `https` or `http`, for signatures over it, the authority, whose usual
    /// port it tells, or the target URI. It counts before that of the URI, which behind somebody who ends
    /// TLS is another.
    #[must_use]
    pub fn scheme(mut self, scheme: &str) -> Self {
        Arc::make_mut(&mut self.shared).scheme = Some(scheme.to_owned());
        self
    }

    /// Tells the structure of a field that is covered with `sf` and that this crate does not know.
    #[must_use]
    pub fn structured(mut self, name: HeaderName, structure: Structure) -> Self {
        let shared = Arc::make_mut(&mut self.shared);
        shared.types.push((name, structure));
        self
    }

    /// Where the date comes from.
    #[must_use]
    pub fn wall_clock(mut self, clock: impl WallClock + 'static) -> Self {
        Arc::make_mut(&mut self.shared).clock = Arc::new(clock);
        self
    }
}

impl Shared {
    pub(super) fn new(policy: Policy, keys: Keys) -> Self {
        Self {
            policy,
            keys,
            scheme: None,
            types: Vec::new(),
            clock: Arc::new(SystemWallClock),
        }
    }

    /// What the signature of a request says, and the digests that it signs, if it does.
    pub(super) fn verify(&self, head: &Parts) -> Result<Verdict, Unverified> {
        let params = self.check(Message::request(head))?;
        let claims = Claims::covered(&head.headers, &params)?;
        Ok((params, claims))
    }

    /// What the signature of a message says.
    pub(super) fn check(&self, message: Message<'_>) -> Result<SignatureParams, Unverified> {
        let mut message = message.structured(&self.types);
        if let Some(scheme) = &self.scheme {
            message = message.scheme(scheme);
        }
        verify(&message, &*self.keys, &self.policy, self.clock.now())
    }
}

impl<S> Layer<S> for VerifyLayer {
    type Service = Verifying<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Verifying::new(inner, Arc::clone(&self.shared))
    }
}

impl fmt::Debug for VerifyLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.debug("VerifyLayer", f)
    }
}

impl Shared {
    /// Without the keys, which may be anybody's.
    pub(super) fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("policy", &self.policy)
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}
