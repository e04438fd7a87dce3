//! What a request asks of caches (RFC 9111 §5.2.1, §5.4).

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};

use super::directives::directives;
use super::list;

/// What a request's fields say at first sight, found in one pass: it takes less than a look-up of each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Glance<'a> {
    /// Whether no field changes what is served: nothing to parse, for most requests.
    pub(crate) is_plain: bool,
    /// Whether there may be content.
    pub(crate) has_content: bool,
    pub(crate) authorization: Option<&'a HeaderValue>,
}

impl<'a> Glance<'a> {
    #[inline]
    pub(crate) fn at(headers: &'a HeaderMap) -> Self {
        let (mut is_plain, mut has_content, mut has_length) = (true, false, false);
        let mut authorized_at = None;
        // Names by themselves take less than half of what names and values do.
        for (at, name) in headers.keys().enumerate() {
            // Of names in patterns the compiler makes one test of a number.
            match *name {
                header::AUTHORIZATION => authorized_at = Some(at),
                header::CONTENT_LENGTH => has_length = true,
                header::TRANSFER_ENCODING => has_content = true,
                header::CACHE_CONTROL
                | header::IF_MATCH
                | header::IF_MODIFIED_SINCE
                | header::IF_NONE_MATCH
                | header::IF_RANGE
                | header::IF_UNMODIFIED_SINCE
                | header::PRAGMA
                | header::RANGE => is_plain = false,
                _ => {}
            }
        }
        Self {
            is_plain,
            has_content: has_content || has_length && announces_content(headers),
            authorization: authorized_at.and_then(|at| authorization(headers, at)),
        }
    }
}

#[cold]
fn announces_content(headers: &HeaderMap) -> bool {
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    lengths.any(|length| length != "0")
}

/// The first `Authorization`, which is likely to stand at this place: to look there takes half of what a
/// look-up takes.
#[inline]
fn authorization(headers: &HeaderMap, at: usize) -> Option<&HeaderValue> {
    match headers.iter().nth(at) {
        Some((&header::AUTHORIZATION, value)) => Some(value),
        // There is a name with several values before it.
        _ => headers.get(header::AUTHORIZATION),
    }
}

/// Whether the response may not be stored (§5.2.1.5).
pub(crate) fn forbids_storing(headers: &HeaderMap) -> bool {
    directives(list::lines(headers, &header::CACHE_CONTROL)).any(|one| one.is("no-store"))
}

/// Whether nothing may be forwarded (§5.2.1.7).
pub(crate) fn only_if_cached(headers: &HeaderMap) -> bool {
    directives(list::lines(headers, &header::CACHE_CONTROL)).any(|one| one.is("only-if-cached"))
}

/// Whether the request asks for something, rather than what anybody is given.
pub(crate) fn wants_its_own(headers: &HeaderMap) -> bool {
    // Most requests say nothing.
    let says = [header::CACHE_CONTROL, header::PRAGMA];
    says.iter().any(|name| headers.contains_key(name)) && Wanted::of(headers) != Wanted::default()
}

/// The request directives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) no_cache: bool,
    pub(super) no_store: bool,
    pub(super) only_if_cached: bool,
    /// The greatest age that will do; an invalid one is zero.
    pub(super) max_age: Option<Duration>,
    /// The freshness that must be left; an invalid one asks for nothing.
    pub(super) min_fresh: Option<Duration>,
    /// How stale a response may be; an invalid one allows nothing.
    pub(super) max_stale: Option<Duration>,
    /// How stale a response may be when the origin fails (RFC 5861 §4).
    pub(super) if_error: Option<Duration>,
}

impl Wanted {
    /// `Pragma: no-cache` counts only when there is no `Cache-Control` (§5.4).
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut wanted = Self::default();
        if !headers.contains_key(header::CACHE_CONTROL) {
            let pragma = directives(list::lines(headers, &header::PRAGMA));
            wanted.no_cache = pragma.into_iter().any(|one| one.is("no-cache"));
            return wanted;
        }
        for one in directives(list::lines(headers, &header::CACHE_CONTROL)) {
            if one.is("no-cache") {
                wanted.no_cache = true;
            } else if one.is("no-store") {
                wanted.no_store = true;
            } else if one.is("only-if-cached") {
                wanted.only_if_cached = true;
            } else if one.is("max-age") {
                let age = one.seconds().unwrap_or_default();
                wanted.max_age = Some(wanted.max_age.map_or(age, |other| other.min(age)));
            } else if one.is("min-fresh") {
                wanted.min_fresh = wanted.min_fresh.max(one.seconds());
            } else if one.is("max-stale") {
                // Without a number, any staleness will do.
                let any = one.argument.is_none().then_some(Duration::MAX);
                wanted.max_stale = wanted.max_stale.or(any).or_else(|| one.seconds());
            } else if one.is("stale-if-error") {
                wanted.if_error = wanted.if_error.or_else(|| one.seconds());
            }
        }
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(lines: &[(&'static str, &'static str)]) -> Wanted {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        Wanted::of(&headers)
    }

    fn control(line: &'static str) -> Wanted {
        wanted(&[("cache-control", line)])
    }

    const fn secs(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn a_glance_sees_what_a_look_at_each_field_does() {
        let glance = |name: header::HeaderName, value: &'static str| {
            let others = [
                "accept",
                "x-pragmas",
                "ranges",
                "if-matched",
                "x-tenant-no-123",
            ];
            let mut headers: HeaderMap = others
                .map(|name| (name.parse().unwrap(), HeaderValue::from_static("x")))
                .into_iter()
                .collect();
            headers.insert(name, HeaderValue::from_static(value));
            let Glance {
                is_plain,
                has_content,
                authorization,
            } = Glance::at(&headers);
            (is_plain, has_content, authorization.cloned())
        };
        for name in [
            header::CACHE_CONTROL,
            header::PRAGMA,
            header::RANGE,
            header::IF_RANGE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            header::IF_MODIFIED_SINCE,
            header::IF_UNMODIFIED_SINCE,
        ] {
            assert_eq!(glance(name.clone(), "0"), (false, false, None), "{name}");
        }
        assert_eq!(glance(header::CONTENT_LENGTH, "0"), (true, false, None));
        assert_eq!(glance(header::CONTENT_LENGTH, "1"), (true, true, None));
        assert_eq!(glance(header::TRANSFER_ENCODING, "x"), (true, true, None));
        assert_eq!(glance(header::ACCEPT_ENCODING, "x"), (true, false, None));
        let secret = HeaderValue::from_static("a");
        assert_eq!(
            glance(header::AUTHORIZATION, "a"),
            (true, false, Some(secret))
        );
    }

    #[test]
    fn of_several_authorizations_the_first_counts() {
        let mut headers = HeaderMap::new();
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("a"));
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("b"));
        assert_eq!(Glance::at(&headers).authorization.unwrap(), "a");
        headers.insert(header::ACCEPT, HeaderValue::from_static("x"));
        assert_eq!(Glance::at(&headers).authorization.unwrap(), "a");
    }

    #[test]
    fn authorization_is_found_behind_a_name_with_several_values() {
        let mut headers = HeaderMap::new();
        for value in ["x", "y", "z"] {
            headers.append(header::ACCEPT, HeaderValue::from_static(value));
        }
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("a"));
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("b"));
        assert_eq!(Glance::at(&headers).authorization.unwrap(), "a");
    }

    #[test]
    fn of_several_lengths_each_counts() {
        let mut headers = HeaderMap::new();
        headers.append(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        assert!(!Glance::at(&headers).has_content);
        headers.append(header::CONTENT_LENGTH, HeaderValue::from_static("7"));
        assert!(Glance::at(&headers).has_content);
    }

    #[test]
    fn every_directive_is_read() {
        let lines = [
            (
                "cache-control",
                "No-Cache, No-Store, Only-If-Cached, unknown",
            ),
            (
                "cache-control",
                "max-age=1, min-fresh=2, max-stale=3, stale-if-error=4",
            ),
        ];
        let expected = Wanted {
            no_cache: true,
            no_store: true,
            only_if_cached: true,
            max_age: secs(1),
            min_fresh: secs(2),
            max_stale: secs(3),
            if_error: secs(4),
        };
        assert_eq!(wanted(&lines), expected);
        assert_eq!(wanted(&[]), Wanted::default());
        assert_eq!(control("nothing-to-see-here"), Wanted::default());
    }

    #[test]
    fn invalid_numbers_are_read_the_strict_way() {
        assert_eq!(control("max-age=x").max_age, secs(0));
        assert_eq!(control("max-age").max_age, secs(0));
        assert_eq!(control("min-fresh=x").min_fresh, None);
        assert_eq!(control("max-stale=x").max_stale, None);
        assert_eq!(control("stale-if-error=x").if_error, None);
    }

    #[test]
    fn of_several_numbers_the_strictest_or_first_counts() {
        assert_eq!(control("max-age=5, max-age=3, max-age=4").max_age, secs(3));
        assert_eq!(control("min-fresh=3, min-fresh=5").min_fresh, secs(5));
        assert_eq!(control("max-stale=3, max-stale=5").max_stale, secs(3));
        assert_eq!(
            control("stale-if-error=3, stale-if-error=5").if_error,
            secs(3)
        );
    }

    #[test]
    fn max_stale_without_a_number_is_any_staleness() {
        assert_eq!(control("max-stale").max_stale, Some(Duration::MAX));
    }

    #[test]
    fn pragma_counts_in_the_absence_of_cache_control() {
        assert!(wanted(&[("pragma", "x, No-Cache")]).no_cache);
        assert!(!wanted(&[("pragma", "foo")]).no_cache);
        assert!(!wanted(&[("pragma", "no-cache"), ("cache-control", "x")]).no_cache);
    }
}
