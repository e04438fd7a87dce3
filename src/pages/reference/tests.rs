use proptest::prelude::*;

use super::*;
use crate::base_uri::same_origin;

fn resolved(reference: &str) -> Option<String> {
    let base: Uri = "http://a/b/c/d;p?q".parse().unwrap();
    resolve(&base, reference).map(|uri| uri.to_string())
}

#[test]
fn the_examples_of_rfc_3986_mean_what_it_says() {
    // §5.4.1 and §5.4.2, without fragments, which are not sent.
    for (reference, uri) in [
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g/"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q"),
        ("g#s", "http://a/b/c/g"),
        ("g?y#s", "http://a/b/c/g?y"),
        (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../", "http://a/"),
        ("../../g", "http://a/g"),
        ("../../../g", "http://a/g"),
        ("../../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        (".g", "http://a/b/c/.g"),
        ("g..", "http://a/b/c/g.."),
        ("..g", "http://a/b/c/..g"),
        ("./../g", "http://a/b/g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/./x", "http://a/b/c/g?y/./x"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("HTTPS://g/../h?i", "https://g/h?i"),
        ("//g:8080?y", "http://g:8080/?y"),
        ("?", "http://a/b/c/d;p?"),
        ("/a:b", "http://a/a:b"),
        ("a/b:c", "http://a/b/c/a/b:c"),
        // §2 and §3, of what is no URI as it stands.
        ("/l?a=ä", "http://a/l?a=%C3%A4"),
        ("http://h/l?a=ä", "http://h/l?a=%C3%A4"),
        ("a b", "http://a/b/c/a%20b"),
        ("?f={\"a\":1}|x", "http://a/b/c/d;p?f=%7B%22a%22:1%7D%7Cx"),
    ] {
        assert_eq!(resolved(reference).as_deref(), Some(uri), "{reference}");
    }
}

#[test]
fn what_is_no_uri_of_http_is_none() {
    for reference in [
        "g:h",
        "http:g",
        "ftp://h/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://u:p@h/",
        "//@h/",
        "http://",
        "///x",
        "/\u{7f}",
        "/a\nb",
        "/a\\b",
        "/\ta",
        "http://h:x/",
    ] {
        assert_eq!(resolved(reference), None, "{reference:?}");
    }
}

#[test]
fn an_origin_is_scheme_host_and_port() {
    let same = |one: &str, other: &str| same_origin(&one.parse().unwrap(), &other.parse().unwrap());
    assert!(same("http://h/a", "http://H:80/b?c"));
    assert!(same("http://u:p@h:81/a", "http://h:81/"));
    assert!(!same("http://h/", "https://h/"));
    assert!(!same("https://h/", "http://h/"));
    assert!(!same("http://h/", "http://h:81/"));
    assert!(!same("http://h/", "http://h.evil/"));
    assert!(!same("/a", "/a"));
}

proptest! {
    #[test]
    fn no_segment_of_dots_is_left(reference in "(/|\\.|a){0,12}") {
        if let Some(uri) = resolve(&"http://a/b/c".parse().unwrap(), &reference) {
            let mut segments = uri.path().split('/');
            prop_assert!(segments.all(|segment| segment != "." && segment != ".."));
        }
    }

    #[test]
    fn whatever_a_server_sends_is_a_uri_or_none(reference in any::<String>()) {
        if let Some(uri) = resolve(&"http://a/b/c".parse().unwrap(), &reference) {
            prop_assert!(uri.scheme().is_some() && uri.authority().is_some());
        }
    }
}
