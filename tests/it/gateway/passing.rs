//! With no flag it is a bare reverse proxy.

use std::convert::Infallible;

use buttress::Body;
use bytes::Bytes;
use http::{Method, Request, Response, Version};
use http_body_util::{BodyExt, Full};

use crate::support::gateway::{Gateway, text};
use crate::support::upstream::Upstream;

/// Answers with the request as it came, one line for each part.
async fn mirror() -> Upstream {
    Upstream::start(|_, request: Request<_>| async move {
        let (parts, body) = request.into_parts();
        let body = BodyExt::collect(body).await.unwrap().to_bytes();
        let mut said = format!("{} {}\n", parts.method, parts.uri);
        for (name, value) in &parts.headers {
            said += &format!("{name}: {}\n", value.to_str().unwrap());
        }
        said += &String::from_utf8_lossy(&body);
        let response = Response::builder()
            .header("date", "Sun, 06 Nov 1994 08:49:37 GMT")
            .header("etag", "\"v1\"")
            .header("connection", "x-private")
            .header("x-private", "secret")
            .header("x-two", "1")
            .header("x-two", "2");
        Ok::<_, Infallible>(response.body(Body::from(said)).unwrap())
    })
    .await
}

#[tokio::test]
async fn a_request_arrives_as_it_was_sent() {
    let upstream = mirror().await;
    let gateway = Gateway::start(&upstream.uri(), "");
    let request = Request::builder()
        .method(Method::PUT)
        .uri("/a//b/c%2Fd?x=1&y=%20")
        .header("x-end-to-end", "stays")
        .header("connection", "x-hop")
        .header("x-hop", "goes")
        .header("proxy-authorization", "Basic goes")
        .body(Full::new(Bytes::from("the body")))
        .unwrap();
    let said = text(gateway.send(request).await).await;

    assert!(said.starts_with("PUT /a//b/c%2Fd?x=1&y=%20\n"), "{said}");
    assert!(said.ends_with("\nthe body"), "{said}");
    assert!(said.contains("x-end-to-end: stays\n"), "{said}");
    assert!(
        said.contains(&format!("host: {}\n", upstream.address)),
        "{said}"
    );
    assert!(said.contains("\nvia: 1.1 "), "{said}");
    assert!(said.contains("content-length: 8\n"), "{said}");
    assert!(!said.contains("goes"), "{said}");
}

#[tokio::test]
async fn a_response_comes_back_as_it_was_sent() {
    let upstream = mirror().await;
    let gateway = Gateway::start(&upstream.uri(), "");
    let response = gateway.get("/").await;
    let headers = response.headers();

    assert_eq!(headers["date"], "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(headers["etag"], "\"v1\"");
    assert_eq!(headers.get_all("x-two").iter().count(), 2);
    assert!(!headers.contains_key("x-private"));
    assert!(!headers.contains_key("buttress-trail"));
}

#[tokio::test]
async fn an_upstream_with_a_path_is_a_prefix() {
    let upstream = mirror().await;
    let gateway = Gateway::start(&format!("{}/base/", upstream.uri()), "");
    assert!(
        text(gateway.get("/a?b=c").await)
            .await
            .starts_with("GET /base/a?b=c\n")
    );
}

#[tokio::test]
async fn http2_by_prior_knowledge_is_served() {
    let upstream = mirror().await;
    let gateway = Gateway::start(&upstream.uri(), "");
    let request = Request::get("/h2")
        .version(Version::HTTP_2)
        .body(Full::default());
    let response = gateway.send(request.unwrap()).await;
    assert_eq!(response.version(), Version::HTTP_2);
    assert!(text(response).await.starts_with("GET /h2\n"));
}

#[tokio::test]
async fn cookies_that_http2_split_are_one_field_again() {
    let upstream = mirror().await;
    let gateway = Gateway::start(&upstream.uri(), "");
    let request = Request::get("/")
        .version(Version::HTTP_2)
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("cookie", "c=3")
        .body(Full::default());
    let said = text(gateway.send(request.unwrap()).await).await;
    assert!(said.contains("cookie: a=1; b=2; c=3\n"), "{said}");
    assert!(said.contains("\nvia: 2 "), "{said}");
}
