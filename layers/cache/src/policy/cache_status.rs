use http::HeaderValue;

use super::Reason;

/// The greatest integer that a structured field can have (RFC 8941 §3.3.1).
const MOST: i64 = 999_999_999_999_999;

/// What the cache did, for the `Cache-Status` field (RFC 9211).
#[derive(Clone, Debug, Default)]
pub(crate) struct CacheStatus {
    /// Seconds of freshness that were left (§2.4), of a hit.
    pub(crate) hit: Option<i64>,
    /// Why the request was forwarded (§2.2).
    pub(crate) forward: Option<Reason>,
    /// The status that the origin answered with (§2.3), where the caller got another.
    pub(crate) forward_status: Option<http::StatusCode>,
    /// Whether the response is being stored (§2.5).
    pub(crate) stored: bool,
    /// Whether the request waited for another one's response (§2.6).
    pub(crate) collapsed: bool,
}

impl CacheStatus {
    /// The field's value, of one member; `name` is the cache's, a token.
    pub(crate) fn value(&self, name: &str) -> Option<HeaderValue> {
        use std::fmt::Write;

        let mut text = String::from(name);
        if let Some(ttl) = self.hit {
            let ttl = ttl.clamp(-MOST, MOST);
            write!(text, "; hit; ttl={ttl}").ok()?;
        }
        if let Some(reason) = self.forward {
            write!(text, "; fwd={}", reason.token()).ok()?;
        }
        if let Some(status) = self.forward_status {
            write!(text, "; fwd-status={}", status.as_u16()).ok()?;
        }
        if self.stored {
            text.push_str("; stored");
        }
        if self.collapsed {
            text.push_str("; collapsed");
        }
        HeaderValue::try_from(text).ok()
    }
}

impl Reason {
    /// As RFC 9211 §2.2 spells it.
    pub(crate) const fn token(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Method => "method",
            Self::UriMiss => "uri-miss",
            Self::VaryMiss => "vary-miss",
            Self::Request => "request",
            Self::Stale => "stale",
            Self::Partial => "partial",
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn text(status: &CacheStatus) -> String {
        let value = status.value("Buttress").unwrap();
        value.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_hit_says_how_fresh_it_was() {
        for (ttl, expected) in [
            (376, "Buttress; hit; ttl=376"),
            (-412, "Buttress; hit; ttl=-412"),
            (i64::MAX, "Buttress; hit; ttl=999999999999999"),
            (-i64::MAX, "Buttress; hit; ttl=-999999999999999"),
        ] {
            let status = CacheStatus {
                hit: Some(ttl),
                ..CacheStatus::default()
            };
            assert_eq!(text(&status), expected);
        }
    }

    #[test]
    fn a_forwarded_request_says_why_and_what_came_of_it() {
        let status = CacheStatus {
            forward: Some(Reason::Stale),
            forward_status: Some(StatusCode::NOT_MODIFIED),
            stored: true,
            collapsed: true,
            ..CacheStatus::default()
        };
        let expected = "Buttress; fwd=stale; fwd-status=304; stored; collapsed";
        assert_eq!(text(&status), expected);
        let tokens = [
            Reason::Bypass,
            Reason::Method,
            Reason::UriMiss,
            Reason::VaryMiss,
            Reason::Request,
            Reason::Stale,
            Reason::Partial,
        ];
        assert_eq!(
            tokens.map(Reason::token),
            [
                "bypass",
                "method",
                "uri-miss",
                "vary-miss",
                "request",
                "stale",
                "partial"
            ]
        );
    }

    #[test]
    fn a_name_that_fits_no_field_gives_none() {
        assert_eq!(CacheStatus::default().value("a\nb"), None);
    }
}
