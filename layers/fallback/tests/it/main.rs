//! One binary of integration tests.

mod answers;
mod cancellation;
mod telemetry;

use buttress_kernel::Body;
use http::Request;

fn request(method: &str) -> Request<Body> {
    let request = Request::builder()
        .method(method)
        .uri("https://api.example/a?token=s3cret");
    request.body(Body::from("asked")).expect("a valid request")
}

fn get() -> Request<Body> {
    request("GET")
}

fn fixed(text: &'static str) -> http::Response<bytes::Bytes> {
    http::Response::new(bytes::Bytes::from_static(text.as_bytes()))
}
