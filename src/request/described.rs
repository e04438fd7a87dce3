//! What a request's headers say of its body.

use buttress_kernel::{Body, BoxError, TransportError};
use http::{HeaderMap, HeaderValue, Request, header};
use http_body::Body as _;

/// What a body says of itself, for a request that says nothing else.
#[derive(Default)]
pub(super) struct Described {
    pub(super) content_type: Option<HeaderValue>,
    pub(super) content_encoding: Option<HeaderValue>,
    /// Whether the content type holds what the body cannot be read without.
    pub(super) has_boundary: bool,
}

impl Described {
    /// Writes it down.
    ///
    /// # Errors
    ///
    /// When the request's own content type would make a form of several parts unreadable.
    pub(super) fn settle(&mut self, headers: &mut HeaderMap) -> Result<(), BoxError> {
        if let Some(own) = self.content_type.take() {
            match headers.get_mut(header::CONTENT_TYPE) {
                None => drop(headers.insert(header::CONTENT_TYPE, own)),
                Some(set) if self.has_boundary => *set = with_boundary(set, &own)?,
                Some(_) => {}
            }
        }
        if let Some(own) = self.content_encoding.take() {
            headers.entry(header::CONTENT_ENCODING).or_insert(own);
        }
        Ok(())
    }
}

/// The content type that was set, with the boundary of the form's own.
fn with_boundary(set: &HeaderValue, own: &HeaderValue) -> Result<HeaderValue, BoxError> {
    let boundary = parameters(own.as_bytes()).next().unwrap_or_default();
    let lower = set.as_bytes().to_ascii_lowercase();
    let names_one = parameters(&lower).any(|parameter| parameter.starts_with(b"boundary"));
    let is_form = lower.starts_with(b"multipart/");
    if is_form && names_one && parameters(set.as_bytes()).any(|parameter| parameter == boundary) {
        return Ok(set.clone());
    }
    if !is_form || names_one {
        return Err(TransportError::request(
            "its content type is not the one of its form of several parts, which nobody could read \
             then; leave the header out, or set a `multipart/` type without a boundary",
        )
        .into());
    }
    let whole = [set.as_bytes(), b"; ", boundary].concat();
    HeaderValue::from_bytes(&whole).map_err(Into::into)
}

/// What stands behind the type, one by one.
fn parameters(content_type: &[u8]) -> impl Iterator<Item = &[u8]> {
    let pieces = content_type.split(|byte| *byte == b';');
    pieces.skip(1).map(<[u8]>::trim_ascii)
}

/// Refuses a request whose `Content-Length` is not that of its body: the transport would send that much
/// of it, or wait for more.
pub(crate) fn length_agrees(request: &Request<Body>) -> Result<(), BoxError> {
    let mut said = request.headers().get_all(header::CONTENT_LENGTH).iter();
    let Some(first) = said.next() else {
        return Ok(());
    };
    let number = length(first).filter(|number| said.all(|other| length(other) == Some(*number)));
    let agrees = match (number, request.body().size_hint().exact()) {
        (Some(number), Some(exact)) => number == exact,
        (number, _) => number.is_some(),
    };
    if agrees {
        return Ok(());
    }
    Err(TransportError::request(
        "its `Content-Length` is not the length of its body; leave the header out, it is set by the \
         transport",
    )
    .into())
}

/// `parse` takes a sign.
fn length(value: &HeaderValue) -> Option<u64> {
    let text = value.to_str().ok()?;
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w37_no_content_type_takes_a_forms_boundary_away() {
        let own = HeaderValue::from_static("multipart/form-data; boundary=b1");
        for (set, sent) in [
            ("multipart/mixed", Some("multipart/mixed; boundary=b1")),
            ("Multipart/X; a=b", Some("Multipart/X; a=b; boundary=b1")),
            ("multipart/x;boundary=b1", Some("multipart/x;boundary=b1")),
            (
                "multipart/x; boundary=b1 ; a=b",
                Some("multipart/x; boundary=b1 ; a=b"),
            ),
            ("multipart/x; boundary=b12", None),
            ("multipart/x; Boundary=b2", None),
            (
                "multipart/x; xboundary=b1",
                Some("multipart/x; xboundary=b1; boundary=b1"),
            ),
            ("text/plain", None),
            ("", None),
        ] {
            let end = with_boundary(&HeaderValue::from_static(set), &own);
            let end = end.ok().map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(end.as_deref(), sent, "{set}");
        }
    }
}
