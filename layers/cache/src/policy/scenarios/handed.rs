//! What an answer looks like.

use super::twice;
use crate::policy::model::{Cache, How, date, get, origin, request};

#[test]
fn what_the_cache_does_not_know_is_stored_as_it_came() {
    let (modified, expires) = (date(-60), date(3_600));
    let fields = [
        ("cache-control", "max-age=600, unheard-of=\"a, b\""),
        ("clear-site-data", "\"cookies\""),
        ("content-disposition", "attachment; filename=a"),
        ("content-encoding", "unheard-of"),
        ("content-language", "en"),
        ("content-location", "/b"),
        ("content-md5", "N7UdGUp1E+RbVvZSTy1R8g=="),
        ("content-security-policy", "default-src 'self'"),
        ("content-type", "text/plain;charset=utf-8"),
        ("date", &modified),
        ("etag", "\"a\""),
        ("expires", &expires),
        ("last-modified", &modified),
        ("public-key-pins", "x"),
        ("set-cookie2", "a=b"),
        ("warning", "199 - \"a\""),
        ("x-content-foo", "1"),
        ("x-content-foo", "2"),
        ("x-frame-options", "deny"),
    ];
    for mut cache in [Cache::private(), Cache::shared()] {
        let answer = twice(&mut cache, &origin(200, &fields, "first"), 3);
        assert_eq!((answer.how, answer.text()), (How::Hit, "first"));
        for (name, value) in fields {
            let mut lines = answer.headers.get_all(name).iter();
            assert!(lines.any(|line| line == value), "{name}: {value}");
        }
        assert_eq!(answer.headers.len(), fields.len() + 1, "and an age");
    }
}

#[test]
fn an_age_shows_what_comes_from_the_store_and_how_stale_it_is() {
    let mut cache = Cache::private();
    let fields = [("cache-control", "max-age=2"), ("etag", "\"a\"")];
    let answer = cache.get(&get(&[]), &origin(200, &fields, "first"));
    assert_eq!(answer.field("age"), None, "not of what was fetched");
    cache.wait(10);
    let answer = cache.ask(&get(&[]), None);
    assert_eq!(
        (answer.how, answer.field("age")),
        (How::Rescued, Some("10"))
    );
    assert_eq!(answer.field("warning"), None, "§5.5: nobody reads it");
}

#[test]
fn what_the_origin_says_to_head_is_passed_on_as_it_says_it() {
    let fields = [("cache-control", "max-age=2"), ("x", "1"), ("y", "1")];
    let mut cache = Cache::private();
    cache.get(&get(&[]), &origin(200, &fields, "first"));
    cache.wait(3);
    let newer = [("cache-control", "max-age=60"), ("x", "2")];
    let answer = cache.get(&request("HEAD", &[]), &origin(200, &newer, ""));
    assert_eq!((answer.field("x"), answer.field("y")), (Some("2"), None));
    let answer = cache.get(&get(&[]), &origin(200, &[], "second"));
    assert_eq!(answer.how, How::Hit);
    assert_eq!(
        (answer.field("x"), answer.field("y")),
        (Some("2"), Some("1"))
    );
}
