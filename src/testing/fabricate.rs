//! Responses and errors without a call.

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::{Method, Request};

use crate::error::{Call, StatusError};
use crate::{Error, Response};

/// A response out of nothing, for code that takes one.
///
/// ```
/// use buttress::testing::response;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let answer = http::Response::builder().status(200).body("[1,2]")?;
/// assert_eq!(response(answer).json::<Vec<u8>>().await?, [1, 2]);
/// # Ok(())
/// # }
/// ```
pub fn response(response: http::Response<impl Into<Body>>) -> Response {
    Response::new(call(), response.map(Into::into))
}

/// The error of a response that is no success, for code that deals with one.
///
/// ```
/// use buttress::testing::refusal;
///
/// let answer = http::Response::builder().status(404).body("not here")?;
/// let error = refusal(answer);
/// assert!(error.is_not_found());
/// assert_eq!(error.response().unwrap().body(), "not here");
/// # Ok::<_, http::Error>(())
/// ```
#[must_use]
pub fn refusal(response: http::Response<impl Into<Bytes>>) -> Error {
    let (head, body) = response.into_parts();
    let refused = StatusError::new(&head, body.into(), true);
    Error::new(call(), refused.into())
}

/// The error of a call that brought no response, for code that deals with one.
///
/// ```
/// use buttress::kernel::TransportError;
/// use buttress::testing::failure;
///
/// let error = failure(TransportError::connect("refused"));
/// assert!(error.is_connect());
/// assert!(error.sent().is_provably_unsent());
/// ```
#[must_use]
pub fn failure(source: impl Into<BoxError>) -> Error {
    Error::new(call(), source.into())
}

fn call() -> Call {
    let mut request = Request::new(());
    *request.method_mut() = Method::GET;
    Call::of(&request)
}
