use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use crate::envelope::tagged::{InvalidParams, ServerParams};
use crate::proxy::Problem;

/// As an extractor it reads the query.
///
/// ```
/// use axum::{Json, Router, routing::get};
/// use buttress::envelope::tagged::ServerParams;
///
/// async fn list(asked: ServerParams) -> Json<Vec<u64>> {
///     let size = asked.pg.and_then(|pg| pg.size).unwrap_or(20).min(100);
///     Json((1..=size).collect())
/// }
///
/// let app: Router = Router::new().route("/numbers", get(list));
/// # let _ = app;
/// ```
impl<S: Sync> FromRequestParts<S> for ServerParams {
    type Rejection = InvalidParams;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, InvalidParams> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

/// 400, with problem details.
impl IntoResponse for InvalidParams {
    fn into_response(self) -> Response {
        let detail = "the query's `pg[size]` is no number";
        let problem = Problem::new(StatusCode::BAD_REQUEST, None, detail);
        problem.into_response().map(Body::new)
    }
}
