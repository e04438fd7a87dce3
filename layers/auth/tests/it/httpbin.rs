//! Against httpbin, a real server that says what it got. Skipped where it is not installed.

use buttress_auth::{Auth, AuthLayer, Credential, Credentials, Origins};
use buttress_kernel::Body;
use buttress_testkit::peer::{Peer, Wire};
use http::{Request, Response};
use tower::{Layer, ServiceExt};

use crate::secrets;
use crate::support::{Fetch, Issuer, usual};

fn service(server: &Peer, credentials: impl Into<Credentials>) -> Auth<Wire> {
    secrets::guard();
    let origins = Origins::only(server.base()).unwrap();
    AuthLayer::new(credentials, origins).layer(Wire)
}

async fn get(service: &Auth<Wire>, url: &str) -> Response<Body> {
    let request = Request::get(url).body(Body::empty()).unwrap();
    service.clone().oneshot(request).await.unwrap()
}

async fn status(server: &Peer, credential: &Credential, path: &str) -> u16 {
    let service = service(server, credential.clone());
    get(&service, &server.url(path)).await.status().as_u16()
}

/// What httpbin says of the request, without white space.
async fn told(server: &Peer, credentials: impl Into<Credentials>, path: &str) -> String {
    let response = get(&service(server, credentials), &server.url(path)).await;
    assert_eq!(response.status(), 200, "{path}");
    let body = response.body().as_bytes().unwrap();
    let text = std::str::from_utf8(body).unwrap();
    text.split_whitespace().collect()
}

#[tokio::test]
async fn ic14_a_name_and_a_password_are_accepted_and_wrong_ones_are_not() {
    let Some(server) = Peer::python("httpbin") else {
        return;
    };
    let right = Credential::basic("ada", "secret pass~word").unwrap();
    let wrong = Credential::basic("ada", "secret").unwrap();
    let path = "/basic-auth/ada/secret%20pass~word";
    assert_eq!(status(&server, &right, path).await, 200);
    assert_eq!(status(&server, &wrong, path).await, 401);
    let hidden = "/hidden-basic-auth/ada/secret%20pass~word";
    assert_eq!(status(&server, &right, hidden).await, 200);
    assert_eq!(status(&server, &wrong, hidden).await, 404);
}

#[tokio::test]
async fn ic11_jp07_a_token_of_a_source_is_accepted_as_a_bearer_token() {
    let Some(server) = Peer::python("httpbin") else {
        return;
    };
    let tokens = usual(&Issuer::new([Fetch::Endless]));
    let said = told(&server, tokens, "/bearer").await;
    assert_eq!(said, r#"{"authenticated":true,"token":"secret-token-1"}"#);
    let key = Credential::api_key("x-api-key", "secret-key").unwrap();
    assert_eq!(status(&server, &key, "/bearer").await, 401, "that is none");
}

#[tokio::test]
async fn jp08_keys_arrive_in_the_header_the_parameter_and_the_cookie_that_they_are_for() {
    let Some(server) = Peer::python("httpbin") else {
        return;
    };
    let key = Credential::api_key("x-api-key", "secret-key").unwrap();
    let said = told(&server, key, "/headers").await;
    assert!(said.contains(r#""X-Api-Key":"secret-key""#), "{said}");
    let key = Credential::query("api key", "secret&=% key").unwrap();
    let said = told(&server, key, "/get?full=yes").await;
    assert!(
        said.contains(r#""args":{"apikey":"secret&=%key","full":"yes"}"#),
        "{said}"
    );
    let key = Credential::cookie("session", "secret-cookie").unwrap();
    let said = told(&server, key, "/cookies").await;
    assert!(
        said.contains(r#""cookies":{"session":"secret-cookie"}"#),
        "{said}"
    );
}

#[tokio::test]
async fn w03_w28_an_endpoint_that_rejects_everybody_costs_one_fetch_while_others_accept() {
    let Some(server) = Peer::python("httpbin") else {
        return;
    };
    let issuer = Issuer::new([Fetch::Endless]);
    let service = service(&server, usual(&issuer));
    for _ in 0..20 {
        let good = get(&service, &server.url("/bearer")).await;
        let bad = get(&service, &server.url("/status/401")).await;
        assert_eq!((good.status().as_u16(), bad.status().as_u16()), (200, 401));
    }
    // One at the start, one for the first rejection, and one more if this takes longer than a second.
    assert!((2..=3).contains(&issuer.fetches()), "{}", issuer.fetches());
}
