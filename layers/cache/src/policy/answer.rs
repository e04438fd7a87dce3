use http::{HeaderValue, Response, StatusCode, header};

use super::{Head, Reply, Serve};

/// The head of an answer from the store; its body, if it has one, is the stored bytes that
/// [`Serve::reply`] names (none for a request with HEAD).
///
/// Two allocations, those of the fields' clone.
pub(crate) fn answer(head: &Head, serve: &Serve) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = match serve.reply {
        Reply::Whole => head.status,
        Reply::NotModified => StatusCode::NOT_MODIFIED,
        Reply::Range { .. } => StatusCode::PARTIAL_CONTENT,
        Reply::Unsatisfiable { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
    };
    *response.version_mut() = head.version;
    *response.headers_mut() = head.headers.clone();
    let age = HeaderValue::from(serve.age.as_secs());
    response.headers_mut().insert(header::AGE, age);
    response
}
