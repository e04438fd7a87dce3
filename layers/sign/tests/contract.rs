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

buttress_testkit::contract!(|| SignLayer::new(Stamp));

#[cfg(feature = "hmac")]
buttress_testkit::contract!(mod hmac, || {
    let hmac = buttress_sign::hmac::Hmac::sha256("secret").expect("a key");
    SignLayer::new(hmac.unsigned_streams("-"))
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
