//! Token exchange.

use buttress_auth::TokenSource;
use buttress_auth::oauth2::{Problem, TokenExchange, TokenType};
use buttress_testkit::{Scripted, Step};
use oauth2::url::form_urlencoded;

use crate::support::{endpoint, form, granted, hidden, not_granted, params, refused, secs};

fn exchange(server: &Scripted) -> TokenExchange {
    TokenExchange::new(endpoint(server), "secret-subject", TokenType::ACCESS_TOKEN)
}

#[tokio::test(start_paused = true)]
async fn one_token_is_exchanged_for_another() {
    let server = Scripted::new([granted(r#","expires_in":60"#).after(secs(5))]);
    let exchange = exchange(&server)
        .actor("secret-actor", TokenType::JWT)
        .wanted(TokenType::custom("urn:example:own"))
        .audience("billing")
        .resource("https://billing.example.com/")
        .scope("read");
    hidden(&exchange);
    let token = exchange.request().await.unwrap();
    assert_eq!(token.expose(), Some("secret-access"));
    assert_eq!(token.life(), Some(secs(55)));
    assert_eq!(exchange.fetch(None).await.unwrap().life(), Some(secs(60)));

    let expected = params([
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        ("subject_token", "secret-subject"),
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
        ("actor_token", "secret-actor"),
        ("actor_token_type", "urn:ietf:params:oauth:token-type:jwt"),
        ("requested_token_type", "urn:example:own"),
        ("audience", "billing"),
        ("resource", "https://billing.example.com/"),
        ("scope", "read"),
        ("client_id", "robot"),
        ("client_secret", "secret-of-robot"),
    ]);
    assert_eq!(form(&server.calls()[0]), expected);
}

#[tokio::test(start_paused = true)]
async fn several_targets_are_all_sent() {
    let server = Scripted::new([granted("")]);
    exchange(&server)
        .audience("a")
        .audience("b")
        .request()
        .await
        .unwrap();
    let call = &server.calls()[0];
    let targets = form_urlencoded::parse(&call.body).filter(|(name, _)| name == "audience");
    assert_eq!(
        targets
            .map(|(_, value)| value.into_owned())
            .collect::<Vec<_>>(),
        ["a", "b"]
    );
}

#[tokio::test(start_paused = true)]
async fn another_sort_than_was_wanted_is_refused() {
    let body = |issued: &str| {
        format!(r#"{{"access_token":"secret","token_type":"N_A","issued_token_type":"{issued}"}}"#)
    };
    let right = "urn:ietf:params:oauth:token-type:id_token";
    let server = Scripted::new([Step::ok().body(body(right)), Step::ok().body(body("urn:x"))]);
    let exchange = exchange(&server).wanted(TokenType::ID_TOKEN);
    assert!(exchange.request().await.is_ok());
    let error = exchange.request().await.unwrap_err();
    hidden(&error);
    assert_eq!(error.problem(), Problem::TokenType);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_is_refused_is_final() {
    let server = Scripted::new([refused(400, "invalid_target")]);
    let (error, terminal) = not_granted(exchange(&server).fetch(None).await);
    assert_eq!(error.code(), Some("invalid_target"));
    assert!(terminal);
}
