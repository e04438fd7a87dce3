//! Which paths go on.

use buttress::proxy::Proxy;
use buttress_testkit::{Scripted, Step};
use http::{Method, StatusCode};
use tower::ServiceExt;

use super::{passed, plainly, request};

/// The status of the answer, and what went upstream.
async fn asked(
    base: &str,
    settings: impl FnOnce(Proxy<Scripted>) -> Proxy<Scripted>,
    path: &str,
) -> (StatusCode, Option<String>) {
    let upstream = Scripted::new([Step::ok()]);
    let proxy = settings(Proxy::over(base.parse().unwrap(), upstream.clone()));
    let mut request = request(Method::GET, &[]);
    *request.uri_mut() = path.parse().unwrap();
    let response = proxy.oneshot(request).await.unwrap();
    let sent = upstream.calls().pop().map(|call| call.uri.to_string());
    (response.status(), sent)
}

#[tokio::test]
async fn no_path_leads_past_a_guard_or_out_of_the_prefix() {
    for path in [
        "/x/../admin",
        "/./admin",
        "/%2e%2e%2fadmin",
        "/%252e%252e/admin",
        "/..%252fadmin",
        "/..%20/admin",
        "/..;a/admin",
        "/%c0%ae%c0%ae/admin",
        "/..%ef%bc%8fadmin",
    ] {
        for base in ["http://h", "http://h/v1"] {
            let end = asked(base, plainly, path).await;
            assert_eq!(end, (StatusCode::BAD_REQUEST, None), "{base} {path}");
        }
    }
    let kept = |proxy: Proxy<_>| proxy.keep_dot_segments();
    let sent = Some("http://h/x/../admin".to_owned());
    assert_eq!(
        asked("http://h", kept, "/x/../admin").await,
        (StatusCode::OK, sent)
    );
    let end = asked("http://h/v1", kept, "/x/../../admin").await;
    assert_eq!(end, (StatusCode::BAD_REQUEST, None));
}

#[tokio::test]
async fn a_path_that_is_too_long_is_a_414() {
    let path = format!("/{}", "a".repeat(65_532));
    assert_eq!(asked("http://h", plainly, &path).await.0, StatusCode::OK);
    let end = asked("http://h/v1", plainly, &path).await;
    assert_eq!(end, (StatusCode::URI_TOO_LONG, None));
}

#[tokio::test]
async fn alternatives_of_the_upstream_are_not_ours() {
    let answer = Step::ok().header("alt-svc", "h3=\":9000\"");
    let (response, _) = passed(plainly, answer, request(Method::GET, &[])).await;
    assert_eq!(response.headers().get("alt-svc"), None);
}
