use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use buttress_kernel::BoxError;
use http::{Request, Response};
use http_body_util::BodyExt;
use tower_http::decompression::Decompression;
use tower_service::Service;

use super::DecodedBody;

/// The response with its body unpacked. tower-http makes such bodies in a service alone, so there is one
/// that has its answer already.
pub(super) fn decoded<R>(response: Response<R>) -> Response<DecodedBody<R>>
where
    R: http_body::Body,
    R::Error: Into<BoxError>,
{
    let boxed: fn(R::Error) -> BoxError = Into::into;
    let response = response.map(|body| body.map_err(boxed));
    let mut service = Decompression::new(Answered(Some(response)));
    let future = pin!(service.call(Request::new(())));
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => response.map(DecodedBody::decoded),
        Poll::Ready(Err(never)) => match never {},
        Poll::Pending => unreachable!("the answer is there"),
    }
}

struct Answered<R>(Option<Response<R>>);

impl<R> Service<Request<()>> for Answered<R> {
    type Response = Response<R>;
    type Error = Infallible;
    type Future = Ready<Result<Response<R>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        match self.0.take() {
            Some(response) => ready(Ok(response)),
            None => unreachable!("it is asked once"),
        }
    }
}
