use http::{HeaderMap, HeaderValue, header};

/// What to add to a forwarded request, so that the origin can spare its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conditions {
    pub(crate) if_none_match: Option<HeaderValue>,
    pub(crate) if_modified_since: Option<HeaderValue>,
    pub(crate) range: Option<HeaderValue>,
    pub(crate) if_range: Option<HeaderValue>,
}

impl Conditions {
    /// Whether the request goes out as the caller wrote it.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Replaces the caller's preconditions by these; changes nothing when there are none.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        if self.is_empty() {
            return;
        }
        headers.remove(header::IF_NONE_MATCH);
        headers.remove(header::IF_MODIFIED_SINCE);
        let fields = [
            (header::IF_NONE_MATCH, &self.if_none_match),
            (header::IF_MODIFIED_SINCE, &self.if_modified_since),
            (header::RANGE, &self.range),
            (header::IF_RANGE, &self.if_range),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
    }
}
