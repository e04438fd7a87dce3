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
