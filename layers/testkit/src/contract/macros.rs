/// Makes a module of tests, one for each check of [`contract`](mod@crate::contract), of the layers
/// that an expression makes.
///
/// The expression is a closure, or a function, that returns a new layer with state of its own each
/// time. A server in the checks pauses at most 10 ms and fails at most once in a call, so a layer
/// whose limits are tighter than that is right to fail them.
///
/// ```
/// use tower::layer::util::Identity;
///
/// buttress_testkit::contract!(|| Identity::new());
/// # fn main() {}
/// ```
///
/// A layer with state (a limit, a circuit, a store) adds a script with which its state shows: after
/// 64 requests to a server that follows it, one more request ends otherwise than it would have at
/// first. One without state adds nothing, and has no test of it. See
/// [`clones_and_siblings_share_state`](crate::contract::clones_and_siblings_share_state).
///
/// ```
/// use buttress_testkit::Step;
/// # fn quota_of_10() -> tower::layer::util::Identity { tower::layer::util::Identity::new() }
///
/// buttress_testkit::contract!(quota_of_10, state = [Step::ok()]);
/// # fn main() {}
/// ```
///
/// A layer that breaks a promise on purpose (a fallback hides errors) lists the checks that hold.
/// A second contract in the same file needs a module name:
///
/// ```
/// use tower::layer::util::Identity;
///
/// buttress_testkit::contract!(
///     mod hiding,
///     || Identity::new(),
///     only = [response_bodies_stream, dropped_calls_give_everything_back],
/// );
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! contract {
    (@tests $name:ident $layer:tt [$($check:ident)*] [$($step:expr),*]) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(
                #[test]
                fn $check() {
                    let subject = $crate::contract::Subject::of($layer);
                    $crate::contract::run($crate::contract::$check(&subject));
                }
            )*

            $crate::contract!(@state $layer [$($step),*]);
        }
    };
    (@state $layer:tt []) => {};
    (@state $layer:tt [$($step:expr),*]) => {
        #[test]
        fn clones_and_siblings_share_state() {
            let steps = vec![$($step),*];
            $crate::contract::run($crate::contract::clones_and_siblings_share_state($layer, steps));
        }
    };
    (
        mod $name:ident, $layer:expr
        $(, state = [$($step:expr),+ $(,)?])?
        $(,)?
    ) => {
        $crate::contract!(@tests $name ($layer) [
            the_ready_service_is_the_one_called
            an_uncalled_service_reserves_nothing_once_dropped
            an_idle_service_reserves_nothing
            readiness_waits_for_the_inner_service
            readiness_errors_keep_their_source
            dropped_calls_give_everything_back
            a_dropped_call_does_not_stop_another
            dropped_response_bodies_end_inside
            errors_keep_their_source
            response_bodies_stream
            response_bodies_keep_size_and_trailers
            response_body_errors_keep_their_source
            request_bodies_stream
            request_bodies_keep_size_and_trailers
            request_body_errors_keep_their_source
            request_heads_pass
            response_heads_pass
        ] [$($($step),+)?]);
    };
    (
        mod $name:ident, $layer:expr,
        only = [$($check:ident),+ $(,)?]
        $(, state = [$($step:expr),+ $(,)?])?
        $(,)?
    ) => {
        $crate::contract!(@tests $name ($layer) [$($check)+] [$($($step),+)?]);
    };
    ($layer:expr $(, $($rest:tt)*)?) => {
        $crate::contract!(mod contract, $layer $(, $($rest)*)?);
    };
}
