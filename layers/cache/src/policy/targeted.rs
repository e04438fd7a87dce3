//! Fields for one kind of cache only (RFC 9213), such as `CDN-Cache-Control`: structured fields.

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use sfv::{BareItem, Dictionary, ListEntry, Parser};

use super::control::Control;
use super::directives::Fields;
use super::{list, seconds};

/// Older than structured fields, which know lower case only, and written in any case (Edge
/// Architecture Specification §2.2). What it names is the same in every case.
const SURROGATE_CONTROL: HeaderName = HeaderName::from_static("surrogate-control");

/// What a targeted field says; nothing when it is absent, empty or invalid, for then it counts as
/// absent (§2.1).
///
/// A value of the wrong type says nothing: a permission is not given, a lifetime is over, and a
/// prohibition holds without limits.
pub(super) fn control(headers: &HeaderMap, name: &HeaderName) -> Option<Control> {
    let lines: Vec<_> = list::lines(headers, name).collect();
    let mut text = lines.join(&b", "[..]);
    if *name == SURROGATE_CONTROL {
        text.make_ascii_lowercase();
    }
    let dictionary: Dictionary = Parser::new(&text).parse().ok()?;
    if dictionary.is_empty() {
        return None;
    }
    let mut control = Control {
        targeted: true,
        ..Control::default()
    };
    for (key, entry) in &dictionary {
        add(&mut control, key.as_str(), item(entry));
    }
    Some(control)
}

/// The value of a directive; its parameters do not count (§2.1).
const fn item(entry: &ListEntry) -> Option<&BareItem> {
    match entry {
        ListEntry::Item(item) => Some(&item.bare_item),
        ListEntry::InnerList(_) => None,
    }
}

fn add(control: &mut Control, key: &str, value: Option<&BareItem>) {
    match key {
        "no-store" => control.no_store = flag(value).unwrap_or(true),
        "public" => control.public = flag(value).unwrap_or(false),
        "must-revalidate" => control.must_revalidate = flag(value).unwrap_or(true),
        "proxy-revalidate" => control.proxy_revalidate = flag(value).unwrap_or(true),
        // It excuses from `no-store`.
        "must-understand" => control.must_understand = flag(value).unwrap_or(false),
        "immutable" => control.immutable = flag(value).unwrap_or(false),
        "no-cache" => control.no_cache_for(fields(value)),
        "private" => control.private_for(fields(value)),
        "max-age" => control.max_age = Some(number(value).unwrap_or_default()),
        "s-maxage" => control.s_maxage = Some(number(value).unwrap_or_default()),
        "stale-while-revalidate" => control.while_revalidate = number(value),
        "stale-if-error" => control.if_error = number(value),
        _ => {}
    }
}

const fn flag(value: Option<&BareItem>) -> Option<bool> {
    match value {
        Some(BareItem::Boolean(flag)) => Some(*flag),
        _ => None,
    }
}

fn fields(value: Option<&BareItem>) -> Fields {
    match value {
        Some(BareItem::Boolean(false)) => Fields::Named(Vec::new()),
        Some(BareItem::String(names)) => Fields::parse(names.as_str().as_bytes()),
        Some(BareItem::Token(name)) => Fields::parse(name.as_str().as_bytes()),
        _ => Fields::All,
    }
}

/// A number of seconds; one below zero is over at once.
fn number(value: Option<&BareItem>) -> Option<Duration> {
    let BareItem::Integer(number) = value? else {
        return None;
    };
    let number = u64::try_from(i64::from(*number)).unwrap_or_default();
    Some(seconds::capped(number))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::policy::Policy;

    fn control(lines: &[&'static str]) -> Option<Control> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("cdn-cache-control", HeaderValue::from_static(line));
        }
        super::control(&headers, &HeaderName::from_static("cdn-cache-control"))
    }

    const fn secs(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn surrogate_control_is_read_in_any_case() {
        let mut headers = HeaderMap::new();
        let value = "MaX-aGe=3600;Abc, No-Store=?0";
        headers.insert("surrogate-control", HeaderValue::from_static(value));
        headers.insert("cdn-cache-control", HeaderValue::from_static(value));
        let of = |name| super::control(&headers, &HeaderName::from_static(name));
        let control = of("surrogate-control").unwrap();
        assert_eq!((control.max_age, control.no_store), (secs(3600), false));
        assert_eq!(of("cdn-cache-control"), None);
    }

    #[test]
    fn every_directive_is_read() {
        let lines = [
            "no-store, no-cache, private, public, must-revalidate, proxy-revalidate",
            "must-understand, immutable, max-age=1;x=y, s-maxage=2",
            "stale-while-revalidate=3, stale-if-error=4, unknown, other=(1 2), more=\"x\"",
        ];
        let expected = Control {
            targeted: true,
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
        assert_eq!(control(&lines), Some(expected));
    }

    #[test]
    fn a_false_directive_is_absent() {
        let read = control(&["no-store=?0, no-cache=?0, private=?0, max-age=1"]).unwrap();
        assert!(!read.no_store && !read.no_cache && !read.private);
    }

    #[test]
    fn fields_are_named_in_a_string() {
        let read = control(&["no-cache=\"a, b\", private=\"c\""]).unwrap();
        assert!(!read.no_cache && !read.private);
        assert_eq!(read.no_cache_fields, ["a", "b"]);
        assert_eq!(read.private_fields, ["c"]);
    }

    #[test]
    fn an_empty_or_invalid_field_counts_as_absent() {
        for line in [
            "",
            "max-age=10000, &&&&&",
            "max-age =100",
            "max-age= 100",
            "MaX-aGe=3600",
        ] {
            assert_eq!(control(&[line]), None, "{line}");
        }
        assert_eq!(control(&[]), None);
    }

    #[test]
    fn a_value_of_the_wrong_type_permits_nothing_and_hides_no_other() {
        for wrong in ["a", "\"10000\"", "1.5", "?1", "(1)"] {
            let line = format!(
                "no-store, max-age={wrong}, s-maxage={wrong}, stale-if-error={wrong}, \
                 stale-while-revalidate={wrong}"
            );
            let read = control(&[line.leak()]).unwrap();
            let expected = Control {
                targeted: true,
                no_store: true,
                max_age: secs(0),
                s_maxage: secs(0),
                ..Control::default()
            };
            assert_eq!(read, expected, "{wrong}");
        }
        for wrong in ["1", "a", "\"a\"", "(a)"] {
            let line = format!(
                "no-store={wrong}, must-revalidate={wrong}, proxy-revalidate={wrong}, \
                 public={wrong}, immutable={wrong}, must-understand={wrong}"
            );
            let expected = Control {
                targeted: true,
                no_store: true,
                must_revalidate: true,
                proxy_revalidate: true,
                ..Control::default()
            };
            assert_eq!(control(&[line.leak()]), Some(expected), "{wrong}");
        }
        for wrong in ["1", "(a)", "?1"] {
            let line = format!("no-cache={wrong}, private={wrong}");
            let read = control(&[line.leak()]).unwrap();
            assert!(read.no_cache && read.private, "{wrong}");
        }
    }

    #[test]
    fn a_field_may_be_named_by_a_token() {
        let read = control(&["private=set-cookie, no-cache=x"]).unwrap();
        assert!(!read.no_cache && !read.private);
        assert_eq!(read.private_fields, ["set-cookie"]);
        assert_eq!(read.no_cache_fields, ["x"]);
    }

    #[test]
    fn numbers_are_kept_within_bounds() {
        assert_eq!(control(&["max-age=-1"]).unwrap().max_age, secs(0));
        let most = control(&["max-age=999999999999999"]).unwrap();
        assert_eq!(most.max_age, secs(1 << 31));
    }

    #[test]
    fn the_first_valid_target_replaces_cache_control() {
        let policy = Policy {
            targets: ["one-cache-control", "two-cache-control"]
                .map(HeaderName::from_static)
                .into(),
            ..Policy::shared()
        };
        let age = |fields: &[(&'static str, &'static str)]| {
            let fields = fields.iter().map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            });
            let control = Control::of(&policy, &fields.collect());
            (control.targeted, control.max_age.map(|age| age.as_secs()))
        };
        let (one, two, plain) = (
            ("one-cache-control", "max-age=1"),
            ("two-cache-control", "max-age=2"),
            ("cache-control", "max-age=3"),
        );
        assert_eq!(age(&[plain, two, one]), (true, Some(1)));
        assert_eq!(age(&[plain, two]), (true, Some(2)));
        assert_eq!(age(&[plain]), (false, Some(3)));
        assert_eq!(age(&[plain, ("one-cache-control", "&")]), (false, Some(3)));
        assert_eq!(age(&[two, ("one-cache-control", "")]), (true, Some(2)));
        let private = Policy::private();
        let fields = HeaderMap::from_iter([(
            HeaderName::from_static("cdn-cache-control"),
            HeaderValue::from_static("no-store"),
        )]);
        assert!(!Control::of(&private, &fields).no_store);
        assert!(Control::of(&Policy::shared(), &fields).no_store);
    }
}
