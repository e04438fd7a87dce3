use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use buttress_kernel::BoxError;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use tower_http::decompression::Decompression;
use tower_service::Service;

use super::DecodedBody;
use super::checked::Checked;

/// The response with its body unpacked. tower-http makes such bodies in a service alone, so there is one
/// that has its answer already.
///
/// What is in several encodings, or in one that is not compiled in, stays as it is.
pub(super) fn decoded<R>(mut response: Response<R>) -> Response<DecodedBody<R>>
where
    R: http_body::Body,
    R::Error: Into<BoxError>,
{
    let Some(coding) = coding(response.headers()) else {
        return response.map(DecodedBody::plain);
    };
    let own = HeaderValue::from_static(coding);
    response.headers_mut().insert(header::CONTENT_ENCODING, own);
    let response = response.map(|body| Checked::new(body, coding == "zstd"));
    let mut service = Decompression::new(Answered(Some(response)));
    let future = pin!(service.call(Request::new(())));
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => response.map(DecodedBody::decoded),
        Poll::Ready(Err(never)) => match never {},
        Poll::Pending => unreachable!("the answer is there"),
    }
}

/// The one encoding of a body, as tower-http knows it.
fn coding(headers: &HeaderMap) -> Option<&'static str> {
    let mut all = headers.get_all(header::CONTENT_ENCODING).iter();
    let name = all.next()?.as_bytes().trim_ascii();
    let known = [
        (cfg!(feature = "zstd"), "zstd", "zstd"),
        (cfg!(feature = "br"), "br", "br"),
        (cfg!(feature = "gzip"), "gzip", "gzip"),
        (cfg!(feature = "gzip"), "x-gzip", "gzip"),
        (cfg!(feature = "deflate"), "deflate", "deflate"),
    ];
    let mut known = known.into_iter().filter(|(is_in, ..)| *is_in);
    let (.., coding) = known.find(|(_, own, _)| name.eq_ignore_ascii_case(own.as_bytes()))?;
    all.next().is_none().then_some(coding)
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
