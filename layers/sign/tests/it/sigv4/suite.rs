//! The public signing test suite, in headers and in queries.

use std::time::Duration;

use buttress_sign::sigv4::SigV4;
use buttress_sign::{Payload, Sign};
use http::Request;
use http::request::Parts;

use super::cases::{CASES, Case};
use super::{credentials, parameter, then, value};

fn request(case: &Case) -> Parts {
    let mut request = Request::builder()
        .method(case.method)
        .uri(format!("https://example.amazonaws.com{}", case.path));
    for (name, value) in case.headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn signer(case: &Case) -> SigV4 {
    let mut credentials = credentials();
    if let Some((token, _)) = case.token {
        credentials = credentials.session_token(token).unwrap();
    }
    let signer = SigV4::new(credentials, "us-east-1", "service").unwrap();
    // The suite encodes the path once.
    let signer = signer
        .double_encode(false)
        .normalize(case.normalize)
        .content_sha256(case.content_sha256);
    match case.token {
        Some((_, false)) => signer.unsigned_token(),
        _ => signer,
    }
}

#[test]
fn every_signature_in_a_header_is_that_of_the_suite() {
    for case in &CASES {
        let mut head = request(case);
        let body = Payload::Bytes(case.body.as_bytes());
        signer(case).sign(&mut head, body, then()).unwrap();
        let authorization = value(&head, "authorization");
        let (rest, signature) = authorization.rsplit_once("Signature=").unwrap();
        assert_eq!(signature, case.header, "{}", case.name);
        let scope =
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
        assert!(rest.starts_with(scope), "{rest}");
        assert_eq!(value(&head, "x-amz-date"), "20150830T123600Z");
        let token = head.headers.get("x-amz-security-token");
        let token = token.map(|token| token.to_str().unwrap());
        assert_eq!(token, case.token.map(|(token, _)| token), "{}", case.name);
    }
}

#[test]
fn every_signature_in_a_query_is_that_of_the_suite() {
    for case in &CASES {
        let mut head = request(case);
        let signer = signer(case).query(Duration::from_secs(3_600)).unwrap();
        let body = Payload::Bytes(case.body.as_bytes());
        signer.sign(&mut head, body, then()).unwrap();
        assert_eq!(
            parameter(&head, "X-Amz-Signature"),
            Some(case.query),
            "{}",
            case.name
        );
        assert_eq!(parameter(&head, "X-Amz-Expires"), Some("3600"));
        let token = parameter(&head, "X-Amz-Security-Token");
        assert_eq!(token.is_some(), case.token.is_some(), "{}", case.name);
        assert!(!head.headers.contains_key("authorization"));
    }
}

/// The canonical requests of two older cases, in which the path is encoded twice. The second signature
/// comes from Python's `hmac`, since the case has a date of its own.
#[test]
fn paths_are_encoded_twice_as_most_services_want_it() {
    for (secs, uri, region, service, date, signature) in [
        (
            1_620_747_645,
            "https://lambda.us-east-2.amazonaws.com/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-west-2%3A892717189312%3Afunction%3Amy-rusty-fun/invocations",
            "us-east-2",
            "lambda",
            "20210511T154045Z",
            "4b93abbcc68be32bd64c18e2c71150660ab4c29bbd6c32a383a7517a88fc1804",
        ),
        (
            1_620_747_645,
            "https://tj9n5r0m12.execute-api.us-east-1.amazonaws.com/test/@connections/JBDvjfGEIAMCERw%3D",
            "us-east-1",
            "execute-api",
            "20210511T154045Z",
            "c58ae4146e06d5c0de329e6823b2dd06ae7bec51b1a3568f389cb759dafa0908",
        ),
    ] {
        let now = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(secs);
        let signer = SigV4::new(credentials(), region, service).unwrap();
        let mut head = Request::post(uri).body(()).unwrap().into_parts().0;
        signer.sign(&mut head, Payload::Bytes(b""), now).unwrap();
        assert_eq!(value(&head, "x-amz-date"), date);
        let authorization = value(&head, "authorization");
        assert!(authorization.ends_with(signature), "{authorization}");
    }
}
