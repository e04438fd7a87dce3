use std::fmt;
use std::sync::Arc;

use buttress_kernel::WallClock;
use http::HeaderName;
use tower_layer::Layer;

use super::params::SignatureParams;
use super::policy::Policy;
use super::verify_layer::Shared;
use super::verifying_key::VerifyingKey;
use super::verifying_responses::VerifyingResponses;
use super::view::Structure;

/// Lets only those responses through to a client that carry a signature which a [`Policy`] accepts.
///
/// TLS says which server was asked; a signature says who made the answer, whatever proxies and caches lie
/// between. Require of the request what the answer depends on, with [`req`](super::Component::req): else
/// any response that was signed of late passes for the answer to any request.
///
/// Where the signature covers `content-digest`, the body is compared with it while it is read
/// ([`VerifiedBody`](super::body::VerifiedBody)), in one member where it covers one member, and nothing is
/// buffered; require it for responses with a body. What answers a HEAD, and a 304, has to come without content. The [`SignatureParams`] are in the
/// response's extensions. Any other response ends in [`Unverified`](crate::Unverified).
///
/// Put it innermost, under [`SignLayer`](crate::SignLayer), so that it sees the request as it is sent: a
/// response may cover the request's own signature. It cannot see what the transport adds.
///
/// | setting | default |
/// | --- | --- |
/// | [`scheme`](Self::scheme) | that of the request's URI |
/// | [`structured`](Self::structured) | the fields that this crate knows |
/// | [`wall_clock`](Self::wall_clock) | the system's |
///
/// ```
/// use buttress_kernel::{Body, BoxError, WallClock};
/// use buttress_sign::message::content_digest::{CONTENT_DIGEST, DigestAlgorithm};
/// use buttress_sign::message::{
///     Component, Message, MessageSigner, Policy, SignatureParams, SigningKey, VerifyResponseLayer,
/// };
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let covered = || {
///     let content = Component::field(CONTENT_DIGEST);
///     [Component::status(), content, Component::method().req(), Component::target_uri().req()]
/// };
/// let key = SigningKey::hmac_sha256("a shared secret")?;
/// let verifying = key.verifying_key();
///
/// // What the server does.
/// let signer = MessageSigner::new(key, covered())?.key_id("server-1")?;
/// let server = service_fn(move |request: Request<Body>| {
///     let (request, _) = request.into_parts();
///     let (mut head, ()) = Response::new(()).into_parts();
///     head.headers.insert(CONTENT_DIGEST, DigestAlgorithm::Sha256.field(b"tea"));
///     let now = buttress_kernel::SystemWallClock.now();
///     let made = signer.sign_message(&Message::response(&head).answering(&request), now);
///     async move {
///         made?.insert_into(&mut head.headers)?;
///         Ok::<_, BoxError>(Response::from_parts(head, Body::from("tea")))
///     }
/// });
///
/// let layer = VerifyResponseLayer::new(Policy::new(covered())?, move |params: &SignatureParams| {
///     (params.key_id() == Some("server-1")).then(|| verifying.clone())
/// });
/// let client = ServiceBuilder::new().layer(layer).service(server);
/// let request = Request::get("https://api.example.com/orders/7").body(Body::empty())?;
/// let response = client.oneshot(request).await?;
/// assert!(response.extensions().get::<SignatureParams>().is_some());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct VerifyResponseLayer {
    shared: Arc<Shared>,
}

impl VerifyResponseLayer {
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

    /// The scheme that the server sees, `https` or `http`, whatever the request's URI says.
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

impl<S> Layer<S> for VerifyResponseLayer {
    type Service = VerifyingResponses<S>;

    fn layer(&self, inner: S) -> Self::Service {
        VerifyingResponses::new(inner, Arc::clone(&self.shared))
    }
}

impl fmt::Debug for VerifyResponseLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.debug("VerifyResponseLayer", f)
    }
}
