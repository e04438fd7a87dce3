//! Every signature that RFC 9421 shows: appendix B, and the examples of sections 2.4 and 4.3.

use buttress_sign::message::content_digest::{self, CONTENT_DIGEST};
use buttress_sign::message::{Component, Message, MessageSigner, Policy, SigningKey, verify};
use buttress_sign::{Payload, Reason, Sign};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE};
use http::{Request, Response, request, response};

use super::{CREATED, at, keys, rfc_keys, shared, value};

const BODY: &[u8] = br#"{"hello": "world"}"#;
const DIGEST: &str = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";

/// `test-request` of appendix B.2.
fn request() -> request::Builder {
    Request::post("https://example.com/foo?param=Value&Pet=dog")
        .header("host", "example.com")
        .header("date", "Tue, 20 Apr 2021 02:07:55 GMT")
        .header("content-type", "application/json")
        .header("content-digest", DIGEST)
        .header("content-length", "18")
}

/// `test-response` of appendix B.2.
fn response() -> response::Builder {
    Response::builder()
        .header("date", "Tue, 20 Apr 2021 02:07:56 GMT")
        .header("content-type", "application/json")
        .header("content-digest", "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:")
        .header("content-length", "23")
}

fn head(builder: request::Builder) -> request::Parts {
    builder.body(()).unwrap().into_parts().0
}

fn policy() -> Policy {
    Policy::new([]).unwrap()
}

/// Whether a signature by the name of `label` is good, with what it covers as its input shows.
fn verdict(message: &Message<'_>, label: &str, now: u64) -> Result<(), Reason> {
    let verdict = verify(message, rfc_keys, &policy().label(label), at(now));
    match verdict {
        Ok(params) => {
            assert_eq!(params.label(), label);
            Ok(())
        }
        Err(error) => Err(error.reason()),
    }
}

fn verdict_of(
    builder: request::Builder,
    label: &str,
    input: &str,
    signature: &str,
) -> Result<(), Reason> {
    let head = head(
        builder
            .header("signature-input", format!("{label}={input}"))
            .header("signature", format!("{label}=:{signature}:")),
    );
    verdict(&Message::request(&head), label, CREATED)
}

const B_2: [(&str, &str, &str); 5] = [
    (
        "sig-b21",
        r#"();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd""#,
        "d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==",
    ),
    (
        "sig-b22",
        r#"("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example""#,
        "LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==",
    ),
    (
        "sig-b23",
        r#"("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss""#,
        "bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==",
    ),
    (
        "sig-b25",
        r#"("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#,
        "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=",
    ),
    (
        "sig-b26",
        r#"("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#,
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==",
    ),
];

const B_2_4: &str = r#"sig-b24=("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256""#;

const B_3: &str = r#"("@path" "@query" "@method" "@authority" "client-cert");created=1618884473;keyid="test-key-ecc-p256""#;

#[test]
fn the_signatures_of_requests_in_b_2_are_good() {
    for (label, input, signature) in B_2 {
        assert_eq!(
            verdict_of(request(), label, input, signature),
            Ok(()),
            "{label}"
        );
        let other = verdict_of(request(), label, &input.replace("473", "474"), signature);
        assert_eq!(other, Err(Reason::Mismatch), "{label}");
    }
}

#[test]
fn the_signature_of_a_response_in_b_2_4_is_good() {
    let signature = "sig-b24=:wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==:";
    let signed = response()
        .header("signature-input", B_2_4)
        .header("signature", signature);
    let (mut head, ()) = signed.body(()).unwrap().into_parts();
    assert_eq!(
        verdict(&Message::response(&head), "sig-b24", CREATED),
        Ok(())
    );
    head.status = http::StatusCode::CREATED;
    assert_eq!(
        verdict(&Message::response(&head), "sig-b24", CREATED),
        Err(Reason::Mismatch)
    );
}

/// The two algorithms whose signatures are the same each time.
#[test]
fn the_signatures_of_b_2_5_and_b_2_6_are_made_to_the_byte() {
    let hmac = SigningKey::hmac_sha256(shared()).unwrap();
    let ed25519 = SigningKey::ed25519(keys::ED25519_PRIVATE).unwrap();
    let field = |name: &str| Component::field(name.parse().unwrap());
    let covered = [
        vec![field("date"), Component::authority(), field("content-type")],
        vec![
            field("date"),
            Component::method(),
            Component::path(),
            Component::authority(),
            field("content-type"),
            field("content-length"),
        ],
    ];
    let ids = ["test-shared-secret", "test-key-ed25519"];
    for (((key, covered), id), (label, input, signature)) in [hmac, ed25519]
        .into_iter()
        .zip(covered)
        .zip(ids)
        .zip(&B_2[3..])
    {
        let signer = MessageSigner::new(key, covered).unwrap();
        let signer = signer.label(label).unwrap().key_id(id).unwrap();
        let mut head = head(request());
        signer
            .sign(&mut head, Payload::Bytes(BODY), at(CREATED))
            .unwrap();
        assert_eq!(
            value(&head.headers, "signature-input"),
            format!("{label}={input}")
        );
        assert_eq!(
            value(&head.headers, "signature"),
            format!("{label}=:{signature}:")
        );
    }
}

/// The other signatures are different each time; their inputs are written as they stand in the RFC.
#[test]
fn the_inputs_of_b_2_1_to_b_2_3_are_made_to_the_byte() {
    let key = || SigningKey::rsa_pss_sha512(keys::RSA_PSS_PRIVATE).unwrap();
    let covered = [
        Component::authority(),
        Component::field(CONTENT_DIGEST),
        Component::query_param("Pet"),
    ];
    let all = [
        Component::field(DATE),
        Component::method(),
        Component::path(),
        Component::query(),
        Component::authority(),
        Component::field(CONTENT_TYPE),
        Component::field(CONTENT_DIGEST),
        Component::field(CONTENT_LENGTH),
    ];
    let signers = [
        MessageSigner::new(key(), [])
            .unwrap()
            .nonce(|| "b3k2pp5k7z-50gnwp.yemd".to_owned()),
        MessageSigner::new(key(), covered)
            .unwrap()
            .tag("header-example")
            .unwrap(),
        MessageSigner::new(key(), all).unwrap(),
    ];
    for (signer, (label, input, _)) in signers.into_iter().zip(B_2) {
        let signer = signer
            .label(label)
            .unwrap()
            .key_id("test-key-rsa-pss")
            .unwrap();
        let mut head = head(request());
        signer
            .sign(&mut head, Payload::Bytes(BODY), at(CREATED))
            .unwrap();
        assert_eq!(
            value(&head.headers, "signature-input"),
            format!("{label}={input}")
        );
        assert_eq!(verdict(&Message::request(&head), label, CREATED), Ok(()));
    }
}

#[test]
fn the_inputs_of_a_response_in_b_2_4_and_of_a_proxy_in_b_3_are_made_to_the_byte() {
    let signer = |covered: Vec<Component>, label: &str| {
        let key = SigningKey::ecdsa_p256_sha256(keys::P256_PRIVATE).unwrap();
        let signer = MessageSigner::new(key, covered).unwrap();
        let signer = signer.label(label).unwrap();
        signer.key_id("test-key-ecc-p256").unwrap()
    };
    let covered = vec![
        Component::status(),
        Component::field(CONTENT_TYPE),
        Component::field(CONTENT_DIGEST),
        Component::field(CONTENT_LENGTH),
    ];
    let (mut answer, ()) = response().body(()).unwrap().into_parts();
    let signer_24 = signer(covered, "sig-b24");
    let made = signer_24
        .sign_message(&Message::response(&answer), at(CREATED))
        .unwrap();
    made.insert_into(&mut answer.headers).unwrap();
    assert_eq!(value(&answer.headers, "signature-input"), B_2_4);
    assert_eq!(
        verdict(&Message::response(&answer), "sig-b24", CREATED),
        Ok(())
    );

    let covered = vec![
        Component::path(),
        Component::query(),
        Component::method(),
        Component::authority(),
        Component::field(http::HeaderName::from_static("client-cert")),
    ];
    let mut forwarded = head(
        Request::post("https://service.internal.example/foo?param=Value&Pet=dog")
            .header("client-cert", ":MIIBqDCC:"),
    );
    let proxy = signer(covered, "ttrp");
    proxy
        .sign(&mut forwarded, Payload::Bytes(b""), at(CREATED))
        .unwrap();
    assert_eq!(
        value(&forwarded.headers, "signature-input"),
        format!("ttrp={B_3}")
    );
    assert_eq!(
        verdict(&Message::request(&forwarded), "ttrp", CREATED),
        Ok(())
    );
}

#[test]
fn the_digests_of_the_messages_in_b_2_are_those_of_their_bodies() {
    content_digest::check(&head(request()).headers, &CONTENT_DIGEST, BODY).unwrap();
    let (head, ()) = response().body(()).unwrap().into_parts();
    let body = br#"{"message": "good dog"}"#;
    content_digest::check(&head.headers, &CONTENT_DIGEST, body).unwrap();
}

#[test]
fn the_signature_of_a_proxy_in_b_3_is_good() {
    let certificate = ":MIIBqDCCAU6gAwIBAgIBBzAKBggqhkjOPQQDAjA6MRswGQYDVQQKDBJMZXQncyBBdXRoZW50aWNhdGUxGzAZBgNVBAMMEkxBIEludGVybWVkaWF0ZSBDQTAeFw0yMDAxMTQyMjU1MzNaFw0yMTAxMjMyMjU1MzNaMA0xCzAJBgNVBAMMAkJDMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8YnXXfaUgmnMtOXU/IncWalRhebrXmckC8vdgJ1p5Be5F/3YC8OthxM4+k1M6aEAEFcGzkJiNy6J84y7uzo9M6NyMHAwCQYDVR0TBAIwADAfBgNVHSMEGDAWgBRm3WjLa38lbEYCuiCPct0ZaSED2DAOBgNVHQ8BAf8EBAMCBsAwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0RAQH/BBMwEYEPYmRjQGV4YW1wbGUuY29tMAoGCCqGSM49BAMCA0gAMEUCIBHda/r1vaL6G3VliL4/Di6YK0Q6bMjeSkC3dFCOOB8TAiEAx/kHSB4urmiZ0NX5r5XarmPk0wmuydBVoU4hBVZ1yhk=:";
    let request = Request::post("https://service.internal.example/foo?param=Value&Pet=dog")
        .header("client-cert", certificate);
    let signature =
        "xVMHVpawaAC/0SbHrKRs9i8I3eOs5RtTMGCWXm/9nvZzoHsIg6Mce9315T6xoklyy0yzhD9ah4JHRwMLOgmizw==";
    assert_eq!(verdict_of(request, "ttrp", B_3, signature), Ok(()));
}

#[test]
fn the_signature_of_b_4_survives_what_it_does_not_cover_and_nothing_else() {
    let judge = |builder| {
        let input = r#"("@method" "@path" "@authority" "accept");created=1618884473;keyid="test-key-ed25519""#;
        let signature = "ZT1kooQsEHpZ0I1IjCqtQppOmIqlJPeo7DHR3SoMn0s5JZ1eRGS0A+vyYP9t/LXlh5QMFFQ6cpLt2m0pmj3NDA==";
        verdict_of(builder, "transform", input, signature)
    };
    let uri = "https://example.org/demo?name1=Value1&Name2=value2";
    let (json, any) = ("application/json", "*/*");
    for good in [
        Request::get(uri)
            .header("accept", json)
            .header("accept", any),
        Request::get("https://example.org/demo?name1=Value1&Name2=value2&param=added")
            .header("accept", json)
            .header("accept", any)
            .header("accept-language", "en-US,en;q=0.5"),
        Request::get(uri)
            .header("accept", "application/json, */*")
            .header("referer", "https://developer.example.org/demo"),
    ] {
        assert_eq!(judge(good), Ok(()));
    }
    for changed in [
        Request::post("https://example.com/demo?name1=Value1&Name2=value2")
            .header("accept", json)
            .header("accept", any),
        Request::get(uri)
            .header("accept", any)
            .header("accept", json),
    ] {
        assert_eq!(judge(changed), Err(Reason::Mismatch));
    }
}

#[test]
fn the_signature_of_a_response_over_its_request_in_2_4_is_good() {
    let response = Response::builder()
        .status(503)
        .header("content-type", "application/json")
        .header("content-digest", "sha-512=:0Y6iCBzGg5rZtoXS95Ijz03mslf6KAMCloESHObfwnHJDbkkWWQz6PhhU9kxsTbARtY2PTBOzq24uJFpHsMuAg==:")
        .header("signature-input", r#"reqres=("@status" "content-digest" "content-type" "@authority";req "@method";req "@path";req "content-digest";req);created=1618884479;keyid="test-key-ecc-p256""#)
        .header("signature", "reqres=:dMT/A/76ehrdBTD/2Xx8QuKV6FoyzEP/I9hdzKN8LQJLNgzU4W767HK05rx1i8meNQQgQPgQp8wq2ive3tV5Ag==:");
    let (response, ()) = response.body(()).unwrap().into_parts();
    let mut request = head(request());
    let message = Message::response(&response);
    assert_eq!(
        verdict(&message, "reqres", 1_618_884_479),
        Err(Reason::Malformed)
    );
    let good = verdict(&message.answering(&request), "reqres", 1_618_884_479);
    assert_eq!(good, Ok(()));
    request.method = http::Method::PUT;
    let other = verdict(&message.answering(&request), "reqres", 1_618_884_479);
    assert_eq!(other, Err(Reason::Mismatch));
}

/// The client's signature is good at the proxy, and the proxy's behind it, where the authority is
/// another one.
#[test]
fn two_signatures_of_one_message_in_4_3_are_told_apart() {
    let input = r#"sig1=("@method" "@authority" "@path" "content-digest" "content-type" "content-length");created=1618884475;keyid="test-key-ecc-p256", proxy_sig=("@method" "@authority" "@path" "content-digest" "content-type" "content-length" "forwarded");created=1618884480;keyid="test-key-rsa";alg="rsa-v1_5-sha256";expires=1618884540"#;
    let signature = "sig1=:X5spyd6CFnAG5QnDyHfqoSNICd+BUP4LYMz2Q0JXlb//4Ijpzp+kve2w4NIyqeAuM7jTDX+sNalzA8ESSaHD3A==:, proxy_sig=:S6ZzPXSdAMOPjN/6KXfXWNO/f7V6cHm7BXYUh3YD/fRad4BCaRZxP+JH+8XY1I6+8Cy+CM5g92iHgxtRPz+MjniOaYmdkDcnL9cCpXJleXsOckpURl49GwiyUpZ10KHgOEe11sx3G2gxI8S0jnxQB+Pu68U9vVcasqOWAEObtNKKZd8tSFu7LB5YAv0RAGhB8tmpv7sFnIm9y+7X5kXQfi8NMaZaA8i2ZHwpBdg7a6CMfwnnrtflzvZdXAsD3LH2TwevU+/PBPv0B6NMNk93wUs/vfJvye+YuI87HU38lZHowtznbLVdp770I6VHR6WfgS9ddzirrswsE1w5o0LV/g==:";
    let signed = || {
        let forwarded = "for=192.0.2.123;host=example.com;proto=https";
        let request = request().header("forwarded", forwarded);
        request
            .header("signature-input", input)
            .header("signature", signature)
    };
    let now = 1_618_884_485;
    let at_the_proxy = head(signed());
    let mut behind_it = head(signed());
    behind_it.uri = "https://origin.host.internal.example/foo?param=Value&Pet=dog"
        .parse()
        .unwrap();
    let (at_the_proxy, behind_it) = (
        Message::request(&at_the_proxy),
        Message::request(&behind_it),
    );
    assert_eq!(verdict(&at_the_proxy, "sig1", now), Ok(()));
    assert_eq!(verdict(&behind_it, "sig1", now), Err(Reason::Mismatch));
    assert_eq!(verdict(&behind_it, "proxy_sig", now), Ok(()));
    assert_eq!(
        verdict(&at_the_proxy, "proxy_sig", now),
        Err(Reason::Mismatch)
    );
    assert_eq!(
        verdict(&behind_it, "proxy_sig", 1_618_884_571),
        Err(Reason::Expired)
    );

    let any = verify(&behind_it, rfc_keys, &policy(), at(now)).unwrap();
    assert_eq!(
        any.label(),
        "proxy_sig",
        "the first is passed over, since it is not good here"
    );
}
