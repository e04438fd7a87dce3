//! What a response tells caches, from the one field that counts for this cache.

use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode, header};

use super::directives::{Directive, Fields, directives};
use super::{Policy, list, status, targeted};

/// No name of a directive that we know is longer.
const LONGEST: usize = "stale-while-revalidate".len();

/// The response directives of RFC 9111 §5.2.2, RFC 5861 and RFC 8246 together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Control {
    /// Whether they come from a targeted field, so that `Expires` does not count (RFC 9213 §2.2).
    pub(super) targeted: bool,
    pub(super) no_store: bool,
    pub(super) no_cache: bool,
    pub(super) private: bool,
    pub(super) public: bool,
    pub(super) must_revalidate: bool,
    pub(super) proxy_revalidate: bool,
    pub(super) must_understand: bool,
    pub(super) immutable: bool,
    pub(super) max_age: Option<Duration>,
    pub(super) s_maxage: Option<Duration>,
    pub(super) while_revalidate: Option<Duration>,
    pub(super) if_error: Option<Duration>,
    /// Fields that must not be reused without validation (§5.2.2.4).
    pub(super) no_cache_fields: Vec<HeaderName>,
    /// Fields that a shared cache must not keep (§5.2.2.7).
    pub(super) private_fields: Vec<HeaderName>,
}

impl Control {
    /// The directives that count for a cache: those of the first targeted field that is present and
    /// valid (RFC 9213 §2.2), else those of `Cache-Control`.
    pub(super) fn of(policy: &Policy, headers: &HeaderMap) -> Self {
        let mut targets = policy.targets.iter();
        targets
            .find_map(|name| targeted::control(headers, name))
            .unwrap_or_else(|| Self::parse(headers))
    }

    fn parse(headers: &HeaderMap) -> Self {
        let mut control = Self::default();
        for directive in directives(list::lines(headers, &header::CACHE_CONTROL)) {
            control.add(&directive);
        }
        control
    }

    fn add(&mut self, directive: &Directive<'_>) {
        let mut name = [0; LONGEST];
        let Some(name) = name.get_mut(..directive.name.len()) else {
            return;
        };
        name.copy_from_slice(directive.name);
        name.make_ascii_lowercase();
        match &*name {
            b"no-store" => self.no_store = true,
            b"no-cache" => self.no_cache_for(directive.fields()),
            b"private" => self.private_for(directive.fields()),
            b"public" => self.public = true,
            b"must-revalidate" => self.must_revalidate = true,
            b"proxy-revalidate" => self.proxy_revalidate = true,
            b"must-understand" => self.must_understand = true,
            b"immutable" => self.immutable = true,
            b"max-age" => Self::lifetime(&mut self.max_age, directive.seconds()),
            b"s-maxage" => Self::lifetime(&mut self.s_maxage, directive.seconds()),
            b"stale-while-revalidate" => Self::first(&mut self.while_revalidate, directive),
            b"stale-if-error" => Self::first(&mut self.if_error, directive),
            _ => {}
        }
    }

    pub(super) fn no_cache_for(&mut self, fields: Fields) {
        match fields {
            Fields::All => self.no_cache = true,
            Fields::Named(names) => self.no_cache_fields.extend(names),
        }
    }

    pub(super) fn private_for(&mut self, fields: Fields) {
        match fields {
            Fields::All => self.private = true,
            Fields::Named(names) => self.private_fields.extend(names),
        }
    }

    /// Of several, the first counts; one that is invalid means stale (§4.2.1).
    pub(super) fn lifetime(slot: &mut Option<Duration>, seconds: Option<Duration>) {
        slot.get_or_insert(seconds.unwrap_or_default());
    }

    /// Permission to be stale: an invalid one is none.
    fn first(slot: &mut Option<Duration>, directive: &Directive<'_>) {
        *slot = slot.or_else(|| directive.seconds());
    }

    /// Whether no cache of this kind may keep a response of this status (§5.2.2.5, §5.2.2.7). Who
    /// understands the status need not obey `no-store` beside `must-understand`, for that is meant
    /// for those who do not (§5.2.2.3).
    pub(super) const fn forbids(&self, policy: &Policy, code: StatusCode) -> bool {
        let excused = self.must_understand && status::understood(code);
        (self.no_store && !excused) || (self.private && policy.shared)
    }

    /// Whether a shared cache may keep what was answered to a request with `Authorization` (§3.5).
    pub(super) const fn allows_authorized(&self) -> bool {
        self.public || self.must_revalidate || self.s_maxage.is_some()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn control(lines: &[&'static str]) -> Control {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::CACHE_CONTROL, HeaderValue::from_static(line));
        }
        Control::of(&Policy::shared(), &headers)
    }

    const fn secs(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn every_directive_is_read() {
        let read = control(&[
            "No-Store, NO-CACHE, Private, Public, Must-Revalidate, Proxy-Revalidate",
            "Must-Understand, Immutable, Max-Age=1, S-MaxAge=2",
            "Stale-While-Revalidate=3, Stale-If-Error=4, unknown, unknown=5",
        ]);
        let expected = Control {
            targeted: false,
            no_store: true,
            no_cache: true,
            private: true,
            public: true,
            must_revalidate: true,
            proxy_revalidate: true,
            must_understand: true,
            immutable: true,
            max_age: secs(1),
            s_maxage: secs(2),
            while_revalidate: secs(3),
            if_error: secs(4),
            no_cache_fields: Vec::new(),
            private_fields: Vec::new(),
        };
        assert_eq!(read, expected);
        assert_eq!(control(&[]), Control::default());
    }

    #[test]
    fn of_several_numbers_the_first_counts() {
        assert_eq!(control(&["max-age=1, max-age=2"]).max_age, secs(1));
        assert_eq!(control(&["s-maxage=3", "s-maxage=2"]).s_maxage, secs(3));
        let two = "stale-if-error=5, stale-if-error=6, stale-while-revalidate=7, stale-while-revalidate=8";
        assert_eq!(control(&[two]).if_error, secs(5));
        assert_eq!(control(&[two]).while_revalidate, secs(7));
    }

    #[test]
    fn an_invalid_lifetime_is_over_and_an_invalid_permission_is_none() {
        for line in [
            "max-age",
            "max-age=-1",
            "max-age='1'",
            "max-age=x, max-age=9",
        ] {
            assert_eq!(control(&[line]).max_age, secs(0), "{line}");
        }
        assert_eq!(control(&["s-maxage=1.5"]).s_maxage, secs(0));
        assert_eq!(control(&["stale-if-error"]).if_error, None);
        assert_eq!(
            control(&["stale-while-revalidate=x"]).while_revalidate,
            None
        );
    }

    #[test]
    fn no_cache_and_private_may_name_fields() {
        let read = control(&["no-cache=\"a, b\", private=c", "no-cache=d"]);
        assert!(!read.no_cache && !read.private);
        assert_eq!(read.no_cache_fields, ["a", "b", "d"]);
        assert_eq!(read.private_fields, ["c"]);
        assert!(control(&["no-cache=\"a\", no-cache"]).no_cache);
        assert!(control(&["private=\"\""]).private);
    }

    #[test]
    fn three_directives_let_a_shared_cache_keep_what_was_authorized() {
        for line in ["public", "must-revalidate", "s-maxage=0"] {
            assert!(control(&[line]).allows_authorized(), "{line}");
        }
        for line in [
            "max-age=1",
            "proxy-revalidate",
            "immutable",
            "must-understand",
        ] {
            assert!(!control(&[line]).allows_authorized(), "{line}");
        }
    }

    #[test]
    fn ten_thousand_directives_are_read() {
        let bomb = vec!["max-age=1, no-cache=\"x\""; 10_000].join(",");
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, bomb.try_into().unwrap());
        assert_eq!(Control::of(&Policy::private(), &headers).max_age, secs(1));
    }
}
