//! Who reads trailers says so to whatever version the upstream speaks.

use axum::Router;
use buttress::proxy::Proxy;
use buttress::transport::Transport;
use buttress::{Body, BoxError, Client};
use http::{Request, Response, Version};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::{Server, mirror};
use crate::support::upstream::Upstream;

/// What the upstream was told, by a client that speaks these versions.
async fn told(uri: String, http2_only: bool) -> String {
    let transport = Transport::builder().http2_only(http2_only);
    let client = Client::builder().base_uri(uri).transport(transport);
    let proxy = Proxy::new(client.build().unwrap()).unwrap();
    let mut request = Request::post("/").header("te", "trailers");
    request = request.version(Version::HTTP_2);
    let request = request.body(Body::from("grpc")).unwrap();
    let response = proxy.oneshot(request).await.unwrap();
    let said = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(said.to_vec()).unwrap()
}

#[tokio::test]
async fn te_reaches_an_http2_upstream_without_tls() {
    let upstream = Upstream::start(|_, request| async move {
        let headers = request.headers();
        let (te, connection) = (headers.get("te"), headers.get("connection"));
        let said = format!("{:?} {te:?} {connection:?}", request.version());
        Ok::<_, BoxError>(Response::new(Body::from(said)))
    })
    .await;
    let said = told(upstream.uri(), true).await;
    assert_eq!(said, r#"HTTP/2.0 Some("trailers") None"#);
}

#[tokio::test]
async fn an_http1_upstream_is_told_that_it_is_for_this_connection() {
    let upstream = Server::start(Router::new().fallback(mirror)).await;
    let said = told(upstream.uri(""), false).await;
    assert!(said.contains("\nconnection: te\n"), "{said}");
    assert!(said.contains("\nte: trailers\n"), "{said}");
}
