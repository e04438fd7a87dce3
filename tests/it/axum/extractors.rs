//! Handlers that take what requests bring.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRef, State};
use axum::routing::get;
use axum::{Json, Router};
use buttress::envelope::tagged::ServerParams;
use buttress::fallback::FallbackLayer;
use buttress::forward::{ClientAddress, Forward, Forwarded};
use buttress::{CacheLayer, Client, Credential, Error};
use http::HeaderName;

use super::{Server, mirror, plain};

#[derive(Clone)]
struct App {
    client: Client,
    forward: Forward,
}

impl FromRef<App> for Client {
    fn from_ref(app: &App) -> Self {
        app.client.clone()
    }
}

impl FromRef<App> for Forward {
    fn from_ref(app: &App) -> Self {
        app.forward.clone()
    }
}

async fn me(State(client): State<Client>, forwarded: Forwarded) -> Result<String, Error> {
    let client = client.with(&forwarded);
    client.get("/me").send().await?.text().await
}

/// An application in front of this upstream.
async fn app(upstream: &Server) -> Server {
    let peer = ClientAddress::of(|extensions| {
        let info = extensions.get::<ConnectInfo<SocketAddr>>();
        info.map(|info| info.0.ip())
    });
    let app = App {
        client: Client::builder()
            .base_uri(upstream.uri("/v1"))
            .credentials(Credential::api_key("x-service-key", "the-services").unwrap())
            .cache(CacheLayer::private())
            .build()
            .unwrap(),
        forward: Forward::new()
            .cookie("session")
            .unwrap()
            .trace_context()
            .request_id()
            .client_address(peer)
            .deadline_in(
                HeaderName::from_static("x-request-timeout-ms"),
                Duration::from_secs(60),
            ),
    };
    let routes = Router::new()
        .route("/me", get(me))
        .route("/bare", get(bare))
        .route("/own", get(own));
    Server::start(routes.with_state(app)).await
}

/// A state by itself.
async fn bare(State(client): State<Client>) -> Result<String, Error> {
    client.get("/bare").send().await?.text().await
}

/// Both at once.
async fn own(State(app): State<App>) -> String {
    app.client.base_uri().unwrap().to_string()
}

#[tokio::test]
async fn ic82_a_handler_calls_on_behalf_of_its_user() {
    let upstream = Server::start(Router::new().fallback(mirror)).await;
    let server = app(&upstream).await;
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = plain()
        .get(server.uri("/me"))
        .header("cookie", "theme=dark; session=s3cret")
        .header("traceparent", parent)
        .header("x-request-id", "id-7")
        .header("x-forwarded-for", "6.6.6.6")
        .header("authorization", "Bearer of-this-server")
        .header("accept-language", "de");
    let said = request.send().await.unwrap().text().await.unwrap();
    let expected = [
        "GET /v1/me".to_owned(),
        "cookie: session=s3cret".to_owned(),
        format!("host: {}", upstream.address),
        format!("traceparent: {parent}"),
        "x-forwarded-for: 127.0.0.1".to_owned(),
        "x-request-id: id-7".to_owned(),
        "x-service-key: the-services".to_owned(),
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_client_is_a_state_or_a_part_of_one() {
    let upstream = Server::start(Router::new().fallback(mirror)).await;
    let server = app(&upstream).await;
    let said = plain().get(server.uri("/own")).send().await.unwrap();
    assert_eq!(said.text().await.unwrap(), upstream.uri("/v1"));
    let said = plain().get(server.uri("/bare")).send().await.unwrap();
    assert!(said.text().await.unwrap().starts_with("GET /v1/bare\n"));
    let whole: Router = Router::new()
        .route("/", get(bare))
        .with_state(plain().clone());
    drop(whole);
}

#[tokio::test]
async fn ic82_users_of_one_handler_do_not_see_each_other() {
    let answer = |headers: http::HeaderMap| async move {
        let cookie = headers.get("cookie").cloned();
        let said = cookie.map(|it| it.to_str().unwrap().to_owned());
        ([("cache-control", "max-age=60")], said.unwrap_or_default())
    };
    let upstream = Server::start(Router::new().fallback(answer)).await;
    let server = app(&upstream).await;
    for _ in 0..2 {
        for session in ["session=a", "session=b"] {
            let request = plain().get(server.uri("/me")).header("cookie", session);
            let said = request.send().await.unwrap().text().await.unwrap();
            assert_eq!(said, session);
        }
    }
}

#[tokio::test]
async fn ic82_an_incoming_time_limit_ends_the_calls_made_for_it() {
    let hang = || async { tokio::time::sleep(Duration::from_secs(3_600)).await };
    let upstream = Server::start(Router::new().fallback(hang)).await;
    let server = app(&upstream).await;
    let request = plain().get(server.uri("/me"));
    let response = request.header("x-request-timeout-ms", "50").send().await;
    let response = response.unwrap();
    assert_eq!(response.status(), 504);
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
}

#[tokio::test]
async fn ic83_a_list_is_a_minute_old_at_most_or_empty() {
    async fn offers(State(shop): State<Client>) -> Result<Json<Vec<String>>, Error> {
        let minute = Duration::from_secs(60);
        let list = shop.get("/offers").fresh_for(minute).send().await?;
        Ok(Json(list.json().await?))
    }
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&asked);
    let list = move || {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async { r#"["tea"]"# }
    };
    let upstream = Server::start(Router::new().route("/offers", get(list))).await;
    let shop = |base: String| {
        let none = http::Response::new("[]".into());
        Client::builder()
            .base_uri(base)
            .retry(None)
            .cache(CacheLayer::private())
            .fallback(FallbackLayer::value(none))
            .build()
            .unwrap()
    };
    let app = |shop| Router::new().route("/", get(offers)).with_state(shop);
    let server = Server::start(app(shop(upstream.uri("")))).await;
    for _ in 0..3 {
        let list = plain().get(server.uri("/")).send().await.unwrap();
        assert_eq!(list.json::<Vec<String>>().await.unwrap(), ["tea"]);
    }
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);

    let down = format!("http://{}", crate::support::raw::refused());
    let server = Server::start(app(shop(down))).await;
    let list = plain().get(server.uri("/")).send().await.unwrap();
    assert_eq!(list.status(), 200);
    assert_eq!(list.json::<Vec<String>>().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn ap17_a_handler_takes_the_page_that_was_asked_for() {
    let list = |asked: ServerParams| async { Json(asked) };
    let server = Server::start(Router::new().route("/", get(list))).await;
    for (query, expected) in [
        ("", r"{}"),
        (
            "?pg%5Bsize%5D=25&pg%5Bcursor%5D=bnVtOjI&sort=-name&size=1",
            r#"{"__pg":{"size":25,"cursor":"bnVtOjI"},"__sort":"-name"}"#,
        ),
        ("?pg%5Bsize%5D=25", r#"{"__pg":{"size":25,"cursor":null}}"#),
    ] {
        let uri = format!("{}{query}", server.uri("/"));
        let said = plain().get(uri).send().await.unwrap();
        assert_eq!(said.text().await.unwrap(), expected, "{query}");
    }
    let wrong = plain().get(server.uri("/?pg%5Bsize%5D=s3cret"));
    let response = wrong.send().await.unwrap();
    assert_eq!(response.status(), 400);
    let head = http::Response::builder().status(400);
    let head = head.header("content-type", response.headers()["content-type"].clone());
    let (layer, text) = super::problem(head.body(response.into_body()).unwrap()).await;
    assert_eq!(layer, "", "no layer stood up");
    assert!(
        text.contains("pg[size]") && !text.contains("s3cret"),
        "{text}"
    );
}
