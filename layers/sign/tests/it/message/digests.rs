//! Digests of bodies in fields.

use buttress_sign::Reason;
use buttress_sign::message::content_digest::{CONTENT_DIGEST, DigestAlgorithm, REPR_DIGEST, check};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

fn verdict(name: &HeaderName, lines: &[&str], body: &[u8]) -> Result<(), Reason> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(name.clone(), HeaderValue::from_str(line).unwrap());
    }
    check(&headers, name, body).map_err(|error| error.reason())
}

/// RFC 9530 appendix B.1 and B.2.
#[test]
fn the_digests_of_rfc_9530_are_made_and_known() {
    let body = b"{\"hello\": \"world\"}\n";
    let sha256 = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
    assert_eq!(DigestAlgorithm::Sha256.field(body), sha256);
    let empty = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
    assert_eq!(DigestAlgorithm::Sha256.field(b""), empty);
    for name in [CONTENT_DIGEST, REPR_DIGEST] {
        assert_eq!(verdict(&name, &[sha256], body), Ok(()));
    }
}

#[test]
fn every_digest_that_is_good_enough_must_be_right() {
    let good = DigestAlgorithm::Sha512.field(b"a");
    let good = good.to_str().unwrap();
    let bad = DigestAlgorithm::Sha256.field(b"b");
    let bad = bad.to_str().unwrap();
    let of_a = |lines: &[&str]| verdict(&CONTENT_DIGEST, lines, b"a");
    assert_eq!(of_a(&[good]), Ok(()));
    assert_eq!(of_a(&["md5=:AAAA:", good]), Ok(()));
    assert_eq!(of_a(&[good, bad]), Err(Reason::OtherBody));
    assert_eq!(of_a(&[]), Err(Reason::Missing));
    assert_eq!(of_a(&["md5=:AAAA:"]), Err(Reason::Insufficient));
    assert_eq!(of_a(&["sha-256=abc"]), Err(Reason::Malformed));
    assert_eq!(of_a(&["sha-256=(:AAAA:)"]), Err(Reason::Malformed));
    assert_eq!(of_a(&["sha-256=:AA"]), Err(Reason::Malformed));
    assert_eq!(of_a(&["sha-256=::"]), Err(Reason::OtherBody));
}

proptest! {
    #[test]
    fn a_digest_is_that_of_no_other_body(body: Vec<u8>, other: Vec<u8>) {
        for algorithm in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha512] {
            let field = algorithm.field(&body);
            let field = field.to_str().unwrap();
            prop_assert_eq!(verdict(&CONTENT_DIGEST, &[field], &body), Ok(()));
            if other != body {
                prop_assert_eq!(verdict(&CONTENT_DIGEST, &[field], &other), Err(Reason::OtherBody));
            }
        }
    }
}
