use std::fmt;
use std::time::Duration;

use http::{HeaderValue, StatusCode};

use crate::policy::{self, Reason, Serve};

/// What the cache did with a request: the [`Cache-Status`](https://www.rfc-editor.org/rfc/rfc9211)
/// field as a value, in the response's extensions where the layer is
/// [told to](crate::CacheLayer::status_extension).
#[derive(Clone, Debug)]
pub struct CacheStatus {
    field: policy::CacheStatus,
    age: Duration,
}

impl CacheStatus {
    pub(crate) fn served(serve: &Serve) -> Self {
        let field = policy::CacheStatus {
            hit: Some(serve.ttl),
            ..policy::CacheStatus::default()
        };
        let age = serve.age;
        Self { field, age }
    }

    pub(crate) fn forwarded(reason: Reason) -> Self {
        let field = policy::CacheStatus {
            forward: Some(reason),
            ..policy::CacheStatus::default()
        };
        let age = Duration::ZERO;
        Self { field, age }
    }

    /// Neither: the caller wants nothing but what is stored, and nothing is.
    pub(crate) fn refused() -> Self {
        let field = policy::CacheStatus::default();
        let age = Duration::ZERO;
        Self { field, age }
    }

    /// The response was sent for after all, although the caller gets a stored one: for this reason,
    /// and with this status, if one came.
    pub(crate) fn after(mut self, reason: Reason, status: Option<StatusCode>) -> Self {
        self.field.hit = None;
        self.field.forward = Some(reason);
        self.field.forward_status = status;
        self
    }

    pub(crate) const fn stored(mut self, stored: bool) -> Self {
        self.field.stored = stored;
        self
    }

    pub(crate) const fn collapsed(mut self, collapsed: bool) -> Self {
        self.field.collapsed = collapsed;
        self
    }

    pub(crate) fn value(&self, name: &str) -> Option<HeaderValue> {
        self.field.value(name)
    }

    /// Whether the response came from the store, without a question to the origin.
    #[must_use]
    pub const fn is_hit(&self) -> bool {
        self.field.hit.is_some()
    }

    /// For how many seconds a hit stays fresh; negative when it is stale.
    #[must_use]
    pub const fn ttl(&self) -> Option<i64> {
        self.field.hit
    }

    /// The age of a response from the store.
    #[must_use]
    pub const fn age(&self) -> Duration {
        self.age
    }

    /// Why the request was forwarded, in a word of
    /// [RFC 9211 §2.2](https://www.rfc-editor.org/rfc/rfc9211#section-2.2).
    #[must_use]
    pub fn forward(&self) -> Option<&'static str> {
        self.field.forward.map(Reason::token)
    }

    /// The status of the origin's answer, where the caller got another one.
    #[must_use]
    pub const fn forward_status(&self) -> Option<StatusCode> {
        self.field.forward_status
    }

    /// Whether the response is being stored.
    #[must_use]
    pub const fn is_stored(&self) -> bool {
        self.field.stored
    }

    /// Whether the request was answered by another one's fetch.
    #[must_use]
    pub const fn is_collapsed(&self) -> bool {
        self.field.collapsed
    }
}

/// As a trail says it.
impl fmt::Display for CacheStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let age = self.age.as_secs();
        match (self.field.hit, self.field.forward) {
            (Some(ttl), _) if ttl < 0 => write!(f, "stale hit, age {age} s")?,
            (Some(_), _) => write!(f, "hit, age {age} s")?,
            (None, Some(Reason::Bypass | Reason::Method)) => f.write_str("bypass")?,
            (None, Some(Reason::Stale)) => f.write_str("stale")?,
            (None, Some(Reason::Partial)) => f.write_str("partial")?,
            (None, Some(_)) => f.write_str("miss")?,
            (None, None) => f.write_str("refused, nothing is stored")?,
        }
        match self.field.forward_status {
            Some(StatusCode::NOT_MODIFIED) => f.write_str(", still right")?,
            Some(status) => write!(f, ", origin answered {}", status.as_u16())?,
            None => {}
        }
        if self.field.collapsed {
            f.write_str(", shared with another request")?;
        }
        if self.field.stored {
            f.write_str(", stored")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Reply;

    fn served(ttl: i64) -> CacheStatus {
        CacheStatus::served(&Serve {
            index: 0,
            reply: Reply::Whole,
            age: Duration::from_secs(3),
            ttl,
            revalidate: false,
        })
    }

    #[test]
    fn a_trail_is_told_what_was_done() {
        let sent = CacheStatus::forwarded;
        let after = |status| served(9).after(Reason::Stale, StatusCode::from_u16(status).ok());
        for (status, told) in [
            (served(1), "hit, age 3 s"),
            (served(0), "hit, age 3 s"),
            (served(-1), "stale hit, age 3 s"),
            (sent(Reason::Bypass), "bypass"),
            (sent(Reason::Method), "bypass"),
            (sent(Reason::UriMiss), "miss"),
            (sent(Reason::VaryMiss), "miss"),
            (sent(Reason::Request), "miss"),
            (sent(Reason::Partial), "partial"),
            (after(0), "stale"),
            (after(304), "stale, still right"),
            (after(503), "stale, origin answered 503"),
            (
                sent(Reason::UriMiss).collapsed(true).stored(true),
                "miss, shared with another request, stored",
            ),
            (CacheStatus::refused(), "refused, nothing is stored"),
        ] {
            assert_eq!(status.to_string(), told);
        }
    }

    #[test]
    fn what_is_shared_or_stored_says_so() {
        for is in [false, true] {
            let status = CacheStatus::forwarded(Reason::UriMiss);
            assert_eq!(status.clone().collapsed(is).is_collapsed(), is);
            assert_eq!(status.stored(is).is_stored(), is);
        }
    }
}
