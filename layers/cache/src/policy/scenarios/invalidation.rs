//! What unsafe methods do.

use http::{Request, Uri};

use crate::policy::Reason;
use crate::policy::model::{Cache, How, date, get, origin, request};

#[test]
fn unsafe_methods_invalidate_what_they_change() {
    let uri = |path: &str| -> Uri { format!("http://a.example{path}").parse().unwrap() };
    let at = |path: &str, mut request: Request<()>| {
        *request.uri_mut() = uri(path);
        request
    };
    let fresh = |body| origin(200, &[("cache-control", "max-age=60")], body);
    for method in ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH"] {
        for (status, gone) in [
            (200, true),
            (204, true),
            (303, true),
            (404, false),
            (500, false),
        ] {
            let mut cache = Cache::shared();
            for path in ["/", "/x", "/y", "/z"] {
                cache.get(&at(path, get(&[])), &fresh("first"));
            }
            let fields = [
                ("location", "x"),
                ("content-location", "http://a.example/y"),
            ];
            cache.get(&at("/", request(method, &[])), &origin(status, &fields, ""));
            for path in ["/", "/x", "/y"] {
                assert_eq!(
                    cache.count(&uri(path)) == 0,
                    gone,
                    "{method} {status} {path}"
                );
            }
            assert_eq!(cache.count(&uri("/z")), 1);
        }
    }
}

#[test]
fn a_post_may_answer_later_gets() {
    let reused = |status, fields: &[(&str, &str)]| {
        let mut cache = Cache::private();
        cache.get(&request("POST", &[]), &origin(status, fields, "first"));
        cache.get(&get(&[]), &origin(200, &[], "second")).text() == "first"
    };
    let fresh = ("cache-control", "max-age=60");
    assert!(reused(
        200,
        &[fresh, ("content-location", "http://a.example/")]
    ));
    assert!(reused(
        200,
        &[("expires", &date(60)), ("content-location", "")]
    ));
    assert!(!reused(200, &[fresh]));
    assert!(!reused(200, &[fresh, ("content-location", "/other")]));
    assert!(!reused(400, &[fresh, ("content-location", "/")]));
    assert!(!reused(
        200,
        &[("last-modified", &date(-90_000)), ("content-location", "/")]
    ));
    assert!(!reused(
        206,
        &[
            fresh,
            ("content-location", "/"),
            ("content-range", "bytes 0-4/9")
        ]
    ));
    let mut cache = Cache::private();
    cache.get(
        &request("PUT", &[]),
        &origin(200, &[fresh, ("content-location", "/")], "first"),
    );
    assert_eq!(cache.count(&Uri::from_static("http://a.example/")), 0);
}

#[test]
fn a_post_is_never_answered_from_the_store() {
    let mut cache = Cache::private();
    cache.get(
        &get(&[]),
        &origin(200, &[("cache-control", "max-age=60")], "first"),
    );
    for method in ["POST", "OPTIONS", "DELETE"] {
        let answer = cache.get(&request(method, &[]), &origin(200, &[], "second"));
        assert_eq!(answer.how, How::Fetched(Reason::Method), "{method}");
    }
}
