use buttress_auth::{AuthLayer, Carrier, Credential, InvalidCredential, Origins};
use buttress_kernel::{Body, Failure, Kind, Sent};
use buttress_testkit::{Call, Scripted, Step};
use http::header::{AUTHORIZATION, COOKIE, HeaderName};
use http::{HeaderValue, Request};
use tower::{Layer, ServiceExt};

use crate::support::*;

async fn sent(layer: AuthLayer, request: Request<Body>) -> Call {
    let server = Scripted::new([Step::ok()]);
    layer.layer(server.clone()).oneshot(request).await.unwrap();
    server.calls().remove(0)
}

async fn sent_with(credential: Credential) -> Call {
    sent(layer(credential), get()).await
}

#[tokio::test]
async fn jp07_a_bearer_token_is_sent_and_marked_as_sensitive() {
    let call = sent_with(Credential::bearer("mF_9.B5f-4.1JqM").unwrap()).await;
    assert_eq!(call.header("authorization"), Some("Bearer mF_9.B5f-4.1JqM"));
    assert!(call.headers[AUTHORIZATION].is_sensitive());
}

#[tokio::test]
async fn basic_credentials_are_utf_8_in_base64() {
    for (user, password, value) in [
        (
            "Aladdin",
            "open sesame",
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        ),
        ("test", "123\u{a3}", "Basic dGVzdDoxMjPCow=="),
        ("a", "b:c", "Basic YTpiOmM="),
        ("key", "", "Basic a2V5Og=="),
    ] {
        let call = sent_with(Credential::basic(user, password).unwrap()).await;
        assert_eq!(call.header("authorization"), Some(value));
        assert!(call.headers[AUTHORIZATION].is_sensitive());
    }
}

#[tokio::test]
async fn ic14_jp08_an_api_key_goes_in_its_header() {
    let call = sent_with(Credential::api_key("X-API-Key", "3f 9a").unwrap()).await;
    assert_eq!(call.header("x-api-key"), Some("3f 9a"));
    assert!(call.headers["x-api-key"].is_sensitive());
    assert_eq!(call.header("authorization"), None);
}

#[tokio::test]
async fn ic14_several_credentials_go_together() {
    let version = HeaderName::from_static("vendor-version");
    let all = Credential::bearer("a")
        .unwrap()
        .and(Credential::api_key("x-service-key", "b").unwrap())
        .and(Credential::header(version, "2024-06-20").unwrap())
        .and(Credential::cookie("sid", "c").unwrap())
        .and(Credential::query("key", "d").unwrap());
    let call = sent_with(all).await;
    assert_eq!(call.header("authorization"), Some("Bearer a"));
    assert_eq!(call.header("x-service-key"), Some("b"));
    assert_eq!(call.header("vendor-version"), Some("2024-06-20"));
    assert_eq!(call.header("cookie"), Some("sid=c"));
    assert_eq!(call.uri.query(), Some("full=yes&key=d"));
}

#[tokio::test]
async fn of_two_credentials_for_one_header_the_first_wins() {
    let two = Credential::bearer("a")
        .unwrap()
        .and(Credential::bearer("b").unwrap());
    assert_eq!(
        sent_with(two).await.header("authorization"),
        Some("Bearer a")
    );
}

#[tokio::test]
async fn a_parameter_is_percent_encoded_and_joins_the_query() {
    let key = Credential::query("a key", "ä&=+ /?#~").unwrap();
    for (uri, expected) in [
        ("https://api.example.com/p", "https://api.example.com/p?"),
        ("https://api.example.com", "https://api.example.com/?"),
        (
            "https://api.example.com/p?x=1",
            "https://api.example.com/p?x=1&",
        ),
        ("https://api.example.com/p?", "https://api.example.com/p?"),
        (
            "https://api.example.com/p?x=%20&y",
            "https://api.example.com/p?x=%20&y&",
        ),
    ] {
        let request = Request::get(uri).body(Body::empty()).unwrap();
        let call = sent(layer(key.clone()), request).await;
        let expected = format!("{expected}a%20key=%C3%A4%26%3D%2B%20%2F%3F%23~");
        assert_eq!(call.uri.to_string(), expected);
    }
}

#[tokio::test]
async fn a_cookie_joins_those_of_the_request_in_one_field() {
    let sid = Credential::cookie("sid", "31d4d96e").unwrap();
    let request = request()
        .header(COOKIE, "lang=en; theme=dark")
        .header(COOKIE, "x=y")
        .body(Body::empty())
        .unwrap();
    let call = sent(layer(sid), request).await;
    let cookies: Vec<_> = call.headers.get_all(COOKIE).iter().collect();
    assert_eq!(cookies, ["lang=en; theme=dark; x=y; sid=31d4d96e"]);
    assert!(cookies[0].is_sensitive());
}

fn own() -> Request<Body> {
    Request::get("https://api.example.com/?key=own&other=1")
        .header(AUTHORIZATION, "Bearer own")
        .header("x-api-key", "own")
        .header(COOKIE, "sid=own; lang=en")
        .body(Body::empty())
        .unwrap()
}

fn ours() -> Credential {
    Credential::bearer("ours")
        .unwrap()
        .and(Credential::api_key("x-api-key", "ours").unwrap())
        .and(Credential::cookie("sid", "ours").unwrap())
        .and(Credential::query("key", "ours").unwrap())
}

#[tokio::test]
async fn what_a_request_has_itself_stays() {
    let call = sent(layer(ours()), own()).await;
    assert_eq!(call.header("authorization"), Some("Bearer own"));
    assert_eq!(call.header("x-api-key"), Some("own"));
    assert_eq!(call.header("cookie"), Some("sid=own; lang=en"));
    assert_eq!(call.uri.query(), Some("key=own&other=1"));
}

#[tokio::test]
async fn what_a_request_has_itself_is_overwritten_on_demand() {
    let call = sent(layer(ours()).overwrite(true), own()).await;
    assert_eq!(call.header("authorization"), Some("Bearer ours"));
    assert_eq!(call.header("x-api-key"), Some("ours"));
    assert_eq!(call.header("cookie"), Some("lang=en; sid=ours"));
    assert_eq!(call.uri.query(), Some("other=1&key=ours"));
}

#[tokio::test]
async fn ap28_several_credentials_share_one_header() {
    let joined = Credential::custom("joined", |carrier: &mut Carrier<'_>| {
        assert_eq!(carrier.method, http::Method::GET);
        assert_eq!(carrier.uri.path(), "/things");
        let own = carrier.headers.get(AUTHORIZATION);
        let own = own.and_then(|own| own.to_str().ok()).unwrap_or("");
        let all = format!("Basic Y2xpZW50, {own}, Bearer session");
        let value = HeaderValue::try_from(all).unwrap();
        carrier.headers.insert(AUTHORIZATION, value);
    });
    let request = request()
        .header(AUTHORIZATION, "Api own")
        .body(Body::empty())
        .unwrap();
    let call = sent(layer(joined), request).await;
    let all = "Basic Y2xpZW50, Api own, Bearer session";
    assert_eq!(call.header("authorization"), Some(all));
}

#[tokio::test]
async fn a_request_that_has_no_room_fails_unsent() {
    let query = Credential::query("key", "value").unwrap();
    let server = Scripted::new([Step::ok()]);
    let layer = AuthLayer::new(query, Origins::any().relative());
    let request = Request::options("*").body(Body::empty()).unwrap();
    let error = layer
        .layer(server.clone())
        .oneshot(request)
        .await
        .unwrap_err();
    let failure = Failure::of(&*error);
    assert_eq!((failure.kind(), failure.sent()), (Kind::Request, Sent::No));
    assert_eq!(
        error.to_string(),
        "the request has no room for its credentials"
    );
    assert!(server.calls().is_empty());
}

/// What is refused, with the beginning of the reason.
fn refused(end: Result<Credential, InvalidCredential>, reason: &str) {
    let error = end.expect_err(reason);
    assert!(error.to_string().contains(reason), "{error}");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn w27_a_credential_that_cannot_be_sent_is_never_made() {
    let control = "control characters";
    refused(Credential::bearer(""), "must not be empty");
    refused(Credential::bearer("s3cret\n"), control);
    refused(Credential::bearer("s3cret s3cret"), "one word");
    refused(Credential::bearer("s3crét"), "one word");
    refused(Credential::basic("", "s3cret"), "must not be empty");
    refused(Credential::basic("s3cret:x", "s3cret"), "colon");
    refused(Credential::basic("s3cret\u{0}", "s3cret"), control);
    refused(Credential::basic("user", "s3cret\r\n"), control);
    refused(Credential::api_key("no header", "s3cret"), "not a name");
    refused(Credential::api_key("", "s3cret"), "not a name");
    refused(Credential::api_key("x", ""), "must not be empty");
    refused(Credential::api_key("x", "s3cret\r\nevil: 1"), control);
    refused(Credential::api_key("x", "s3cret\t"), control);
    refused(Credential::api_key("x", " s3cret"), "end with a space");
    refused(Credential::api_key("x", "s3cret "), "end with a space");
    refused(Credential::query("", "s3cret"), "not a name");
    refused(Credential::query("x", ""), "must not be empty");
    refused(Credential::query("x", "s3cret\u{7f}"), control);
    refused(Credential::cookie("a=b", "s3cret"), "not a name");
    refused(Credential::cookie("a", ""), "must not be empty");
    refused(Credential::cookie("a", "s3cret; b=c"), "semicolons");
    refused(Credential::cookie("a", "s3cr\u{e9}t"), "cookie's value");
    refused(Credential::cookie("a", "s3cret\n"), control);
}

#[tokio::test]
async fn a_parameter_of_the_same_name_is_known_however_it_is_encoded() {
    for (key, own) in [
        (Credential::query("key", "ours"), "%6Bey=own"),
        (Credential::query("api[key]", "ours"), "api[key]=own"),
        (Credential::query("api[key]", "ours"), "api%5bkey%5D=own"),
    ] {
        let key = key.unwrap();
        let request = || {
            let uri = format!("https://api.example.com/p?{own}");
            Request::get(uri).body(Body::empty()).unwrap()
        };
        let call = sent(layer(key.clone()), request()).await;
        assert_eq!(call.uri.query(), Some(own), "it stays");
        let call = sent(layer(key).overwrite(true), request()).await;
        let query = call.uri.query().unwrap();
        assert!(
            query.ends_with("=ours") && !query.contains("own"),
            "{query}"
        );
    }
}
