//! No secret is shown anywhere.
//!
//! Every test that uses a helper of its module has every event and span of its process searched for all
//! secrets of the suite, those of other crates at the level TRACE included.

use std::error::Error;
use std::fmt::{Debug, Write};
use std::sync::Once;

use buttress_kernel::Failure;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// The passwords, keys and session tokens of the suite, as far as they can be told from other text.
const SECRETS: [&str; 8] = [
    "Circle of Life",
    "CircleOfLife",
    "It's a Secret to Everybody",
    "s3cret",
    // The access key of AWS's examples, and session tokens.
    "wJalrXUtnFEMI/K7MDENG",
    "a/session+token==",
    // The shared secret and a private key of RFC 9421.
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBt",
    "MC4CAQAwBQYDK2VwBCIEI",
];

pub(crate) fn assert_hidden(shown: &str) {
    for secret in SECRETS {
        assert!(!shown.contains(secret), "a secret is shown: {shown}");
    }
}

#[cfg_attr(
    not(any(
        feature = "digest",
        feature = "hmac",
        feature = "message-signatures",
        feature = "sigv4"
    )),
    allow(dead_code, reason = "the schemes' tests need it")
)]
pub(crate) fn hidden(value: &impl Debug) {
    assert_hidden(&format!("{value:?} {value:#?}"));
}

/// The error, and all that is behind it.
#[cfg_attr(
    not(any(feature = "digest", feature = "sigv4")),
    allow(dead_code, reason = "the schemes' tests need it")
)]
pub(crate) fn hidden_error(error: &(dyn Error + 'static)) {
    for link in Failure::of(error).chain() {
        assert_hidden(&format!("{link} {link:?}"));
    }
}

struct Search;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl<S: Subscriber> tracing_subscriber::Layer<S> for Search {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        assert_hidden(&line.0);
    }

    fn on_new_span(&self, span: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let mut line = Line(String::new());
        span.record(&mut line);
        assert_hidden(&line.0);
    }
}

/// Searches every event from now on.
pub(crate) fn guard() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing_subscriber::registry().with(Search).init());
}

#[test]
#[should_panic(expected = "a secret is shown")]
fn a_secret_that_is_logged_is_found() {
    guard();
    tracing::trace!(value = "s3cret", "shown");
}

#[test]
#[should_panic(expected = "a secret is shown")]
fn a_secret_in_a_log_that_is_looked_at_is_found() {
    let (_log, _guard) = crate::support::listen();
    tracing::trace!("s3cret");
}

#[cfg(feature = "sigv4")]
#[tokio::test(start_paused = true)]
async fn no_secret_is_in_what_sigv4_refuses_or_shows() {
    use buttress_sign::SignLayer;
    use buttress_sign::sigv4::{Credentials, SigV4};
    use buttress_testkit::{Scripted, Step};
    use tower::{Layer, ServiceExt};

    guard();
    let key = || Credentials::new("AKIDEXAMPLE", "s3cret");
    hidden_error(&Credentials::new("AKID s3cret", "s3cret").unwrap_err());
    hidden_error(&key().unwrap().session_token("s3cret\n").unwrap_err());
    let credentials = key().unwrap().session_token("s3cret-token").unwrap();
    hidden(&credentials);
    let signer = SigV4::new(credentials, "us-east-1", "service").unwrap();
    hidden(&signer);
    let layer = SignLayer::any_origin(signer);
    let service = layer.layer(Scripted::new([Step::ok()]));
    let refused = service
        .clone()
        .oneshot(crate::support::request(crate::support::stream("a")));
    hidden(&refused);
    hidden_error(&*refused.await.unwrap_err());
    hidden(&service);
}

#[cfg(feature = "digest")]
#[tokio::test(start_paused = true)]
async fn no_secret_is_in_what_digest_refuses_or_shows() {
    use buttress_sign::digest::DigestLayer;
    use buttress_testkit::{Scripted, Step};
    use tower::{Layer, ServiceExt};

    guard();
    let origin = || "https://api.example.com".parse().unwrap();
    hidden_error(&DigestLayer::new(origin(), "user:s3cret", "s3cret").unwrap_err());
    let layer = DigestLayer::new(origin(), "user", "s3cret").unwrap();
    hidden(&layer);
    // A server that repeats what it should not know, and one that breaks.
    let line = "Digest realm=\"s3cret\", nonce=\"s3cret\", opaque=\"s3cret\", qop=auth";
    let challenge = || Step::status(401).header("www-authenticate", line);
    let server = Scripted::new([
        challenge(),
        challenge(),
        challenge(),
        Step::error(|| "broken"),
    ]);
    let service = layer.layer(server);
    let rejected = service.clone().oneshot(crate::support::request("tea"));
    hidden(&rejected);
    assert_eq!(rejected.await.unwrap().status(), 401);
    let broken = service
        .clone()
        .oneshot(crate::support::request("tea"))
        .await;
    if let Err(error) = broken {
        hidden_error(&*error);
    }
    hidden(&service);
}

#[cfg(feature = "hmac")]
#[tokio::test(start_paused = true)]
async fn no_secret_is_in_what_hmac_shows() {
    use buttress_sign::SignLayer;
    use buttress_sign::hmac::Hmac;
    use buttress_testkit::{Scripted, Step};
    use tower::{Layer, ServiceExt};

    guard();
    let hmac = Hmac::sha256("s3cret").unwrap();
    hidden(&hmac);
    let service = SignLayer::any_origin(hmac).layer(Scripted::new([Step::ok()]));
    hidden(&service);
    service
        .oneshot(crate::support::request("tea"))
        .await
        .unwrap();
}

#[cfg(feature = "message-signatures")]
#[test]
fn no_secret_is_in_what_keys_of_messages_refuse_or_show() {
    use buttress_sign::message::{Component, MessageSigner, SigningKey, VerifyingKey};

    guard();
    let pem = "-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----";
    for refused in [
        SigningKey::ed25519(pem).map(drop),
        SigningKey::ecdsa_p256_sha256(pem).map(drop),
        SigningKey::rsa_pss_sha512(pem).map(drop),
        VerifyingKey::ed25519(pem).map(drop),
    ] {
        hidden_error(&refused.unwrap_err());
    }
    let key = SigningKey::hmac_sha256("s3cret").unwrap();
    hidden(&(&key, key.verifying_key()));
    hidden(&MessageSigner::new(key, [Component::method()]).unwrap());
}
