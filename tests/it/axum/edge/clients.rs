//! What a client says of itself, and what its callers say of themselves.

use buttress::auth::Override;
use buttress::proxy::Proxy;
use buttress::{Body, Client, ClientBuilder, Credential};
use buttress_testkit::{Call, Scripted, Step};
use http::{HeaderName, Method, Request, Response, header};
use tower::ServiceExt;

use super::{BASE, passed, plainly, request, sent};

const CALLER: HeaderName = HeaderName::from_static("x-caller");

/// What goes upstream of a request that claims to be somebody else's.
async fn through(
    client: impl FnOnce(ClientBuilder) -> ClientBuilder,
    settings: impl FnOnce(Proxy) -> Proxy,
    request: Request<Body>,
) -> Call {
    let upstream = Scripted::new([Step::ok()]);
    let client = client(Client::builder().base_uri(BASE));
    let client = client.build_over(upstream.clone()).unwrap();
    let proxy = settings(Proxy::new(client).unwrap());
    let response = proxy.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    upstream.calls().remove(0)
}

fn spoofed() -> Request<Body> {
    let fields = [
        ("x-caller", "spoofed"),
        ("x-caller", "spoofed too"),
        ("x-service-key", "spoofed"),
        ("authorization", "Bearer spoofed"),
        ("cookie", "own=spoofed; other=1"),
        ("accept", "text/html"),
    ];
    let mut request = request(Method::GET, &fields);
    *request.uri_mut() = "/?a=1&key=spoofed".parse().unwrap();
    request
}

#[tokio::test]
async fn fields_of_the_client_are_what_the_client_says() {
    let with = |builder: ClientBuilder| {
        builder
            .header("x-caller", "frontend")
            .header_when("x-service-key", "of-the-client", |_, uri| uri.path() != "/")
            .cookie("own", "of-the-client")
    };
    let call = through(with, Proxy::every_cookie, spoofed()).await;
    assert_eq!(call.headers.get_all("x-caller").iter().count(), 1);
    assert_eq!(call.header("x-caller"), Some("frontend"));
    assert_eq!(
        call.header("x-service-key"),
        None,
        "held, though not for this request"
    );
    assert_eq!(call.header("cookie"), Some("own=of-the-client"));
    assert_eq!(call.header("accept"), Some("text/html"));

    let call = through(with, |proxy| proxy.keep(CALLER), spoofed()).await;
    assert_eq!(call.header("x-caller"), Some("spoofed"), "asked for");

    let call = through(with, |proxy| proxy.keep(header::COOKIE), spoofed()).await;
    assert_eq!(call.header("cookie"), Some("own=spoofed; other=1"));
}

#[tokio::test]
async fn credentials_of_the_client_are_what_the_client_says() {
    type Given = fn() -> Credential;
    let given: [(Given, &str, &str); 4] = [
        (
            || Credential::bearer("ours").unwrap(),
            "authorization",
            "Bearer ours",
        ),
        (
            || Credential::api_key("x-service-key", "ours").unwrap(),
            "x-service-key",
            "ours",
        ),
        (
            || Credential::cookie("own", "ours").unwrap(),
            "cookie",
            "other=1; own=ours",
        ),
        (
            || Credential::query("key", "ours").unwrap(),
            "query",
            "a=1&key=ours",
        ),
    ];
    let all = |proxy: Proxy| proxy.every_cookie().keep(header::AUTHORIZATION);
    for (credential, name, expected) in given {
        let with = |builder: ClientBuilder| builder.credentials(credential());
        let call = through(with, all, spoofed()).await;
        let sent = match name {
            "query" => call.uri.query(),
            name => call.header(name),
        };
        assert_eq!(sent, Some(expected));
    }
    let call = through(|builder| builder, all, spoofed()).await;
    assert_eq!(
        call.header("authorization"),
        Some("Bearer spoofed"),
        "there are none"
    );
}

#[tokio::test]
async fn a_middleware_may_still_say_with_which_credentials_a_request_goes() {
    let with = |builder: ClientBuilder| builder.credentials(Credential::bearer("ours").unwrap());
    let keep = |proxy: Proxy| proxy.keep(header::AUTHORIZATION);
    for (wish, expected) in [
        (Override::without_auth(), "Bearer spoofed"),
        (Override::default().overwrite(false), "Bearer spoofed"),
        (Override::default(), "Bearer ours"),
        (
            Override::with(Credential::bearer("another").unwrap()),
            "Bearer another",
        ),
    ] {
        let mut request = spoofed();
        request.extensions_mut().insert(wish);
        let call = through(with, keep, request).await;
        assert_eq!(call.header("authorization"), Some(expected));
    }
}

#[tokio::test]
async fn what_says_who_somebody_is_stays_behind_until_it_is_named() {
    let fields = [
        ("authorization", "Bearer s3cret"),
        ("x-api-key", "s3cret"),
        ("cookie", "session=s3cret; theme=dark"),
        ("cookie", "a=1"),
    ];
    let call = sent(plainly, &fields).await;
    for name in ["authorization", "x-api-key", "cookie"] {
        assert_eq!(call.header(name), None, "{name}");
    }
    let call = sent(|proxy| proxy.keep(header::AUTHORIZATION), &fields).await;
    assert_eq!(call.header("authorization"), Some("Bearer s3cret"));
    let call = sent(|proxy| proxy.cookie("session").unwrap(), &fields).await;
    assert_eq!(call.header("cookie"), Some("session=s3cret"));
    let call = sent(Proxy::every_cookie, &fields).await;
    assert_eq!(
        call.header("cookie"),
        Some("session=s3cret; theme=dark; a=1")
    );
    let every = |proxy: Proxy<_>| proxy.every_cookie().leave_out(header::COOKIE);
    assert_eq!(sent(every, &fields).await.header("cookie"), None);
}

#[tokio::test]
async fn cookies_come_back_as_they_go() {
    let set = async |settings: fn(Proxy<_>) -> Proxy<_>| {
        let answer = Step::answer(|_| {
            let response = Response::builder().header("set-cookie", "session=1; Path=/; Secure");
            response
                .header("set-cookie", "theme=dark")
                .body(Body::empty())
                .unwrap()
        });
        let (response, _) = passed(settings, answer, request(Method::GET, &[])).await;
        let set = response.headers().get_all("set-cookie").iter();
        set.map(|cookie| cookie.to_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert!(set(plainly).await.is_empty());
    assert_eq!(
        set(|proxy| proxy.cookie("session").unwrap()).await,
        ["session=1; Path=/; Secure"]
    );
    assert_eq!(set(Proxy::every_cookie).await.len(), 2);
    assert_eq!(set(|proxy| proxy.keep(header::COOKIE)).await.len(), 2);
}

#[test]
fn a_cookie_has_a_name_that_one_can_have() {
    let proxy = Proxy::over(BASE.parse().unwrap(), Scripted::new([Step::ok()]));
    let error = proxy.cookie("a b").unwrap_err().to_string();
    assert!(error.contains("`a b`"), "{error}");
}
