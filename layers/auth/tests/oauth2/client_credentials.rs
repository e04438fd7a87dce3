//! The client credentials grant, and how a client says who it is.

use buttress_auth::oauth2::{ClientAuth, ClientCredentials, TokenEndpoint};
use buttress_auth::{AuthLayer, Origins, Token, TokenSource, Tokens};
use buttress_kernel::Body;
use buttress_testkit::Scripted;
use http::Request;
use tower::{Layer, ServiceExt};

use crate::support::{
    TOKEN_URL, client, endpoint, endpoint_of, form, granted, hidden, params, secs, was_told,
};

async fn fetch(source: &impl TokenSource) -> Token {
    source.fetch(None).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn w51_basic_credentials_are_form_encoded_and_an_empty_scope_is_not_sent() {
    let server = Scripted::new([granted("")]);
    let client = ClientAuth::basic("robot:ü", "secret +%/:é").unwrap();
    hidden(&client);
    fetch(&ClientCredentials::new(endpoint_of(&server, client)).scope(" ")).await;

    let call = &server.calls()[0];
    // robot%3A%C3%BC:secret+%2B%25%2F%3A%C3%A9
    let encoded = "Basic cm9ib3QlM0ElQzMlQkM6c2VjcmV0KyUyQiUyNSUyRiUzQSVDMyVBOQ==";
    assert_eq!(call.header("authorization"), Some(encoded));
    assert!(call.headers["authorization"].is_sensitive());
    assert_eq!(form(call), params([("grant_type", "client_credentials")]));
    assert_eq!(call.uri, TOKEN_URL);
}

#[tokio::test(start_paused = true)]
async fn a_secret_may_be_posted() {
    let server = Scripted::new([granted("")]);
    let source = ClientCredentials::new(endpoint(&server))
        .scope("read")
        .scope("write admin")
        .param("audience", "secret-audience");
    hidden(&source);
    fetch(&source).await;

    let call = &server.calls()[0];
    assert_eq!(call.header("authorization"), None);
    let expected = params([
        ("grant_type", "client_credentials"),
        ("client_id", "robot"),
        ("client_secret", "secret-of-robot"),
        ("scope", "read write admin"),
        ("audience", "secret-audience"),
    ]);
    assert_eq!(form(call), expected);
}

#[tokio::test(start_paused = true)]
async fn a_public_client_has_a_name_alone_and_an_anonymous_one_nothing() {
    for (client, expected) in [
        (ClientAuth::public("robot").unwrap(), Some("robot")),
        (ClientAuth::anonymous(), None),
    ] {
        let server = Scripted::new([granted("")]);
        fetch(&ClientCredentials::new(endpoint_of(&server, client))).await;
        let call = &server.calls()[0];
        assert_eq!(form(call).get("client_id").map(String::as_str), expected);
        assert_eq!(call.header("authorization"), None);
    }
}

#[test]
fn credentials_that_cannot_be_right_are_refused() {
    for (id, secret) in [
        ("", "secret"),
        ("a\n", "secret"),
        ("a", ""),
        ("a", "secret\n"),
    ] {
        hidden(&ClientAuth::basic(id, secret).unwrap_err());
        hidden(&ClientAuth::post(id, secret).unwrap_err());
    }
    assert!(ClientAuth::public("").is_err());
}

#[test]
fn secrets_are_not_sent_in_the_clear_unless_told() {
    let server = Scripted::new([granted("")]);
    let url = "http://id.internal/secret-path";
    let error = TokenEndpoint::new(server.clone(), url, client()).unwrap_err();
    assert!(error.to_string().contains("plain_http"));
    hidden(&error);
    hidden(&TokenEndpoint::plain_http(server, url, client()).unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_life_is_counted_from_when_the_token_was_asked_for() {
    let server = Scripted::new([granted(r#","expires_in":"60""#).after(secs(10))]);
    let source = ClientCredentials::new(endpoint(&server));

    let mine = source.request().await.unwrap();
    assert_eq!(mine.life(), Some(secs(50)));
    // The layer counts from the same moment, by itself.
    assert_eq!(fetch(&source).await.life(), Some(secs(60)));
}

#[tokio::test(start_paused = true)]
async fn the_layer_asks_once_for_all_and_again_when_the_token_ends() {
    let server = Scripted::new([granted(r#","expires_in":100"#).after(secs(1))]);
    let api = Scripted::new([buttress_testkit::Step::ok()]);
    let tokens = Tokens::new(ClientCredentials::new(endpoint(&server)));
    hidden(&tokens);
    let origins = Origins::only("https://api.example.com").unwrap();
    let service = AuthLayer::new(tokens, origins).layer(api.clone());

    for round in 1..=2 {
        let requests: Vec<_> = (0..100)
            .map(|_| {
                let request = Request::get("https://api.example.com/").body(Body::empty());
                tokio::spawn(service.clone().oneshot(request.unwrap()))
            })
            .collect();
        for request in requests {
            assert_eq!(request.await.unwrap().unwrap().status(), 200);
        }
        assert_eq!(server.calls().len(), round);
        tokio::time::sleep(secs(100)).await;
    }
    let carried = |call: &buttress_testkit::Call| {
        assert_eq!(call.header("authorization"), Some("Bearer secret-access"));
    };
    api.calls().iter().for_each(carried);
    assert_eq!(api.calls().len(), 200);
    assert!(was_told(
        "grant=\"client_credentials\" status=200 took_ms=1000"
    ));
}
