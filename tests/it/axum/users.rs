//! One user's limits are not another's.

use std::time::Duration;

use buttress::forward::Forward;
use buttress::proxy::Proxy;
use buttress::{Body, Client, RetryAfterLayer};
use buttress_testkit::{Scripted, Step};
use http::{Extensions, HeaderMap, HeaderValue, Request, Response, Version};
use tokio::time::Instant;
use tower::ServiceExt;

/// A client of a server that throttles Ada for an hour, and is overloaded for one when Eve asks.
fn client(gate: RetryAfterLayer) -> Client {
    let server = Scripted::new([Step::answer(|call| {
        let status = match call.header("cookie") {
            Some("session=ada") => 429,
            Some("session=eve") => 503,
            _ => 200,
        };
        let mut response = Response::builder().status(status);
        if status != 200 {
            response = response.header("retry-after", "3600");
        }
        response.body(Body::empty()).unwrap()
    })]);
    let builder = Client::builder().base_uri("http://upstream.internal");
    let builder = builder.retry(None).retry_after(gate);
    builder.build_over(server).unwrap()
}

/// Passes on who asks.
fn proxy(client: Client) -> Proxy {
    Proxy::new(client).unwrap().every_cookie()
}

async fn through(proxy: &Proxy, cookie: &'static str) -> u16 {
    let mut request = Request::new(Body::empty());
    *request.version_mut() = Version::HTTP_2;
    let cookie = HeaderValue::from_static(cookie);
    request.headers_mut().insert("cookie", cookie);
    let response = proxy.clone().oneshot(request).await.unwrap();
    response.status().as_u16()
}

/// A handler's call for such a user.
async fn by_hand(client: &Client, forward: &Forward, cookie: &'static str) -> Option<u16> {
    let mut headers = HeaderMap::new();
    headers.insert("cookie", HeaderValue::from_static(cookie));
    let forwarded = forward.read(&headers, &Extensions::new());
    let end = client.with(&forwarded).get("/me").send().await;
    end.ok().map(|response| response.status().as_u16())
}

#[tokio::test(start_paused = true)]
async fn a_429_for_one_user_holds_nobody_else() {
    let proxy = proxy(client(RetryAfterLayer::new()));
    let start = Instant::now();
    assert_eq!(through(&proxy, "session=ada").await, 429);
    assert_eq!(through(&proxy, "session=bob").await, 200);
    assert_eq!(through(&proxy, "session=ada").await, 503, "held");

    let client = client(RetryAfterLayer::new());
    let forward = Forward::new().cookie("session").unwrap();
    assert_eq!(by_hand(&client, &forward, "session=ada").await, Some(429));
    assert_eq!(by_hand(&client, &forward, "session=bob").await, Some(200));
    assert_eq!(
        by_hand(&client, &forward, "session=ada").await,
        None,
        "held"
    );
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_503_holds_everybody_and_so_does_a_429_if_asked_for() {
    let proxy = proxy(client(RetryAfterLayer::new()));
    assert_eq!(through(&proxy, "session=eve").await, 503);
    assert_eq!(through(&proxy, "session=bob").await, 503);

    let proxy = self::proxy(client(RetryAfterLayer::new().by_partition(false)));
    assert_eq!(through(&proxy, "session=ada").await, 429);
    assert_eq!(through(&proxy, "session=bob").await, 503);
}
