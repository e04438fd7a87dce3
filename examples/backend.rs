//! An axum backend that answers with the help of other servers.
//!
//! ```text
//! cargo run --example backend --features axum
//! ```
//!
//! It starts them all on this machine, asks the backend a few questions as browsers would, and prints the answers.

#[path = "backend/others.rs"]
mod others;

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRef, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use buttress::fallback::FallbackLayer;
use buttress::forward::{ClientAddress, Forward, Forwarded};
use buttress::proxy::Proxy;
use buttress::{BoxError, CacheLayer, Client, Credential, Error, InvalidClient};

/// The service's own key for the users' server.
const KEY: &str = "3f9a2c71";

/// What handlers share.
#[derive(Clone)]
struct App {
    users: Users,
    shop: Shop,
    forward: Forward,
}

/// One type for each server, so that no handler asks the wrong one.
#[derive(Clone)]
struct Users(Client);

#[derive(Clone)]
struct Shop(Client);

impl FromRef<App> for Users {
    fn from_ref(app: &App) -> Self {
        app.users.clone()
    }
}

impl FromRef<App> for Shop {
    fn from_ref(app: &App) -> Self {
        app.shop.clone()
    }
}

impl FromRef<App> for Forward {
    fn from_ref(app: &App) -> Self {
        app.forward.clone()
    }
}

/// Whoever asks, by his own session. An error is this server's own answer, a 502 say, but for the one that whoever
/// asked can do something about.
async fn me(State(Users(users)): State<Users>, forwarded: Forwarded) -> Result<Response, Error> {
    let me = users.with(&forwarded).get("/me").send().await?;
    match me.error_for_status().await {
        Ok(me) => Ok(me.text().await?.into_response()),
        Err(error) if error.is_unauthorized() => {
            let sign_in = [(header::WWW_AUTHENTICATE, "Cookie")];
            Ok((StatusCode::UNAUTHORIZED, sign_in, "please sign in").into_response())
        }
        Err(error) => Err(error),
    }
}

/// A minute old at most, and empty if there is nothing better.
async fn offers(State(Shop(shop)): State<Shop>) -> Result<Json<Vec<String>>, Error> {
    let minute = Duration::from_secs(60);
    let offers = shop.get("/offers").fresh_for(minute).send().await?;
    Ok(Json(offers.json().await?))
}

fn app(users: &str, shop: &str) -> Result<App, BoxError> {
    let peer = ClientAddress::of(|extensions| {
        let info = extensions.get::<ConnectInfo<SocketAddr>>();
        info.map(|info| info.0.ip())
    });
    let users = Client::builder()
        .base_uri(users)
        .credentials(Credential::api_key("x-service-key", KEY)?)
        .cache(CacheLayer::private())
        .build()?;
    let shop = Client::builder()
        .base_uri(shop)
        .total(Duration::from_secs(2))
        .cache(CacheLayer::private())
        .fallback(FallbackLayer::value(http::Response::new("[]".into())))
        .build()?;
    let left = HeaderName::from_static("x-request-timeout-ms");
    Ok(App {
        users: Users(users),
        shop: Shop(shop),
        forward: Forward::new()
            .cookie("session")?
            .trace_context()
            .request_id()
            .client_address(peer)
            .deadline_in(left, Duration::from_secs(10)),
    })
}

/// What no route knows goes to the public pages: without the service's key, which belongs to another client, and without
/// the users' sessions, which a proxy keeps back unless it is told to pass them.
fn routes(app: App, pages: &str) -> Result<Router, InvalidClient> {
    let pages = Client::builder()
        .base_uri(pages)
        .timeout(Duration::from_secs(1))
        .build()?;
    Ok(Router::new()
        .route("/me", get(me))
        .route("/offers", get(offers))
        .with_state(app)
        .fallback_service(Proxy::new(pages)?))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let users = others::start(others::users()).await?;
    let shop = "http://127.0.0.1:1"; // nobody is there
    let pages = others::start(others::pages()).await?;
    let backend = others::start(routes(app(&users, shop)?, &pages)?).await?;

    let browser = Client::builder().base_uri(backend).retry(None).build()?;
    let me = || browser.get("/me");
    for (what, request) in [
        ("Ada", me().header("cookie", "theme=dark; session=ada")),
        ("Bob", me().header("cookie", "session=bob")),
        ("Ada again", me().header("cookie", "session=ada")),
        ("nobody", me()),
        ("the offers, with the shop closed", browser.get("/offers")),
        ("what no route knows", browser.get("/help")),
        ("a page that is too slow", browser.get("/slow")),
    ] {
        let response = request.send().await?;
        let status = response.status();
        let body = http_body_util::BodyExt::collect(response.into_body()).await?;
        let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        println!("{what}: {status}\n    {text}");
    }
    Ok(())
}
