//! What every layer must do, seen from outside.

use buttress_fallback::FallbackLayer;
use buttress_kernel::Body;
use http::{Request, Response};
use tower::service_fn;

/// Never falls back: everything passes.
fn never() -> FallbackLayer {
    FallbackLayer::value(Response::new("".into())).when(|_| false)
}

buttress_testkit::contract!(never);

// Where the substitute is of no use, what failed comes back as it was.
buttress_testkit::contract!(mod without_an_answer, || FallbackLayer::from_fn(|_, _| None));

buttress_testkit::contract!(
    mod failing_too,
    || FallbackLayer::service(service_fn(|_: Request<Body>| async {
        Err::<Response<Body>, _>("the other is down, too")
    }))
);

// A substitute hides errors on purpose.
buttress_testkit::contract!(
    mod hiding,
    || FallbackLayer::value(Response::new("".into())),
    only = [
        the_ready_service_is_the_one_called,
        an_uncalled_service_reserves_nothing_once_dropped,
        an_idle_service_reserves_nothing,
        readiness_waits_for_the_inner_service,
        readiness_errors_keep_their_source,
        dropped_calls_give_everything_back,
        a_dropped_call_does_not_stop_another,
        dropped_response_bodies_end_inside,
        response_bodies_stream,
        response_bodies_keep_size_and_trailers,
        response_body_errors_keep_their_source,
        request_bodies_stream,
        request_bodies_keep_size_and_trailers,
        request_body_errors_keep_their_source,
        request_heads_pass,
        response_heads_pass,
    ],
);
