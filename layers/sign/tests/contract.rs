//! What every layer must do, seen from outside.

use std::time::SystemTime;

use buttress_sign::{Payload, Sign, SignError, SignLayer};
use http::request::Parts;

/// Needs no feature.
struct Stamp;

impl Sign for Stamp {
    fn scheme(&self) -> &'static str {
        "stamp"
    }

    fn sign(&self, head: &mut Parts, _: Payload<'_>, _: SystemTime) -> Result<(), SignError> {
        head.headers.insert("x-stamp", 1.into());
        Ok(())
    }
}

buttress_testkit::contract!(|| SignLayer::any_origin(Stamp));

#[cfg(feature = "hmac")]
buttress_testkit::contract!(mod hmac, || {
    let hmac = buttress_sign::hmac::Hmac::sha256("secret").expect("a key");
    SignLayer::any_origin(hmac.unsigned_streams("-"))
});

#[cfg(feature = "digest")]
fn digest() -> buttress_sign::digest::DigestLayer {
    let origin = "http://contract.example".parse().expect("an origin");
    buttress_sign::digest::DigestLayer::new(origin, "user", "password").expect("a name")
}

#[cfg(feature = "digest")]
buttress_testkit::contract!(mod digest_layer, digest);

// What the layer learns from a challenge shows in the number of calls: 64 requests are challenged once.
#[cfg(feature = "digest")]
buttress_testkit::contract!(
    mod digest_state,
    digest,
    only = [the_ready_service_is_the_one_called, dropped_calls_give_everything_back],
    state = [
        buttress_testkit::Step::answer(|call| {
            let response = http::Response::builder();
            let response = match call.header("authorization") {
                Some(_) => response,
                None => response
                    .status(401)
                    .header("www-authenticate", "Digest realm=r, nonce=n, qop=auth"),
            };
            response.body(buttress_kernel::Body::empty()).expect("a valid response")
        })
    ]
);

#[cfg(feature = "message-signatures")]
mod signatures {
    use buttress_kernel::Body;
    use buttress_sign::message::body::VerifiedBody;
    use buttress_sign::message::{
        Component, Message, MessageSigner, Policy, SignatureParams, SigningKey, VerifyLayer,
        VerifyResponseLayer,
    };
    use http::{Request, Response};

    pub(crate) fn signer(covered: Component) -> MessageSigner {
        let key = SigningKey::hmac_sha256("a key").expect("a key");
        MessageSigner::new(key, [covered]).expect("one component")
    }

    fn keys(_: &SignatureParams) -> Option<buttress_sign::message::VerifyingKey> {
        let key = SigningKey::hmac_sha256("a key").expect("a key");
        Some(key.verifying_key())
    }

    fn policy(covered: Component) -> Policy {
        Policy::new([covered]).expect("one component")
    }

    pub(crate) fn verify() -> VerifyLayer {
        VerifyLayer::new(policy(Component::method()), keys)
    }

    pub(crate) fn verify_responses() -> VerifyResponseLayer {
        VerifyResponseLayer::new(policy(Component::status()), keys)
    }

    pub(crate) fn unwrap(request: Request<VerifiedBody<Body>>) -> Request<Body> {
        request.map(Body::stream)
    }

    pub(crate) fn sign(response: Response<Body>) -> Response<Body> {
        use buttress_kernel::WallClock;
        let (mut head, body) = response.into_parts();
        let now = buttress_kernel::SystemWallClock.now();
        let made = signer(Component::status()).sign_message(&Message::response(&head), now);
        let made = made.expect("a status can be signed");
        made.insert_into(&mut head.headers).expect("there is room");
        Response::from_parts(head, body)
    }
}

// A request that nobody has signed is refused before anything else can be seen.
#[cfg(feature = "message-signatures")]
buttress_testkit::contract!(mod verifying, || {
    tower::ServiceBuilder::new()
        .layer(SignLayer::any_origin(signatures::signer(buttress_sign::message::Component::method())))
        .layer(signatures::verify())
        .map_request(signatures::unwrap)
});

#[cfg(feature = "message-signatures")]
buttress_testkit::contract!(mod verifying_responses, || {
    tower::ServiceBuilder::new()
        .layer(signatures::verify_responses())
        .map_response(signatures::sign)
});
