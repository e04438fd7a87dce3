//! The receiver as a layer.

use buttress_kernel::{Body, BoxError, Explain, Failure, Kind};
use buttress_sign::message::body::VerifiedBody;
use buttress_sign::message::content_digest::{CONTENT_DIGEST, DigestAlgorithm};
use buttress_sign::message::{
    Component, MessageSigner, Policy, SignatureParams, SigningKey, Structure, VerifyLayer,
};
use buttress_sign::{Reason, SignLayer, Unverified};
use buttress_testkit::ManualWallClock;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use tower::{Layer, ServiceExt, service_fn};

use super::{CREATED, at, shared};
use crate::support::{listen, stream};

const URI: &str = "https://api.example.com/orders?page=2";

fn covered() -> [Component; 2] {
    [Component::method(), Component::target_uri()]
}

fn signer() -> MessageSigner {
    let key = SigningKey::hmac_sha256(shared()).unwrap();
    let signer = MessageSigner::new(key, covered()).unwrap();
    signer.key_id("k").unwrap()
}

fn with_digest() -> MessageSigner {
    signer().content_digest(DigestAlgorithm::Sha256)
}

/// The request as it goes out.
async fn sent(signer: MessageSigner, request: Request<Body>) -> Request<Body> {
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let wire = service_fn(move |request: Request<Body>| {
        let sender = sender.clone();
        async move {
            sender.send(request).await.unwrap();
            Ok::<_, BoxError>(Response::new(Body::empty()))
        }
    });
    let layer = SignLayer::any_origin(signer).wall_clock(ManualWallClock::at(at(CREATED)));
    layer.layer(wire).oneshot(request).await.unwrap();
    receiver.recv().await.unwrap()
}

fn layer() -> VerifyLayer {
    let key = SigningKey::hmac_sha256(shared()).unwrap().verifying_key();
    let keys = move |params: &SignatureParams| (params.key_id()? == "k").then(|| key.clone());
    let layer = VerifyLayer::new(Policy::new(covered()).unwrap(), keys);
    layer.wall_clock(ManualWallClock::at(at(CREATED + 5)))
}

fn post(body: impl Into<Body>) -> Request<Body> {
    Request::post(URI).body(body.into()).unwrap()
}

/// Reads the whole body, and says who signed.
async fn handler(request: Request<VerifiedBody<Body>>) -> Result<Response<String>, BoxError> {
    let who = request.extensions().get::<SignatureParams>().unwrap();
    let who = who.key_id().unwrap().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    Ok(Response::new(format!(
        "{who}: {}",
        String::from_utf8_lossy(&body)
    )))
}

async fn received(layer: &VerifyLayer, request: Request<Body>) -> Result<String, Reason> {
    let end = layer.layer(service_fn(handler)).oneshot(request).await;
    end.map(Response::into_body).map_err(|error| {
        let failure = Failure::of(&*error);
        assert_eq!(failure.kind(), Kind::Unauthenticated);
        failure.find::<Unverified>().unwrap().reason()
    })
}

#[tokio::test]
async fn a_signed_request_passes_and_says_who_signed() {
    let request = sent(signer(), post("tea")).await;
    assert_eq!(received(&layer(), request).await, Ok("k: tea".to_owned()));
}

#[tokio::test]
async fn a_request_without_a_good_signature_does_not_reach_the_server() {
    let never = service_fn(|_: Request<VerifiedBody<Body>>| async {
        panic!("it was passed on");
        #[allow(unreachable_code, reason = "says which type it would be")]
        Ok::<Response<Body>, BoxError>(Response::new(Body::empty()))
    });
    let refused = async |request| {
        let error = layer().layer(never).oneshot(request).await.unwrap_err();
        Failure::of(&*error).find::<Unverified>().unwrap().reason()
    };
    assert_eq!(refused(post("tea")).await, Reason::Missing);
    let mut request = sent(signer(), post("tea")).await;
    *request.method_mut() = http::Method::PUT;
    assert_eq!(refused(request).await, Reason::Mismatch);
    // The digest of an end that is there already is checked before anybody is asked.
    let mut request = sent(with_digest(), post("tea")).await;
    *request.body_mut() = Body::empty();
    assert_eq!(refused(request).await, Reason::OtherBody);
}

#[tokio::test]
async fn a_body_is_compared_with_its_digest_while_it_is_read() {
    let digest = Policy::new([Component::field(CONTENT_DIGEST)]).unwrap();
    let key = SigningKey::hmac_sha256(shared()).unwrap().verifying_key();
    let layer = VerifyLayer::new(digest, move |_: &SignatureParams| Some(key.clone()));
    let layer = layer.wall_clock(ManualWallClock::at(at(CREATED)));
    let with = async |body: Body| {
        let mut request = sent(with_digest(), post("tea")).await;
        *request.body_mut() = body;
        received(&layer, request).await
    };
    assert_eq!(with(Body::from("tea")).await, Ok("k: tea".to_owned()));
    assert_eq!(with(stream("tea")).await, Ok("k: tea".to_owned()));
    for other in ["tee", "te", "tea ", "coffee"] {
        assert_eq!(with(Body::from(other)).await, Err(Reason::OtherBody));
        assert_eq!(with(stream(other)).await, Err(Reason::OtherBody));
    }
    let request = sent(signer(), post("tea")).await;
    assert_eq!(received(&layer, request).await, Err(Reason::Insufficient));
}

/// RFC 9421 §2.1.1 to §2.1.3: the same field in another form is the same field.
#[tokio::test]
async fn a_digest_that_is_covered_with_a_parameter_is_compared_with_the_body_too() {
    let content = || Component::field(CONTENT_DIGEST);
    for component in [content().sf(), content().bs(), content().key("sha-256")] {
        let key = SigningKey::hmac_sha256(shared()).unwrap();
        let signer = MessageSigner::new(key, [covered().to_vec(), vec![component]].concat());
        let signer = signer.unwrap().key_id("k").unwrap();
        let mut request = post("tea");
        let digest = DigestAlgorithm::Sha256.field(b"tea");
        request.headers_mut().insert(CONTENT_DIGEST, digest);
        let (head, _) = sent(signer, request).await.into_parts();
        let right = Request::from_parts(head.clone(), Body::from("tea"));
        assert_eq!(received(&layer(), right).await, Ok("k: tea".to_owned()));
        let wrong = Request::from_parts(head, Body::from("rum"));
        assert_eq!(received(&layer(), wrong).await, Err(Reason::OtherBody));
    }
}

/// RFC 9530 §2: the field is a dictionary, and a signature over one member says nothing of the others.
#[tokio::test]
async fn members_of_the_digest_that_are_not_covered_count_for_nothing() {
    let with = async |keys: &'static [&'static str], digest: String, body: &'static str| {
        let content = keys
            .iter()
            .map(|key| Component::field(CONTENT_DIGEST).key(*key));
        let covered = covered().into_iter().chain(content);
        let key = SigningKey::hmac_sha256(shared()).unwrap();
        let signer = MessageSigner::new(key, covered)
            .unwrap()
            .key_id("k")
            .unwrap();
        let mut request = post(body);
        let digest = HeaderValue::try_from(digest).unwrap();
        request.headers_mut().insert(CONTENT_DIGEST, digest);
        received(&layer(), sent(signer, request).await).await
    };
    let sha256 = |body: &str| {
        let value = DigestAlgorithm::Sha256.field(body.as_bytes());
        value.to_str().unwrap().to_owned()
    };
    let sha512 = |body: &str| {
        let value = DigestAlgorithm::Sha512.field(body.as_bytes());
        value.to_str().unwrap().to_owned()
    };
    let md5 = |rest: String| format!("md5=:AAAAAAAAAAAAAAAAAAAAAA==:, {rest}");
    let added = with(&["md5"], md5(sha256("rum")), "rum").await;
    assert_eq!(added, Err(Reason::Insufficient));
    // Another one's member, right or wrong, is not ours to judge by.
    let both = format!("{}, {}", sha256("tea"), sha512("rum"));
    let one = with(&["sha-256"], both.clone(), "tea").await;
    assert_eq!(one, Ok("k: tea".to_owned()));
    let one = with(&["sha-256"], both.clone(), "rum").await;
    assert_eq!(one, Err(Reason::OtherBody));
    let two = with(&["sha-256", "sha-512"], both, "tea").await;
    assert_eq!(two, Err(Reason::OtherBody));
    let known = with(&["md5", "sha-256"], md5(sha256("tea")), "tea").await;
    assert_eq!(known, Ok("k: tea".to_owned()));
}

fn in_parts(parts: &'static [&'static str]) -> Body {
    let frames = parts
        .iter()
        .map(|part| Ok::<_, BoxError>(http_body::Frame::data(Bytes::from_static(part.as_bytes()))));
    Body::stream(StreamBody::new(futures_util::stream::iter(frames)))
}

#[tokio::test]
async fn a_body_in_parts_is_one_body_and_what_came_before_its_end_is_passed_on() {
    let request = async |parts| {
        let mut request = sent(with_digest(), post("tea and milk")).await;
        *request.body_mut() = in_parts(parts);
        request
    };
    let good = request(&["tea", " and ", "", "milk"]).await;
    assert_eq!(
        received(&layer(), good).await,
        Ok("k: tea and milk".to_owned())
    );

    // Nothing is held back, and the end is an error that stays the end.
    let bad = request(&["tea", " and ", "rum"]).await;
    let read = service_fn(|request: Request<VerifiedBody<Body>>| async {
        let mut body = request.into_body();
        let mut read = Vec::new();
        while let Some(frame) = body.frame().await {
            read.push(match frame {
                Ok(frame) => String::from_utf8_lossy(frame.data_ref().unwrap()).into_owned(),
                Err(error) => format!("error: {error}"),
            });
        }
        Ok::<_, BoxError>(Response::new(read))
    });
    let read = layer().layer(read).oneshot(bad).await.unwrap().into_body();
    let wrong = "error: the body is not the one that was signed";
    assert_eq!(read, ["tea", " and ", "rum", wrong]);
}

#[tokio::test]
async fn a_server_that_knows_its_scheme_verifies_a_target_without_one() {
    let mut request = sent(signer(), post("")).await;
    *request.uri_mut() = "/orders?page=2".parse().unwrap();
    let host = HeaderValue::from_static("api.example.com");
    request.headers_mut().insert("host", host);
    let again = || {
        let mut copy = Request::post(request.uri().clone());
        *copy.headers_mut().unwrap() = request.headers().clone();
        copy.body(Body::empty()).unwrap()
    };
    let with = async |scheme| received(&layer().scheme(scheme), again()).await;
    assert_eq!(with("https").await, Ok("k: ".to_owned()));
    assert_eq!(with("http").await, Err(Reason::Mismatch));
    assert_eq!(received(&layer(), again()).await, Err(Reason::Malformed));
}

#[tokio::test]
async fn the_structure_of_a_field_can_be_told() {
    let name = HeaderName::from_static("x-list");
    let component = || Component::field(name.clone()).sf();
    let key = || SigningKey::hmac_sha256(shared()).unwrap();
    let signer = MessageSigner::new(key(), [component()]).unwrap();
    let signer = signer.structured(name.clone(), Structure::List);
    let mut request = post("");
    request
        .headers_mut()
        .insert(&name, HeaderValue::from_static("1,   2"));
    let mut request = sent(signer.key_id("k").unwrap(), request).await;
    // A proxy may write it otherwise.
    request
        .headers_mut()
        .insert(&name, HeaderValue::from_static("1, 2"));
    let policy = Policy::new([component()]).unwrap();
    let verifying = key().verifying_key();
    let layer = VerifyLayer::new(policy, move |_: &SignatureParams| Some(verifying.clone()));
    let layer = layer.wall_clock(ManualWallClock::at(at(CREATED)));
    let layer = layer.structured(name.clone(), Structure::List);
    assert_eq!(received(&layer, request).await, Ok("k: ".to_owned()));
}

#[tokio::test]
async fn what_is_verified_and_refused_is_told() {
    let (log, _guard) = listen();
    let explain = Explain::new();
    let mut request = sent(signer(), post("tea")).await;
    request.extensions_mut().insert(explain.clone());
    received(&layer(), request).await.unwrap();
    let mut request = post("tea");
    request.extensions_mut().insert(explain.clone());
    received(&layer(), request).await.unwrap_err();
    let log = log.text();
    assert!(
        log.contains("DEBUG buttress_sign: verified kind=\"request\"\n"),
        "{log}"
    );
    let refused = "WARN buttress_sign: refused: the signature proves nothing kind=\"request\" reason=\"missing\"\n";
    assert!(log.contains(refused), "{log}");
    assert_eq!(
        explain.trail().summary(),
        "sign: request verified; sign: request refused: missing"
    );
    assert!(!format!("{:?}", layer()).contains("keys"));
}
