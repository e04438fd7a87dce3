//! A real server: `oidc-provider` of npm, in the `node_modules` of the folder that the environment's
//! `BUTTRESS_OIDC_PROVIDER` names. Without it these tests say so and are skipped.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use buttress_auth::oauth2::{
    Algorithm, AuthorizationCode, ClientAuth, ClientCredentials, DeviceCode, JwtKey, Loopback,
    Problem, RefreshToken, TokenEndpoint,
};
use buttress_auth::{Token, TokenSource};
use buttress_kernel::Body;
use buttress_testkit::peer::{self, Peer, Wire};
use http::{Request, Response};

use crate::support::{guard, not_granted, secs};

struct Server(Peer);

impl Server {
    fn start(key: Option<&[u8]>) -> Option<Self> {
        guard();
        let Ok(folder) = std::env::var("BUTTRESS_OIDC_PROVIDER") else {
            eprintln!("skipped: BUTTRESS_OIDC_PROVIDER names no folder with oidc-provider in it");
            return None;
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oauth2/provider.mjs");
        let mut command = Command::new("node");
        command.arg(script).arg(folder);
        if let Some(point) = key {
            command.env("CLIENT_KEY", jwk(point));
        }
        Some(Self(Peer::start(&mut command)))
    }

    fn url(&self, path: &str) -> String {
        self.0.url(path)
    }

    fn endpoint(&self, client: ClientAuth) -> TokenEndpoint {
        TokenEndpoint::new(Wire, &self.url("/token"), client).unwrap()
    }

    fn program(&self) -> TokenEndpoint {
        self.endpoint(ClientAuth::public("program").unwrap())
    }
}

async fn get(url: &str, cookies: &str) -> Response<Vec<u8>> {
    let request = Request::get(url).header("cookie", cookies);
    let request = request.body(Body::empty()).unwrap();
    peer::send(request).await.unwrap()
}

fn jwk(point: &[u8]) -> String {
    let (x, y) = point[1..].split_at(32);
    let [x, y] = [x, y].map(|half| URL_SAFE_NO_PAD.encode(half));
    format!(r#"{{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","x":"{x}","y":"{y}"}}"#)
}

/// Follows redirects with cookies, as a browser does, to where there are no more.
async fn browse(url: &str) {
    let mut cookies = BTreeMap::new();
    let mut url = url.to_owned();
    for _ in 0..12 {
        let jar: Vec<_> = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let answer = get(&url, &jar.join("; ")).await;
        for cookie in answer.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        let Some(next) = answer.headers().get("location") else {
            assert_eq!(
                answer.status(),
                200,
                "{}",
                String::from_utf8_lossy(answer.body())
            );
            return;
        };
        let base = oauth2::url::Url::parse(&url).unwrap();
        url = base.join(next.to_str().unwrap()).unwrap().into();
    }
    panic!("too many redirects");
}

fn check(token: &Token) {
    assert!(token.expose().unwrap().len() > 20);
    assert_eq!(token.scheme_name(), "Bearer");
    assert!(
        token
            .life()
            .is_some_and(|life| life > secs(590) && life <= secs(600))
    );
}

#[tokio::test]
async fn w51_client_credentials_are_understood_in_the_header_and_in_the_form() {
    let Some(server) = Server::start(None) else {
        return;
    };
    let basic = ClientAuth::basic("robot:1+%", "secret +%/:&=").unwrap();
    let post = ClientAuth::post("poster", "secret-of-poster").unwrap();
    for client in [basic, post] {
        let source = ClientCredentials::new(server.endpoint(client)).scope("read");
        check(&source.fetch(None).await.unwrap());
    }
    let wrong = ClientAuth::basic("robot:1+%", "secret-wrong").unwrap();
    let (error, terminal) = not_granted(
        ClientCredentials::new(server.endpoint(wrong))
            .fetch(None)
            .await,
    );
    assert_eq!((error.code(), terminal), (Some("invalid_client"), true));
    assert!(error.description().is_some());
}

#[tokio::test]
async fn a_client_can_sign() {
    let (pem, point) = crate::jwt::p256();
    let Some(server) = Server::start(Some(&point)) else {
        return;
    };
    let key = JwtKey::from_pem(Algorithm::ES256, pem.as_bytes()).unwrap();
    let client = ClientAuth::private_key_jwt("signer", key).unwrap();
    let by_issuer = client.clone().audience(server.0.base().to_owned());
    for client in [client, by_issuer] {
        let source = ClientCredentials::new(server.endpoint(client));
        for _ in 0..2 {
            check(&source.fetch(None).await.unwrap());
        }
    }
}

/// Signs in with a browser.
async fn signed_in(server: &Server) -> Token {
    let listener = Loopback::bind().await.unwrap();
    let redirect = listener.redirect_url();
    let flow = AuthorizationCode::new(server.program(), &server.url("/auth"), &redirect).unwrap();
    let sign_in = flow
        .scope("openid")
        .issuer(server.0.base().to_owned())
        .begin();
    let url = sign_in.url().to_owned();
    let (token, ()) = tokio::join!(
        listener.finish(sign_in, Duration::from_secs(60)),
        browse(&url)
    );
    token.unwrap()
}

#[tokio::test]
async fn a_user_signs_in_with_a_browser_and_the_session_is_renewed() {
    let Some(server) = Server::start(None) else {
        return;
    };
    let first = signed_in(&server).await;
    check(&first);
    assert_eq!(first.scope_text(), Some("openid"));

    let source = RefreshToken::new(server.program());
    let second = source.fetch(Some(&first)).await.unwrap();
    let third = source.fetch(Some(&second)).await.unwrap();
    let refreshes = [&first, &second, &third].map(|token| token.expose_refresh_token().unwrap());
    assert!(
        refreshes[0] != refreshes[1] && refreshes[1] != refreshes[2],
        "no rotation"
    );

    // A second use is taken for a theft, and ends the session.
    for spent in [&first, &third] {
        let (error, terminal) = not_granted(source.fetch(Some(spent)).await);
        assert_eq!((error.code(), terminal), (Some("invalid_grant"), true));
    }
}

#[tokio::test]
async fn a_code_is_worth_nothing_without_its_verifier() {
    let Some(server) = Server::start(None) else {
        return;
    };
    let listener = Loopback::bind().await.unwrap();
    let redirect = listener.redirect_url();
    let flow = AuthorizationCode::new(server.program(), &server.url("/auth"), &redirect).unwrap();
    let flow = flow.scope("openid");
    let begun = flow.begin();
    let stolen = flow
        .resume(begun.expose_state(), flow.begin().expose_verifier())
        .unwrap();
    let url = begun.url().to_owned();
    let (token, ()) = tokio::join!(
        listener.finish(stolen, Duration::from_secs(60)),
        browse(&url)
    );
    assert_eq!(token.unwrap_err().code(), Some("invalid_grant"));
}

#[tokio::test]
async fn a_user_signs_in_on_another_device() {
    let Some(server) = Server::start(None) else {
        return;
    };
    let flow = DeviceCode::new(server.program(), &server.url("/device/auth")).unwrap();
    let sign_in = flow.scope("openid").begin().await.unwrap();
    assert!(sign_in.verification_uri().starts_with(server.0.base()));
    assert!(
        sign_in
            .verification_uri_complete()
            .unwrap()
            .contains("user_code=")
    );
    assert!(sign_in.time_left() > secs(500));
    let approve = server.url(&format!("/approve?user_code={}", sign_in.user_code()));
    let approval = async {
        // After the first question, which is answered with `authorization_pending`.
        tokio::time::sleep(secs(7)).await;
        assert_eq!(get(&approve, "").await.status(), 200);
    };
    let (token, ()) = tokio::join!(sign_in.wait(), approval);
    let token = token.unwrap();
    check(&token);
    assert!(token.expose_refresh_token().is_some());
}

#[tokio::test]
async fn a_server_that_is_gone_is_unreachable() {
    let Some(server) = Server::start(None) else {
        return;
    };
    let source = ClientCredentials::new(server.program());
    drop(server);
    let (error, _) = not_granted(source.fetch(None).await);
    assert_eq!(error.problem(), Problem::Unreachable);
}
