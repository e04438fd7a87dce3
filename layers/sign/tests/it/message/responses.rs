//! The layer that verifies responses.

use buttress_kernel::{Body, BoxError, Explain, Failure, Kind, Sent, Trail};
use buttress_sign::message::body::VerifiedBody;
use buttress_sign::message::content_digest::{CONTENT_DIGEST, DigestAlgorithm};
use buttress_sign::message::{
    Component, Message, MessageSigner, Policy, SignatureParams, SigningKey, Structure,
    VerifyResponseLayer,
};
use buttress_sign::{Reason, SignLayer, Unverified};
use buttress_testkit::{ManualWallClock, Scripted, Step};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt, service_fn};

use super::{CREATED, at, shared};
use crate::support::{listen, stream};

const URI: &str = "https://api.example.com/orders?page=2";

fn content() -> Component {
    Component::field(CONTENT_DIGEST)
}

/// All that the answer hangs on.
fn bound() -> Vec<Component> {
    let (method, uri) = (Component::method().req(), Component::target_uri().req());
    vec![Component::status(), content(), method, uri]
}

fn key() -> SigningKey {
    SigningKey::hmac_sha256(shared()).unwrap()
}

/// A server that signs what it answers to the request that it gets, and then changes it.
async fn answered(
    layer: &VerifyResponseLayer,
    covered: Vec<Component>,
    request: Request<Body>,
    change: impl Fn(&mut Response<Body>) + Clone + Send + 'static,
) -> Result<Response<VerifiedBody<Body>>, BoxError> {
    let signer = MessageSigner::new(key(), covered).unwrap();
    let signer = signer.key_id("server").unwrap();
    let server = service_fn(move |request: Request<Body>| {
        let (request, _) = request.into_parts();
        let mut response = Response::new(Body::from("tea"));
        let digest = DigestAlgorithm::Sha256.field(b"tea");
        response.headers_mut().insert(CONTENT_DIGEST, digest);
        let (mut head, body) = response.into_parts();
        let message = Message::response(&head).answering(&request);
        let signature = signer.sign_message(&message, at(CREATED)).unwrap();
        signature.insert_into(&mut head.headers).unwrap();
        let mut response = Response::from_parts(head, body);
        change(&mut response);
        async move { Ok::<_, BoxError>(response) }
    });
    layer.layer(server).oneshot(request).await
}

fn layer(policy: Vec<Component>) -> VerifyResponseLayer {
    let verifying = key().verifying_key();
    let keys =
        move |params: &SignatureParams| (params.key_id()? == "server").then(|| verifying.clone());
    let layer = VerifyResponseLayer::new(Policy::new(policy).unwrap(), keys);
    layer.wall_clock(ManualWallClock::at(at(CREATED + 5)))
}

fn get() -> Request<Body> {
    Request::get(URI).body(Body::empty()).unwrap()
}

fn reason(error: &BoxError) -> Reason {
    let failure = Failure::of(&**error);
    assert_eq!(failure.kind(), Kind::Unauthenticated);
    failure.find::<Unverified>().unwrap().reason()
}

/// The body, or why there is none, of a response that was changed on its way.
async fn changed(
    change: impl Fn(&mut Response<Body>) + Clone + Send + 'static,
) -> Result<String, Reason> {
    let response = answered(&layer(bound()), bound(), get(), change).await;
    let body = response.map_err(|error| reason(&error))?.into_body();
    let body = body.collect().await.map_err(|error| reason(&error))?;
    Ok(String::from_utf8(body.to_bytes().to_vec()).unwrap())
}

#[tokio::test]
async fn a_signed_response_passes_and_says_who_signed() {
    let response = answered(&layer(bound()), bound(), get(), |_| {})
        .await
        .unwrap();
    let params = response.extensions().get::<SignatureParams>().unwrap();
    assert_eq!(params.key_id(), Some("server"));
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "tea"
    );
}

#[tokio::test]
async fn a_response_without_a_good_signature_is_an_error() {
    let bare = |response: &mut Response<Body>| response.headers_mut().clear();
    assert_eq!(changed(bare).await, Err(Reason::Missing));
    let status = |response: &mut Response<Body>| *response.status_mut() = StatusCode::CREATED;
    assert_eq!(changed(status).await, Err(Reason::Mismatch));
    let garbled = |response: &mut Response<Body>| {
        let value = HeaderValue::from_static("sig1=(");
        response.headers_mut().insert("signature-input", value);
    };
    assert_eq!(changed(garbled).await, Err(Reason::Malformed));
    let late = layer(bound()).wall_clock(ManualWallClock::at(at(CREATED + 331)));
    let error = answered(&late, bound(), get(), |_| {}).await.unwrap_err();
    assert_eq!(reason(&error), Reason::Expired);
    assert_eq!(
        Failure::of(&*error).sent(),
        Sent::Yes,
        "the server has answered"
    );
}

#[tokio::test]
async fn a_body_that_is_not_the_one_that_was_signed_ends_in_an_error() {
    assert_eq!(changed(|_| {}).await, Ok("tea".to_owned()));
    assert_eq!(
        changed(|response| *response.body_mut() = stream("tea")).await,
        Ok("tea".to_owned())
    );
    for other in ["tee", "te", "coffee", ""] {
        let bytes = move |response: &mut Response<Body>| *response.body_mut() = Body::from(other);
        assert_eq!(changed(bytes).await, Err(Reason::OtherBody), "{other}");
        let streamed = move |response: &mut Response<Body>| *response.body_mut() = stream(other);
        assert_eq!(changed(streamed).await, Err(Reason::OtherBody), "{other}");
    }
}

#[tokio::test]
async fn a_digest_of_a_response_that_is_covered_with_a_parameter_is_compared_with_the_body_too() {
    for component in [content().sf(), content().bs(), content().key("sha-256")] {
        let covered = vec![Component::status(), component];
        let with = async |body: &'static str| {
            let change = move |response: &mut Response<Body>| *response.body_mut() = body.into();
            let response = answered(&layer(covered.clone()), covered.clone(), get(), change).await;
            let read = response.unwrap().into_body().collect().await;
            read.map(drop).map_err(|error| reason(&error))
        };
        assert_eq!(with("tea").await, Ok(()));
        assert_eq!(with("rum").await, Err(Reason::OtherBody));
    }
    // The digest of the request is not one of the response's content.
    let covered = vec![content().req()];
    let mut request = get();
    let digest = DigestAlgorithm::Sha256.field(b"");
    request.headers_mut().insert(CONTENT_DIGEST, digest);
    let change = |response: &mut Response<Body>| *response.body_mut() = "rum".into();
    let response = answered(&layer(covered.clone()), covered, request, change).await;
    assert!(response.unwrap().into_body().collect().await.is_ok());
}

/// A response to one request is none to another, however well it is signed.
#[tokio::test]
async fn a_response_is_bound_to_its_request() {
    let taken = answered(&layer(bound()), bound(), get(), |_| {})
        .await
        .unwrap();
    let (head, _) = taken.into_parts();
    let replayed = |request: Request<Body>| {
        let headers = head.headers.clone();
        let change =
            move |response: &mut Response<Body>| response.headers_mut().clone_from(&headers);
        async move {
            let end = answered(&layer(bound()), bound(), request, change).await;
            end.map(drop).map_err(|error| reason(&error))
        }
    };
    assert_eq!(replayed(get()).await, Ok(()));
    for (method, uri) in [
        (Method::GET, "https://api.example.com/orders?page=3"),
        (Method::GET, "https://eu.example.com/orders?page=2"),
        (Method::POST, URI),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .body(Body::empty());
        assert_eq!(
            replayed(request.unwrap()).await,
            Err(Reason::Mismatch),
            "{uri}"
        );
    }
    // Where the signature does not say what it answers, nobody can tell.
    let loose = vec![Component::status(), content()];
    let error = answered(&layer(bound()), loose, get(), |_| {})
        .await
        .unwrap_err();
    assert_eq!(reason(&error), Reason::Insufficient);
}

/// RFC 9421 §2.4: a response may cover the signature of its request, which is made further out.
#[tokio::test]
async fn a_response_may_cover_the_signature_of_its_request() {
    let signature = Component::field(HeaderName::from_static("signature"))
        .key("sig1")
        .req();
    let covered = || vec![Component::status(), signature.clone()];
    let sign = |secret: &str| {
        let key = SigningKey::hmac_sha256(secret).unwrap();
        let signer = MessageSigner::new(key, [Component::method()]).unwrap();
        SignLayer::any_origin(signer).wall_clock(ManualWallClock::at(at(CREATED)))
    };
    let server_signer = MessageSigner::new(key(), covered())
        .unwrap()
        .key_id("server")
        .unwrap();
    let server = service_fn(move |request: Request<Body>| {
        let (request, _) = request.into_parts();
        let (mut head, ()) = Response::new(()).into_parts();
        let message = Message::response(&head).answering(&request);
        let made = server_signer.sign_message(&message, at(CREATED)).unwrap();
        made.insert_into(&mut head.headers).unwrap();
        async move { Ok::<_, BoxError>(Response::from_parts(head, Body::empty())) }
    });
    let client = sign("a").layer(layer(covered()).layer(server));
    assert_eq!(client.oneshot(get()).await.unwrap().status(), 200);
}

/// What a HEAD or a 304 says of content is about another response's.
#[tokio::test]
async fn what_has_no_content_by_definition_must_have_none() {
    let not_modified = |covered: Vec<Component>| {
        covered
            .into_iter()
            .filter(|part| *part != Component::status())
            .collect::<Vec<_>>()
    };
    for (method, status) in [(Method::HEAD, 200), (Method::GET, 304)] {
        for (body, end) in [
            (Body::empty as fn() -> Body, Ok(())),
            (|| stream(""), Ok(())),
            (|| Body::from("tea"), Err(Reason::OtherBody)),
        ] {
            let request = Request::builder()
                .method(&method)
                .uri(URI)
                .body(Body::empty());
            let change = move |response: &mut Response<Body>| {
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                *response.body_mut() = body();
            };
            let covered = not_modified(bound());
            let layer = layer(covered.clone());
            let response = answered(&layer, covered, request.unwrap(), change).await;
            let read = response.unwrap().into_body().collect().await;
            assert_eq!(
                read.map(drop).map_err(|error| reason(&error)),
                end,
                "{method} {status}"
            );
        }
    }
}

#[tokio::test]
async fn a_request_without_a_scheme_and_a_field_of_unknown_structure_can_be_told() {
    let list = HeaderName::from_static("x-list");
    let covered = vec![
        Component::scheme().req(),
        Component::field(list.clone()).sf().req(),
    ];
    let request = || {
        let request = Request::get("/orders").header("x-list", "1,   2");
        request
            .header(header::HOST, "api.example.com")
            .body(Body::empty())
            .unwrap()
    };
    let signer = MessageSigner::new(key(), covered.clone()).unwrap();
    let signer = signer.key_id("server").unwrap();
    let server = service_fn(move |request: Request<Body>| {
        let (request, _) = request.into_parts();
        let types = [(HeaderName::from_static("x-list"), Structure::List)];
        let (mut head, ()) = Response::new(()).into_parts();
        let message = Message::response(&head).answering(&request);
        let message = message.scheme("https").structured(&types);
        let made = signer.sign_message(&message, at(CREATED)).unwrap();
        made.insert_into(&mut head.headers).unwrap();
        async move { Ok::<_, BoxError>(Response::from_parts(head, Body::empty())) }
    });
    let ask = async |layer: VerifyResponseLayer| {
        let end = layer.layer(server.clone()).oneshot(request()).await;
        end.map(drop).map_err(|error| reason(&error))
    };
    let known = || layer(covered.clone()).structured(list.clone(), Structure::List);
    assert_eq!(ask(known().scheme("https")).await, Ok(()));
    assert_eq!(ask(known().scheme("http")).await, Err(Reason::Mismatch));
    assert_eq!(ask(known()).await, Err(Reason::Malformed));
    assert_eq!(
        ask(layer(covered.clone()).scheme("https")).await,
        Err(Reason::Malformed)
    );
}

#[tokio::test]
async fn an_error_of_the_service_is_passed_on() {
    let server = Scripted::new([Step::error(|| "broken")]);
    let error = layer(bound())
        .layer(server)
        .oneshot(get())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "broken");
}

#[tokio::test]
async fn responses_that_are_verified_and_refused_are_told() {
    let (log, _guard) = listen();
    let explained = async |change: fn(&mut Response<Body>)| {
        let explain = Explain::new();
        let mut request = get();
        request.extensions_mut().insert(explain.clone());
        let end = answered(&layer(bound()), bound(), request, change).await;
        if let Ok(response) = end {
            assert_eq!(response.extensions().get::<Trail>(), Some(&explain.trail()));
        }
        explain.trail().summary()
    };
    assert_eq!(explained(|_| {}).await, "sign: response verified");
    let refused = explained(|response| response.headers_mut().clear()).await;
    assert_eq!(refused, "sign: response refused: missing");
    let log = log.text();
    assert!(
        log.contains("DEBUG buttress_sign: verified kind=\"response\"\n"),
        "{log}"
    );
    let refused = "proves nothing kind=\"response\" reason=\"missing\"\n";
    assert!(log.contains(refused), "{log}");
    assert!(!log.contains("page"), "{log}");
    let shown = format!("{:?}", layer(bound()));
    assert!(
        shown.starts_with("VerifyResponseLayer") && !shown.contains("keys"),
        "{shown}"
    );
}
