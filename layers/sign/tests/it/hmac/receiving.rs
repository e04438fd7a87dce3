//! HMAC as its receiver sees it.

use super::*;

#[test]
fn a_signature_is_good_for_as_long_as_clocks_may_differ() {
    let head = signed(&hmac(), b"tea");
    let at = |now| verdict(&hmac(), &head, b"tea", now);
    let over = TOLERANCE + Duration::from_secs(1);
    assert_eq!(at(now() + TOLERANCE), Ok(()));
    assert_eq!(at(now() + over), Err(Reason::Expired));
    assert_eq!(at(now() - TOLERANCE), Ok(()));
    assert_eq!(at(now() - over), Err(Reason::NotYetValid));
}

#[test]
fn a_receiver_goes_by_the_target_and_by_host_where_the_target_says_nothing() {
    let hmac = hmac();
    let host = |head: &mut Parts, value| {
        let value = HeaderValue::from_static(value);
        head.headers.insert("host", value);
    };
    let mut absolute = signed(&hmac, b"tea");
    host(&mut absolute, "evil.example");
    assert_eq!(verdict(&hmac, &absolute, b"tea", now()), Ok(()));
    absolute.uri = "https://evil.example/orders?page=2".parse().unwrap();
    host(&mut absolute, "api.example.com");
    assert_eq!(
        verdict(&hmac, &absolute, b"tea", now()),
        Err(Reason::Mismatch)
    );

    let mut origin = signed(&hmac, b"tea");
    origin.uri = "/orders?page=2".parse().unwrap();
    host(&mut origin, "api.example.com");
    assert_eq!(verdict(&hmac, &origin, b"tea", now()), Ok(()));
    host(&mut origin, "evil.example");
    assert_eq!(
        verdict(&hmac, &origin, b"tea", now()),
        Err(Reason::Mismatch)
    );
}

#[test]
fn a_receiver_that_knows_the_scheme_knows_the_usual_port() {
    let mut head = signed(&hmac(), b"tea");
    head.uri = "/orders?page=2".parse().unwrap();
    let host = HeaderValue::from_static("api.example.com:443");
    head.headers.insert("host", host);
    let with = |hmac: Hmac, head: &Parts| verdict(&hmac, head, b"tea", now());
    assert_eq!(with(hmac(), &head), Err(Reason::Mismatch));
    assert_eq!(with(hmac().uri_scheme("https"), &head), Ok(()));
    assert_eq!(
        with(hmac().uri_scheme("http"), &head),
        Err(Reason::Mismatch)
    );
    head.uri = "http://api.example.com:443/orders?page=2".parse().unwrap();
    assert_eq!(with(hmac().uri_scheme("https"), &head), Ok(()));

    // The client of somebody who begins TLS for it.
    let mut head = post();
    head.uri = "http://api.example.com/orders?page=2".parse().unwrap();
    let host = HeaderValue::from_static("api.example.com:443");
    head.headers.insert("host", host);
    hmac()
        .sign(&mut head, Payload::Bytes(b"tea"), now())
        .unwrap_err();
    let sidecar = hmac().uri_scheme("https");
    sidecar
        .sign(&mut head, Payload::Bytes(b"tea"), now())
        .unwrap();
}

#[test]
fn a_receiver_tells_what_is_wrong_with_a_signature() {
    let spoil = |change: fn(&mut Parts)| {
        let mut head = signed(&hmac(), b"tea");
        change(&mut head);
        verdict(&hmac(), &head, b"tea", now())
    };
    let missing = |head: &mut Parts| drop(head.headers.remove("x-signature"));
    let undated = |head: &mut Parts| drop(head.headers.remove("date"));
    let twice = |head: &mut Parts| {
        let again = head.headers["x-signature"].clone();
        head.headers.append("x-signature", again);
    };
    let no_digits = |head: &mut Parts| {
        head.headers
            .insert("x-signature", HeaderValue::from_static("zz"));
    };
    let no_date = |head: &mut Parts| {
        head.headers
            .insert("date", HeaderValue::from_static("today"));
    };
    let short = |head: &mut Parts| {
        head.headers
            .insert("x-signature", HeaderValue::from_static("00"));
    };
    assert_eq!(spoil(missing), Err(Reason::Missing));
    assert_eq!(spoil(undated), Err(Reason::Missing));
    assert_eq!(spoil(twice), Err(Reason::Malformed));
    assert_eq!(spoil(no_digits), Err(Reason::Malformed));
    assert_eq!(spoil(no_date), Err(Reason::Malformed));
    assert_eq!(spoil(short), Err(Reason::Mismatch));
    assert_eq!(
        spoil(|head| head.method = http::Method::PUT),
        Err(Reason::Mismatch)
    );
    assert_eq!(
        spoil(|head| head.uri = "/orders?page=2".parse().unwrap()),
        Err(Reason::Malformed),
        "nobody says for whom it is"
    );

    let other = Hmac::sha256("another key").unwrap();
    let head = signed(&hmac(), b"tea");
    assert_eq!(verdict(&other, &head, b"tea", now()), Err(Reason::Mismatch));
    assert_eq!(
        verdict(&hmac(), &head, b"tee", now()),
        Err(Reason::Mismatch)
    );
}

#[test]
fn a_covered_header_that_is_missing_makes_a_request_malformed() {
    let hmac = hmac().parts([Part::Header(name("x-a"))]).unwrap();
    let mut head = signed(&hmac, b"");
    head.headers.remove("x-a");
    assert_eq!(verdict(&hmac, &head, b"", now()), Err(Reason::Malformed));
}

#[test]
fn a_digest_in_a_header_is_compared_with_the_body() {
    let hmac = hmac()
        .parts([Part::Header(name("x-digest"))])
        .unwrap()
        .digest_header(name("x-digest"));
    let head = signed(&hmac, b"tea");
    assert_eq!(verdict(&hmac, &head, b"tea", now()), Ok(()));
    assert_eq!(verdict(&hmac, &head, b"tee", now()), Err(Reason::OtherBody));
}

fn covering_all() -> Hmac {
    let parts = [
        Part::Method,
        Part::PathAndQuery,
        Part::Authority,
        Part::Header(name("x-a")),
        Part::Date,
        Part::BodyDigest,
    ];
    hmac().parts(parts).unwrap()
}

proptest! {
    #[test]
    fn whatever_is_signed_verifies_and_no_part_can_be_changed(
        method in "[A-Z]{1,8}",
        path in "/[a-z0-9/%._-]{0,20}",
        query in "[a-z0-9=&%._-]{0,20}",
        header in "[ -~]{0,20}",
        body: Vec<u8>,
        which in 0_usize..6,
    ) {
        let hmac = covering_all();
        let request = Request::builder()
            .method(method.as_str())
            .uri(format!("https://api.example.com{path}?{query}"))
            .header("x-a", header.as_str())
            .body(())
            .unwrap();
        let mut head = head(request);
        hmac.sign(&mut head, Payload::Bytes(&body), now()).unwrap();
        prop_assert_eq!(verdict(&hmac, &head, &body, now()), Ok(()));

        let mut body = body;
        match which {
            0 => head.method = http::Method::from_bytes(format!("{method}X").as_bytes()).unwrap(),
            1 => head.uri = format!("https://api.example.com{path}x?{query}").parse().unwrap(),
            2 => head.uri = format!("https://api.example.org{path}?{query}").parse().unwrap(),
            3 => drop(head.headers.append("x-a", HeaderValue::from_static("more"))),
            4 => drop(head.headers.insert("date", HeaderValue::from_static("Sun, 15 Jun 2025 12:00:01 GMT"))),
            _ => body.push(0),
        }
        prop_assert_eq!(verdict(&hmac, &head, &body, now()), Err(Reason::Mismatch));
    }

    #[test]
    fn no_received_request_makes_a_receiver_panic(
        signature: Vec<u8>,
        date: Vec<u8>,
        uri in "[ -~]{0,30}",
        body: Vec<u8>,
    ) {
        let mut head = post();
        for (name, value) in [("x-signature", signature), ("date", date)] {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                head.headers.insert(name, value);
            }
        }
        if let Ok(uri) = uri.parse() {
            head.uri = uri;
        }
        for hmac in [hmac(), covering_all().prefix(HeaderValue::from_static("x")).encoding(Encoding::Base64Url)] {
            prop_assert!(verdict(&hmac, &head, &body, now()).is_err());
        }
    }
}
