//! Fields in all the forms that they come in: dates, tags, and more lines than there should be.

use super::{BOTH, NEITHER, reused};
use crate::policy::model::{Cache, How, date, get, origin};

/// In a year that is far off.
const FAR: [&str; 5] = [
    "Thu, 18 Aug 2050 02:01:18 GMT",
    "Thursday, 18-Aug-50 02:01:18 GMT",
    "Thu Aug 18 02:01:18 2050",
    "THU, 18 AUG 2050 02:01:18 gMT",
    "Sun, 21 Nov 2286 04:46:39 GMT",
];

/// RFC 9110 §5.6.7 allows none of them.
const NO_DATES: [&str; 7] = [
    "Thu, 18 Aug 2050 02:01:18 UTC",
    "Thu, 18 Aug 50 02:01:18 GMT",
    "Thu 18 Aug 2050 02:01:18 GMT",
    "Thu, 18  Aug  2050 02:01:18 GMT",
    "Thu, 18-Aug-2050 02:01:18 GMT",
    "Thu, 18 Aug 2050 2:01:18 GMT",
    "",
];

#[test]
fn expires_is_read_in_every_form_of_a_date_and_in_no_other() {
    for expires in FAR {
        assert_eq!(reused(&[("expires", expires)]), BOTH, "{expires}");
    }
    for expires in NO_DATES {
        assert_eq!(reused(&[("expires", expires)]), NEITHER, "{expires}");
    }
}

#[test]
fn a_lifetime_that_cannot_be_read_is_not_guessed() {
    let modified = ("last-modified", &*date(-86_400));
    assert_eq!(reused(&[modified]), BOTH);
    for unread in [
        ("expires", "0"),
        ("expires", NO_DATES[0]),
        ("cache-control", "max-age=x"),
        ("cache-control", "max-age"),
    ] {
        assert_eq!(reused(&[modified, unread]), NEITHER, "{unread:?}");
    }
}

#[test]
fn of_lines_that_should_be_one_the_first_counts() {
    let (fresh, stale) = (date(60), date(-60));
    let expires = |one, other| reused(&[("expires", one), ("expires", other)]);
    assert_eq!(expires(&fresh, &stale), BOTH);
    assert_eq!(expires(&stale, &fresh), NEITHER);
    assert_eq!(expires("x", &fresh), NEITHER);
    let ages = |one, other| reused(&[("cache-control", one), ("cache-control", other)]);
    assert_eq!(ages("max-age=60", "max-age=1"), BOTH);
    assert_eq!(ages("max-age=1", "max-age=60"), NEITHER);
}

#[test]
fn pragma_in_a_response_means_nothing() {
    let modified = ("last-modified", &*date(-86_400));
    for pragma in ["no-cache", "unheard-of"] {
        let pragma = ("pragma", pragma);
        assert_eq!(reused(&[pragma, ("cache-control", "max-age=60")]), BOTH);
        assert_eq!(reused(&[pragma, modified]), BOTH);
        assert_eq!(reused(&[pragma]), NEITHER);
    }
}

/// What a caller is told who has this, of a response with that.
fn told(asks: (&str, &[u8]), says: (&'static str, &[u8])) -> (u16, How) {
    let value = |bytes| http::HeaderValue::from_bytes(bytes).unwrap();
    let mut first = origin(200, &[("cache-control", "max-age=60")], "first");
    first.headers.insert(says.0, value(says.1));
    let mut ask = get(&[(asks.0, "")]);
    *ask.headers_mut().get_mut(asks.0).unwrap() = value(asks.1);
    let mut cache = Cache::shared();
    cache.get(&get(&[]), &first);
    let answer = cache.get(&ask, &origin(200, &[], "second"));
    (answer.status, answer.how)
}

#[test]
fn a_caller_may_write_the_date_in_any_form() {
    let modified = ("last-modified", &b"Sun, 06 Nov 1994 08:49:37 GMT"[..]);
    for (since, status) in [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 304),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 304),
        ("Sun Nov  6 08:49:37 1994", 304),
        ("Sunday, 06-Nov-94 08:49:36 GMT", 200),
        ("Sun, 06-Nov-1994 08:49:37 GMT", 200),
    ] {
        let asks = ("if-modified-since", since.as_bytes());
        assert_eq!(told(asks, modified), (status, How::Hit), "{since}");
    }
}

#[test]
fn tags_are_compared_byte_by_byte() {
    let tag = |asks: &[u8], says: &[u8]| {
        let (status, how) = told(("if-none-match", asks), ("etag", says));
        assert_eq!(how, How::Hit);
        status == 304
    };
    assert!(tag(b"\"\xfc\"", b"\"\xfc\""));
    assert!(!tag(b"\"\xfc\"", b"\"\xc3\xbc\""), "in another encoding");
    assert!(tag(b"\"a,b\"", b"\"a,b\""));
    assert!(!tag(b"\"a\"", b"\"A\""));
    assert!(!tag(b"a", b"\"a\"") && !tag(b"\"a\"", b"a"), "quotes count");
    // Whoever sent it without quotes has it back without them.
    assert!(tag(b"a", b"a") && tag(b"w/\"a\"", b"w/\"a\""));
}
