//! AWS Signature Version 4.

mod cases;
mod compared;
mod settings;
mod suite;

use std::time::{Duration, SystemTime};

use buttress_sign::sigv4::{Credentials, SigV4};
use http::request::Parts;

const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// 2015-08-30T12:36:00Z, as in all of AWS's examples.
fn then() -> SystemTime {
    crate::secrets::guard();
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160)
}

fn credentials() -> Credentials {
    Credentials::new(ID, SECRET).unwrap()
}

fn signer() -> SigV4 {
    SigV4::new(credentials(), "us-east-1", "service").unwrap()
}

fn value<'a>(head: &'a Parts, name: &str) -> &'a str {
    head.headers[name].to_str().unwrap()
}

/// The value of a parameter of the query, as it stands there.
fn parameter<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    let mut pieces = head.uri.query()?.split('&');
    pieces.find_map(|piece| piece.strip_prefix(name)?.strip_prefix('='))
}
