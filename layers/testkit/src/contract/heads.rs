use buttress_kernel::Body;
use http::{HeaderMap, Method, Request, Version};

use super::Subject;
use super::rig::{Rig, bounded, finish, get, send};
use crate::Step;

/// Something in the extensions that no layer knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Foreign(u32);

/// A request's method, URI, version, headers and extensions reach the inner service. The layer may
/// add headers and extensions of its own.
///
/// # Panics
///
/// If one of them is lost or changed.
pub async fn request_heads_pass(subject: &Subject) {
    for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
        let rig = Rig::new([Step::ok()]);
        let mut service = subject.layer()(rig.inner());
        let request = Request::builder()
            .method(method.clone())
            .uri("http://contract.example/a%20b?c=d")
            .version(Version::HTTP_2)
            .header("x-contract", "one")
            .header("x-contract", "two")
            .header("accept", "text/plain")
            .extension(Foreign(7))
            .body(Body::empty())
            .expect("a valid request");
        let (uri, headers) = (request.uri().clone(), request.headers().clone());

        let end = finish("a call", &mut service, request).await;
        assert!(
            end.is_ok(),
            "a {method} that the server answered with 200: {end:?}"
        );
        let calls = rig.server.calls();
        let call = calls.first().expect("the inner service was not called");
        assert_eq!(call.method, method, "the request's method");
        assert_eq!(call.uri, uri, "the request's URI");
        assert_eq!(call.version, Version::HTTP_2, "the request's version");
        assert_kept(&headers, &call.headers, "request");
        let foreign = call.extensions.get::<Foreign>();
        assert_eq!(
            foreign,
            Some(&Foreign(7)),
            "a foreign extension of the request"
        );
    }
}

/// A response's status, headers and extensions come back. The layer may add headers and extensions
/// of its own.
///
/// # Panics
///
/// If one of them is lost or changed.
pub async fn response_heads_pass(subject: &Subject) {
    for status in [200, 204, 404] {
        let step = Step::status(status)
            .header("x-contract", "one")
            .header("x-contract", "two")
            .header("set-cookie", "a=b")
            .extension(Foreign(9));
        let rig = Rig::new([step]);
        let mut service = subject.layer()(rig.inner());
        let response = bounded("a call", send(&mut service, get("head"))).await;
        let response = response.expect("an answer of the server is no error");

        assert_eq!(response.status(), status, "the response's status");
        let mut headers = HeaderMap::new();
        headers.append("x-contract", "one".parse().expect("a valid value"));
        headers.append("x-contract", "two".parse().expect("a valid value"));
        headers.append("set-cookie", "a=b".parse().expect("a valid value"));
        assert_kept(&headers, response.headers(), "response");
        let foreign = response.extensions().get::<Foreign>();
        assert_eq!(
            foreign,
            Some(&Foreign(9)),
            "a foreign extension of the response"
        );
    }
}

fn assert_kept(sent: &HeaderMap, arrived: &HeaderMap, of: &str) {
    for name in sent.keys() {
        let sent: Vec<_> = sent.get_all(name).iter().collect();
        let arrived: Vec<_> = arrived.get_all(name).iter().collect();
        assert_eq!(arrived, sent, "the {of}'s header `{name}`");
    }
}
