//! Whom a cache behind a proxy takes a request for.

use buttress::proxy::Proxy;
use buttress::{Body, CacheLayer, Client, Partition};
use buttress_testkit::{Scripted, Step};
use http::{Request, Response};
use tower::ServiceExt;

const SERVER: &str = "http://upstream.internal";

fn over(server: &Scripted, cache: CacheLayer) -> Proxy {
    let client = Client::builder().base_uri(SERVER).cache(cache);
    let proxy = Proxy::new(client.build_over(server.clone()).unwrap()).unwrap();
    proxy.every_cookie()
}

fn with(fields: &[(&'static str, &'static str)]) -> Request<Body> {
    let mut request = Request::get("/").header("host", "a");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

async fn pass(proxy: &Proxy, fields: &[(&'static str, &'static str)]) -> Response<Body> {
    let response = proxy.clone().oneshot(with(fields)).await.unwrap();
    let (head, body) = response.into_parts();
    let body = http_body_util::BodyExt::collect(body).await.unwrap();
    Response::from_parts(head, Body::from(body.to_bytes()))
}

/// The n-th visitor is given the n-th session.
fn sessions(control: &str) -> Scripted {
    let step = |n| {
        let session = format!("session={n}");
        let step = Step::ok().header("set-cookie", &session);
        let step = step.header("last-modified", "Mon, 01 Jan 2001 00:00:00 GMT");
        if control.is_empty() {
            return step;
        }
        step.header("cache-control", control)
    };
    Scripted::new([step(1), step(2)])
}

#[tokio::test]
async fn no_visitor_is_given_the_session_of_another() {
    for control in ["", "max-age=60", "private", "private, max-age=60"] {
        let proxy = over(&sessions(control), CacheLayer::private());
        for session in ["session=1", "session=2"] {
            let response = pass(&proxy, &[]).await;
            assert_eq!(response.headers()["set-cookie"], session, "{control:?}");
        }
        let proxy = over(&sessions(control), CacheLayer::private());
        let (one, other) = tokio::join!(pass(&proxy, &[]), pass(&proxy, &[]));
        let cookies = [&one, &other].map(|response| &response.headers()["set-cookie"]);
        assert_ne!(cookies[0], cookies[1], "{control:?}");
    }
}

#[tokio::test]
async fn users_who_are_known_by_a_field_of_another_name_do_not_see_what_is_private() {
    let server = sessions("private, max-age=60");
    let proxy = over(&server, CacheLayer::private());
    for user in ["a", "b"] {
        pass(&proxy, &[("x-api-key", user)]).await;
    }
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn a_request_says_whose_it_is() {
    let by_name = |proxy: Proxy| {
        let proxy = proxy.partition_by_cookie("session").unwrap();
        proxy.partition_by_cookie("tenant").unwrap()
    };
    let of = async |set: fn(Proxy) -> Proxy, fields: &[(&'static str, &'static str)]| {
        let server = Scripted::new([Step::ok()]);
        pass(&set(over(&server, CacheLayer::private())), fields).await;
        server.calls()[0].extensions.get::<Partition>().cloned()
    };
    let anyone = Some(Partition::anyone());
    let (session, other) = (("cookie", "session=a"), ("cookie", "_ga=1"));
    let authorization = ("authorization", "Bearer a");
    let is_known = |partition: Option<Partition>| partition.is_some_and(|it| !it.is_anyone());
    assert!(is_known(of(|proxy| proxy, &[other]).await));
    assert!(is_known(of(by_name, &[session]).await));
    assert!(is_known(
        of(by_name, &[("cookie", "tenant=a; _ga=1")]).await
    ));
    assert_eq!(of(by_name, &[other]).await, anyone);
    assert_eq!(of(|proxy| proxy, &[]).await, anyone);
    let signed_in = |proxy: Proxy| proxy.keep(http::header::AUTHORIZATION);
    let one = of(signed_in, &[authorization]).await;
    assert!(is_known(one.clone()));
    let apart = |proxy: Proxy| {
        let proxy = proxy.keep(http::header::AUTHORIZATION);
        proxy.partition_by_cookies(false)
    };
    assert_eq!(
        of(apart, &[authorization]).await,
        None,
        "caches have rules for it"
    );
    let keyed = |proxy: Proxy| proxy.keep(http::HeaderName::from_static("x-api-key"));
    assert!(is_known(of(keyed, &[("x-api-key", "a")]).await));
    assert_eq!(of(|proxy| proxy, &[("x-api-key", "a")]).await, anyone);
    assert_eq!(
        of(|proxy| proxy, &[authorization]).await,
        anyone,
        "it stays behind"
    );
    assert_eq!(
        of(|proxy| proxy.partition_by_cookies(false), &[session]).await,
        anyone
    );
    assert_eq!(of(Proxy::for_one_user, &[session]).await, None);
    let back = |proxy: Proxy| proxy.for_one_user().partition_by_cookies(true);
    assert!(is_known(of(back, &[session]).await));
}

#[tokio::test]
async fn other_cookies_do_not_divide_users() {
    let server = Scripted::new([Step::ok().header("cache-control", "public, max-age=60")]);
    let proxy = over(&server, CacheLayer::shared());
    let proxy = proxy.partition_by_cookie("session").unwrap();
    for cookie in ["_ga=1; session=a", "session=a; _ga=2"] {
        pass(&proxy, &[("cookie", cookie)]).await;
    }
    assert_eq!(server.calls().len(), 1);
    pass(&proxy, &[("cookie", "session=b")]).await;
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn a_cookie_that_cannot_be_is_refused() {
    let proxy = over(&Scripted::new([Step::ok()]), CacheLayer::shared());
    let error = proxy.partition_by_cookie("a b").unwrap_err();
    assert!(error.to_string().contains("a b"), "{error}");
}
