//! What holds for every layer of the family holds for a proxy, but that its failures are answers.

use buttress::Body;
use buttress::proxy::Proxy;
use http::{HeaderValue, Request, header};
use tower::ServiceBuilder;
use tower::layer::layer_fn;

/// As it comes from a server.
fn incoming(mut request: Request<Body>) -> Request<Body> {
    let host = HeaderValue::from_static("www.example.com");
    request.headers_mut().insert(header::HOST, host);
    request
}

buttress_testkit::contract!(
    mod contract,
    || ServiceBuilder::new().map_request(incoming).layer(layer_fn(|inner| {
        Proxy::over("http://contract.example".parse().unwrap(), inner)
    })),
    only = [
        the_ready_service_is_the_one_called,
        an_uncalled_service_reserves_nothing_once_dropped,
        an_idle_service_reserves_nothing,
        readiness_waits_for_the_inner_service,
        dropped_calls_give_everything_back,
        a_dropped_call_does_not_stop_another,
        dropped_response_bodies_end_inside,
        response_bodies_stream,
        response_bodies_keep_size_and_trailers,
        response_body_errors_keep_their_source,
        request_bodies_stream,
        request_bodies_keep_size_and_trailers,
    ],
);
