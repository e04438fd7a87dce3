//! What a [`RateLimitLayer`](crate::RateLimitLayer) knows of messages, as types.
//!
//! | mode | service | overrides, deadlines, trails | feedback |
//! | --- | --- | --- | --- |
//! | [`Http`] | over `http::Request` | honoured | yes |
//! | [`Any`] | over anything | where its view finds extensions; no trail on the answer | no |

use std::marker::PhantomData;

use buttress_kernel::RequestView;
use http::{Extensions, HeaderMap, Request, Response, StatusCode};

/// The usual mode.
#[derive(Clone, Copy, Debug)]
pub struct Http(());

/// Requests and answers of any type.
///
/// `V` is the [`RequestView`] that finds a request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Any<V>(PhantomData<fn() -> V>);

/// How a mode reaches into messages.
pub trait Mode<Req, Res> {
    /// The request's extensions, where it has any.
    fn extensions(request: &Req) -> Option<&Extensions>;

    /// Where a trail can be left.
    fn extensions_mut(answer: &mut Res) -> Option<&mut Extensions>;

    /// What the answer may say about our speed.
    fn head(answer: &Res) -> Option<(StatusCode, &HeaderMap)>;
}

impl<B, C> Mode<Request<B>, Response<C>> for Http {
    #[inline]
    fn extensions(request: &Request<B>) -> Option<&Extensions> {
        Some(request.extensions())
    }

    fn extensions_mut(answer: &mut Response<C>) -> Option<&mut Extensions> {
        Some(answer.extensions_mut())
    }

    fn head(answer: &Response<C>) -> Option<(StatusCode, &HeaderMap)> {
        Some((answer.status(), answer.headers()))
    }
}

impl<Req, Res, V: RequestView<Req>> Mode<Req, Res> for Any<V> {
    #[inline]
    fn extensions(request: &Req) -> Option<&Extensions> {
        V::extensions(request)
    }

    fn extensions_mut(_: &mut Res) -> Option<&mut Extensions> {
        None
    }

    fn head(_: &Res) -> Option<(StatusCode, &HeaderMap)> {
        None
    }
}
