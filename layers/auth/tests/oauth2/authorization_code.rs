//! The authorization code grant.

use std::fs;
use std::path::Path;

use buttress_auth::oauth2::{AuthorizationCode, Problem};
use buttress_testkit::Scripted;
use oauth2::{PkceCodeChallenge, PkceCodeVerifier};

use crate::support::{endpoint, form, granted, hidden, params, query, refused, secs};

const AUTHORIZE: &str = "https://id.example.com/authorize?tenant=7";
const REDIRECT: &str = "https://my-site.example/signed-in?a=b";

fn flow(server: &Scripted) -> AuthorizationCode {
    AuthorizationCode::new(endpoint(server), AUTHORIZE, REDIRECT).unwrap()
}

#[tokio::test(start_paused = true)]
async fn jp09_a_sign_in_asks_for_a_code_with_state_and_pkce() {
    let server = Scripted::new([granted("")]);
    let flow = flow(&server)
        .scope("read")
        .scope("write")
        .param("prompt", "login");
    let sign_in = flow.begin();
    hidden(&sign_in);
    assert!(
        sign_in
            .url()
            .starts_with("https://id.example.com/authorize?tenant=7&")
    );

    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(
        sign_in.expose_verifier().to_owned(),
    ));
    let expected = params([
        ("tenant", "7"),
        ("response_type", "code"),
        ("client_id", "robot"),
        ("redirect_uri", REDIRECT),
        ("scope", "read write"),
        ("state", sign_in.expose_state()),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
        ("prompt", "login"),
    ]);
    assert_eq!(query(sign_in.url()), expected);
    assert_eq!(server.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn no_two_sign_ins_can_be_told_from_each_other_in_advance() {
    let flow = flow(&Scripted::new([granted("")]));
    let (one, two) = (flow.begin(), flow.begin());
    assert_ne!(one.expose_state(), two.expose_state());
    assert_ne!(one.expose_verifier(), two.expose_verifier());
    assert!(one.expose_state().len() >= 22, "fewer than 128 bits");
    // RFC 7636 §4.1.
    assert!((43..=128).contains(&one.expose_verifier().len()));
    assert!(!query(one.url()).contains_key("scope"));
}

#[tokio::test(start_paused = true)]
async fn jp10_a_code_is_exchanged_with_the_verifier() {
    let server = Scripted::new([granted(r#","expires_in":60"#).after(secs(20))]);
    let sign_in = flow(&server).begin();
    let verifier = sign_in.expose_verifier().to_owned();
    let back = format!(
        "{REDIRECT}&code=secret-code&state={}",
        sign_in.expose_state()
    );
    let token = sign_in.finish(&back).await.unwrap();
    assert_eq!(token.expose(), Some("secret-access"));
    assert_eq!(token.life(), Some(secs(40)));

    let expected = params([
        ("grant_type", "authorization_code"),
        ("code", "secret-code"),
        ("redirect_uri", REDIRECT),
        ("code_verifier", &verifier),
        ("client_id", "robot"),
        ("client_secret", "secret-of-robot"),
    ]);
    assert_eq!(form(&server.calls()[0]), expected);
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_can_be_resumed_by_its_state_and_verifier() {
    let server = Scripted::new([granted("")]);
    let flow = flow(&server);
    let begun = flow.begin();
    let again = flow.resume(begun.expose_state(), begun.expose_verifier());
    let again = again.unwrap();
    assert_eq!(again.url(), begun.url());
    let back = format!("code=secret-code&state={}", begun.expose_state());
    again.finish(&back).await.unwrap();
    assert_eq!(
        form(&server.calls()[0])["code_verifier"],
        begun.expose_verifier()
    );
}

#[test]
fn a_redirect_uri_is_sent_as_it_was_registered() {
    let server = Scripted::new([granted("")]);
    for redirect in [
        "https://my-site.example",
        "http://127.0.0.1:80/cb",
        "HTTPS://My-Site.example/%7ein",
    ] {
        let flow = AuthorizationCode::new(endpoint(&server), AUTHORIZE, redirect).unwrap();
        assert_eq!(query(flow.begin().url())["redirect_uri"], redirect);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_verifier_or_no_state_resumes_nothing_and_does_not_panic() {
    let flow = flow(&Scripted::new([granted("")]));
    let fit = |length: usize| "-._~aZ09".repeat(16)[..length].to_owned();
    for length in [43, 128] {
        assert!(flow.resume("state", fit(length)).is_ok(), "{length}");
    }
    let foreign = |odd: &str| fit(43) + odd;
    let wrong = [
        String::new(),
        fit(42),
        fit(128) + "a",
        foreign(" "),
        foreign("ü"),
        foreign("\n"),
    ];
    for verifier in wrong {
        let error = flow.resume("secret-state", verifier).unwrap_err();
        assert_eq!(error.problem(), Problem::State);
        hidden(&error);
    }
    let error = flow.resume("", fit(43)).unwrap_err();
    assert_eq!(error.problem(), Problem::State);
}

#[tokio::test(start_paused = true)]
async fn a_parameter_does_not_take_the_place_of_the_flows_own() {
    let flow = flow(&Scripted::new([granted("")]));
    let flow = flow.scope("read");
    let own = query(flow.begin().url());
    // What the endpoint's own URI has is not the flow's.
    let own = own.keys().filter(|name| *name != "tenant");
    let flow = own.fold(flow.clone(), |flow, name| flow.param(name, "mine"));
    let sign_in = flow.param("prompt", "login").begin();
    // Each name is there once, or this panics.
    let asked = query(sign_in.url());
    assert_eq!(asked["prompt"], "login");
    assert_eq!(asked["state"], sign_in.expose_state());
    assert_eq!(
        asked.values().filter(|value| *value == "mine").count(),
        0,
        "{asked:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_for_a_redirect_that_is_not_ours() {
    let server = Scripted::new([granted("")]);
    let flow = flow(&server).issuer("https://id.example.com");
    for (back, problem) in [
        ("code=secret-code&state=STATEX", Problem::State),
        ("code=secret-code&state=", Problem::State),
        ("code=secret-code", Problem::State),
        ("error=access_denied&state=wrong", Problem::State),
        ("state=STATE&iss=https://id.example.com", Problem::Callback),
        ("code=secret-code&state=STATE", Problem::Callback),
        (
            "code=secret-code&state=STATE&iss=https://evil.example",
            Problem::Callback,
        ),
        (
            "code=secret-code&code=b&state=STATE&iss=https://id.example.com",
            Problem::Callback,
        ),
        (
            "error=access_denied&state=STATE&iss=https://id.example.com",
            Problem::Refused,
        ),
    ] {
        let sign_in = flow.begin();
        let state = sign_in.expose_state().replace('+', "%2B");
        let error = sign_in
            .finish(&back.replace("STATE", &state))
            .await
            .unwrap_err();
        assert_eq!(error.problem(), problem, "{back}");
        assert!(error.is_terminal());
        hidden(&error);
    }
    assert_eq!(server.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn jp10_a_code_that_is_refused_is_told_as_such() {
    let server = Scripted::new([refused(400, "invalid_grant")]);
    let sign_in = flow(&server).begin();
    let back = format!("code=secret-code&state={}", sign_in.expose_state());
    let error = sign_in.finish(&back).await.unwrap_err();
    hidden(&error);
    assert_eq!(error.code(), Some("invalid_grant"));
}

#[test]
fn endpoints_that_cannot_be_right_are_refused() {
    let endpoint = endpoint(&Scripted::new([granted("")]));
    let new = |url, redirect| AuthorizationCode::new(endpoint.clone(), url, redirect);
    assert!(new(AUTHORIZE, "com.example.app:/back").is_ok());
    assert!(new("http://id.example.com/authorize", REDIRECT).is_err());
    assert!(new(AUTHORIZE, "/signed-in").is_err());
    assert!(new(AUTHORIZE, "https://my-site.example/#a").is_err());
}

#[test]
fn challenges_are_those_of_rfc_7636() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/pkce-rfc7636");
    let Ok(text) = fs::read_to_string(folder.join("pkce.json")) else {
        eprintln!("skipped: the vectors of RFC 7636 are not here");
        return;
    };
    let vectors: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert!(!vectors.is_empty());
    let flow = flow(&Scripted::new([granted("")]));
    for vector in &vectors {
        assert_eq!(vector["method"], "S256");
        let sign_in = flow
            .resume("state", vector["verifier"].as_str().unwrap())
            .unwrap();
        assert_eq!(query(sign_in.url())["code_challenge"], vector["challenge"]);
    }
}
