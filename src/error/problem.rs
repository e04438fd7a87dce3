use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

/// Problem details, as [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) has servers explain
/// themselves.
///
/// What has the wrong type is as if it were absent (§3.1), and so the extensions are all that is left.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Problem {
    /// A URI that says which problem it is; `about:blank` says no more than the status.
    pub kind: String,
    /// What the problem is, in a few words that do not vary.
    pub title: Option<String>,
    /// The status that the server meant; one on the way may have changed it.
    pub status: Option<u16>,
    /// What happened this time.
    pub detail: Option<String>,
    /// A URI of this occurrence.
    pub instance: Option<String>,
    /// Whatever else the server told.
    pub extensions: Map<String, Value>,
}

impl Problem {
    /// Reads `application/problem+json`, and nothing else: another document's `title` is no
    /// explanation.
    pub(super) fn read(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let essence = content_type.split(';').next()?.trim();
        if !essence.eq_ignore_ascii_case("application/problem+json") {
            return None;
        }
        let mut members: Map<String, Value> =
            serde_json::from_slice(super::without_mark(body)).ok()?;
        let mut text = |name: &str| match members.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let kind = text("type").unwrap_or_else(|| "about:blank".to_owned());
        let (title, detail, instance) = (text("title"), text("detail"), text("instance"));
        // §4.2.1: the title of `about:blank` is the status's.
        let is_blank = kind == "about:blank";
        let reason = || status.canonical_reason().filter(|_| is_blank);
        let number = members.remove("status").as_ref().and_then(Value::as_u64);
        let number = number.and_then(|number| u16::try_from(number).ok());
        Some(Self {
            kind,
            title: title.or_else(|| reason().map(str::to_owned)),
            status: number,
            detail,
            instance,
            extensions: members,
        })
    }
}
