//! Answers as problem details (RFC 9457).

use buttress_kernel::Body;
use http::{HeaderValue, Response, StatusCode, header};

/// An answer of ours: a status, the layer that stood up for it, and a sentence. All of it is known when this is
/// compiled, so nothing of a request or of another server can be in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(super) status: StatusCode,
    pub(super) layer: Option<&'static str>,
    pub(super) detail: &'static str,
}

impl Problem {
    pub(crate) const fn new(
        status: StatusCode,
        layer: Option<&'static str>,
        detail: &'static str,
    ) -> Self {
        Self {
            status,
            layer,
            detail,
        }
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.document()));
        *response.status_mut() = self.status;
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        // Else one bad request could be everybody's answer for a while: RFC 9110 §15.1 lets some of these be stored.
        let no_store = HeaderValue::from_static("no-store");
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, no_store);
        response
    }

    /// Written by hand: none of the texts holds a character that JSON escapes.
    fn document(self) -> String {
        let code = self.status.as_u16();
        let title = self.status.canonical_reason().unwrap_or_default();
        let detail = self.detail;
        let layer = self.layer.map(|layer| format!(r#","layer":"{layer}""#));
        let layer = layer.unwrap_or_default();
        format!(
            r#"{{"type":"about:blank","title":"{title}","status":{code},"detail":"{detail}"{layer}}}"#
        )
    }
}
