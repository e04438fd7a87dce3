use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use buttress_kernel::BoxError;

use crate::Error;
use crate::proxy::{Side, respond_as};

/// A call that failed, as a handler's answer.
///
/// As [`respond`](crate::proxy::respond) says, with two differences. Where the request was at fault that the handler
/// made, its body included, that is this server's own mistake, and the status 500. Where a limit of ours refused, the
/// status is 503: whoever asked this server once has not sent too many requests
/// ([RFC 6585 §4](https://www.rfc-editor.org/rfc/rfc6585#section-4)). Nothing of the error is told, so an error that a client
/// should understand (a 404, say) is to be made into an answer by the handler.
///
/// ```
/// use axum_core::response::IntoResponse;
/// use buttress::Client;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), buttress::InvalidClient> {
/// let client = Client::builder().base_uri("http://127.0.0.1:1").retry(None).build()?;
/// // In a handler the `?` does this.
/// let response = client.get("/users").send().await.unwrap_err().into_response();
/// assert_eq!(response.status(), 502);
/// assert_eq!(response.headers()["content-type"], "application/problem+json");
/// # Ok(())
/// # }
/// ```
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        respond_as(Side::Handler, &self).map(Body::new)
    }
}

/// What a layer's error is answered with, for axum's `HandleErrorLayer` around layers that may fail.
///
/// As [`respond`](crate::proxy::respond) says, but that no upstream is spoken of where none is known: a time limit that
/// runs out is a 503, since 504 is a gateway's
/// ([RFC 9110 §15.6.5](https://www.rfc-editor.org/rfc/rfc9110#section-15.6.5)), and an error that is none of this family's
/// is this server's own, and the status 500.
///
/// ```
/// use std::time::Duration;
/// use axum::{Router, error_handling::HandleErrorLayer, routing::get};
/// use buttress::{TimeoutLayer, axum::handle_error};
/// use tower::ServiceBuilder;
///
/// let in_time = ServiceBuilder::new()
///     .layer(HandleErrorLayer::new(handle_error))
///     .layer(TimeoutLayer::new(Duration::from_secs(10)));
/// let app: Router = Router::new().route("/", get(|| async { "hello" })).layer(in_time);
/// # let _ = app;
/// ```
pub async fn handle_error(error: BoxError) -> Response {
    respond_as(Side::Server, &*error).map(Body::new)
}
