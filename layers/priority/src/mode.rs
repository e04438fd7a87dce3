//! What a [`PriorityLayer`](crate::PriorityLayer) knows of messages, and how long a request counts as
//! in flight, as types.
//!
//! | mode | service | in flight until | priorities, overrides, deadlines | trail |
//! | --- | --- | --- | --- | --- |
//! | [`Http`] | over `http::Request` | the response's head | honoured | on the response |
//! | [`UntilBodyEnd`] | over `http::Request` | the response's body is over | honoured | on the response |
//! | [`Any`] | over anything | the response | where its view finds extensions | no |

use std::marker::PhantomData;

use buttress_kernel::RequestView;
use http::{Extensions, Request, Response};
use http_body::Body;

use crate::body::ResponseBody;
pub use crate::permit::Permit;

/// The usual mode.
#[derive(Clone, Copy, Debug)]
pub struct Http(());

/// A response's body counts, too.
#[derive(Clone, Copy, Debug)]
pub struct UntilBodyEnd(());

/// Requests and answers of any type.
///
/// `V` is the [`RequestView`] that finds a request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Any<V>(PhantomData<fn() -> V>);

/// How a mode reaches into messages.
pub trait Mode<Req, Res> {
    /// What the service answers.
    type Response;

    /// The request's extensions, where it has any.
    fn extensions(request: &Req) -> Option<&Extensions>;

    /// Where a trail can be left.
    fn extensions_mut(answer: &mut Res) -> Option<&mut Extensions>;

    /// The answer has come.
    fn answer(answer: Res, permit: Option<Permit>) -> Self::Response;
}

impl<B, C> Mode<Request<B>, Response<C>> for Http {
    type Response = Response<C>;

    #[inline]
    fn extensions(request: &Request<B>) -> Option<&Extensions> {
        Some(request.extensions())
    }

    fn extensions_mut(answer: &mut Response<C>) -> Option<&mut Extensions> {
        Some(answer.extensions_mut())
    }

    #[inline]
    fn answer(answer: Response<C>, permit: Option<Permit>) -> Response<C> {
        drop(permit);
        answer
    }
}

impl<B, C: Body> Mode<Request<B>, Response<C>> for UntilBodyEnd {
    type Response = Response<ResponseBody<C>>;

    #[inline]
    fn extensions(request: &Request<B>) -> Option<&Extensions> {
        Some(request.extensions())
    }

    fn extensions_mut(answer: &mut Response<C>) -> Option<&mut Extensions> {
        Some(answer.extensions_mut())
    }

    #[inline]
    fn answer(answer: Response<C>, permit: Option<Permit>) -> Self::Response {
        answer.map(|body| ResponseBody::new(body, permit))
    }
}

impl<Req, Res, V: RequestView<Req>> Mode<Req, Res> for Any<V> {
    type Response = Res;

    #[inline]
    fn extensions(request: &Req) -> Option<&Extensions> {
        V::extensions(request)
    }

    fn extensions_mut(_: &mut Res) -> Option<&mut Extensions> {
        None
    }

    #[inline]
    fn answer(answer: Res, permit: Option<Permit>) -> Res {
        drop(permit);
        answer
    }
}
