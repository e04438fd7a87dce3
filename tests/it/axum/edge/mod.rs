//! What may cross from one connection to the other, and what may not.

mod addresses;
mod clients;
mod contract;
mod fields;
mod framing;
mod hops;
mod paths;

use buttress::Body;
use buttress::proxy::Proxy;
use buttress_testkit::{Call, Collecting, Scripted, Step};
use http::{HeaderValue, Method, Request, Response, Version};
use tower::ServiceExt;

const BASE: &str = "http://upstream.internal";

/// A request as it comes over HTTP/2.
fn request(method: Method, fields: &[(&'static str, &'static str)]) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method;
    *request.version_mut() = Version::HTTP_2;
    for (name, value) in fields {
        let value = HeaderValue::from_static(value);
        request.headers_mut().append(*name, value);
    }
    request
}

/// The answer to a request, and what of it went upstream.
async fn passed(
    settings: impl FnOnce(Proxy<Collecting>) -> Proxy<Collecting>,
    answer: Step,
    request: Request<Body>,
) -> (Response<Body>, Option<Call>) {
    let upstream = Scripted::new([answer]);
    let proxy = Proxy::over(BASE.parse().unwrap(), upstream.clone().collecting());
    let response = settings(proxy).oneshot(request).await;
    let Ok(response) = response;
    (response, upstream.calls().pop())
}

/// What goes upstream of a GET with these fields.
async fn sent(
    settings: impl FnOnce(Proxy<Collecting>) -> Proxy<Collecting>,
    fields: &[(&'static str, &'static str)],
) -> Call {
    let request = request(Method::GET, fields);
    passed(settings, Step::ok(), request).await.1.unwrap()
}

/// The same as [`Proxy`] without any settings.
fn plainly<S>(proxy: Proxy<S>) -> Proxy<S> {
    proxy
}
