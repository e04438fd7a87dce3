//! Our canonical requests against those of `aws-sigv4`, which has been signing for years.

use std::time::Duration;

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use buttress_sign::sigv4::{Credentials, SigV4};
use buttress_sign::{Payload, Sign};
use http::Request;
use http::request::Parts;
use proptest::prelude::*;

use super::{ID, SECRET, parameter, then, value};

#[derive(Clone, Copy, Debug)]
struct Way {
    double: bool,
    normalize: bool,
    query: bool,
    content_sha256: bool,
    token: bool,
}

fn ways() -> impl Strategy<Value = Way> {
    any::<(bool, bool, bool, bool, bool)>().prop_map(
        |(double, normalize, query, content_sha256, token)| Way {
            double,
            normalize,
            query,
            content_sha256,
            token,
        },
    )
}

fn theirs(head: &Parts, body: &[u8], way: Way) -> String {
    let token = way.token.then(|| "to/k+en=".to_owned());
    let identity = AwsCredentials::new(ID, SECRET, token, None, "test").into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = match way.double {
        true => PercentEncodingMode::Double,
        false => PercentEncodingMode::Single,
    };
    settings.uri_path_normalization_mode = UriPathNormalizationMode::from(way.normalize);
    if way.content_sha256 {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    if way.query {
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(600));
    }
    let params = SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("service")
        .time(then())
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let headers = head.headers.iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let request = SignableRequest::new(
        head.method.as_str(),
        head.uri.to_string(),
        headers,
        SignableBody::Bytes(body),
    );
    sign(request.unwrap(), &params)
        .unwrap()
        .signature()
        .to_owned()
}

fn ours(mut head: Parts, body: &[u8], way: Way) -> String {
    let mut credentials = Credentials::new(ID, SECRET).unwrap();
    if way.token {
        credentials = credentials.session_token("to/k+en=").unwrap();
    }
    let mut signer = SigV4::new(credentials, "us-east-1", "service")
        .unwrap()
        .double_encode(way.double)
        .normalize(way.normalize)
        .content_sha256(way.content_sha256);
    if way.query {
        signer = signer.query(Duration::from_secs(600)).unwrap();
    }
    signer
        .sign(&mut head, Payload::Bytes(body), then())
        .unwrap();
    if way.query {
        return parameter(&head, "X-Amz-Signature").unwrap().to_owned();
    }
    let (_, signature) = value(&head, "authorization").rsplit_once('=').unwrap();
    signature.to_owned()
}

proptest! {
    // Paths are in the form that is encoded once, which is what the other side takes for granted.
    #[test]
    fn signatures_agree_with_those_of_aws(
        method in "GET|PUT|POST|DELETE",
        path in "(/|[a-zA-Z0-9._~-]|%20|%C3%A9|%3A){0,12}",
        query in "([a-zA-Z0-9._~!*()@:/+&=-]|%20|%C3%A9|%26){0,20}",
        headers in prop::collection::vec(("x-[a-c]|accept|user-agent|content-type", "[!-~]([ -~]{0,10}[!-~])?"), 0..4),
        port in "|:443|:8443",
        body: Vec<u8>,
        way in ways(),
    ) {
        let mut request = Request::builder()
            .method(method.as_str())
            .uri(format!("https://example.amazonaws.com{port}/{path}?{query}"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let head = request.body(()).unwrap().into_parts().0;
        prop_assert_eq!(ours(head.clone(), &body, way), theirs(&head, &body, way));
    }
}
