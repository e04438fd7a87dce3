//! What a [`CircuitBreakerLayer`](crate::CircuitBreakerLayer) looks at, as types, because it decides
//! over the types of requests and bodies.
//!
//! | mode | service | outcome known at | response's body |
//! | --- | --- | --- | --- |
//! | [`Head`] | over `http::Request` | the head | as it is |
//! | [`Whole`] | over `http::Request` | the end of the body | [`ResponseBody`](crate::body::ResponseBody) |
//! | [`Any`] | over anything | the answer | as it is |

use std::marker::PhantomData;
use std::time::Duration;

use buttress_kernel::{Delay, WallClock};
use http::{Extensions, Response, StatusCode};

/// The usual mode: HTTP, and the head of the response tells how the call ended.
#[derive(Clone, Copy, Debug)]
pub struct Head(());

/// HTTP, and the call has not ended well before the response's body has.
#[derive(Clone, Copy, Debug)]
pub struct Whole(());

/// Requests and answers of any type.
///
/// `V` is the [`RequestView`](buttress_kernel::RequestView) that finds a request's extensions, so
/// that overrides and trails are honoured where there are any.
#[derive(Clone, Copy, Debug)]
pub struct Any<V>(PhantomData<fn() -> V>);

/// How a mode reads an answer.
pub trait Reads<Res> {
    /// For how long the server wants to be left alone, by the calendar given.
    fn delay(answer: &Res, clock: &dyn WallClock) -> Option<Duration>;

    /// Where a trail can be left.
    fn extensions_mut(answer: &mut Res) -> Option<&mut Extensions>;
}

impl<B> Reads<Response<B>> for Head {
    fn delay(answer: &Response<B>, clock: &dyn WallClock) -> Option<Duration> {
        // A layer further in may have read it already.
        let read = answer.extensions().get::<Delay>().copied();
        let refused = [
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        let parse = || {
            let refused = refused.contains(&answer.status());
            refused.then(|| Delay::parse(answer.headers(), clock.now()))?
        };
        read.or_else(parse).map(Delay::duration)
    }

    fn extensions_mut(answer: &mut Response<B>) -> Option<&mut Extensions> {
        Some(answer.extensions_mut())
    }
}

impl<Res, V> Reads<Res> for Any<V> {
    fn delay(_: &Res, _: &dyn WallClock) -> Option<Duration> {
        None
    }

    fn extensions_mut(_: &mut Res) -> Option<&mut Extensions> {
        None
    }
}
