//! Parts of responses.

use http::{Request, Uri};

use crate::policy::Reason;
use crate::policy::model::{Cache, How, Origin, date, get, origin, request};

#[test]
fn ranges_come_out_of_whole_responses() {
    let stored = [
        ("cache-control", "max-age=60"),
        ("etag", "\"a\""),
        ("a", "1"),
    ];
    let ask = |fields: &[(&str, &str)]| {
        let mut cache = Cache::private();
        cache.get(&get(&[]), &origin(200, &stored, "0123456789"));
        let answer = cache.get(&get(fields), &origin(200, &[], "x"));
        assert_eq!(answer.how, How::Hit, "{fields:?}");
        assert_eq!(answer.field("a"), Some("1"));
        answer
    };
    for (range, body, content_range) in [
        ("bytes=0-1", "01", "bytes 0-1/10"),
        ("bytes=1-", "123456789", "bytes 1-9/10"),
        ("bytes=-1", "9", "bytes 9-9/10"),
        ("Bytes=8-99", "89", "bytes 8-9/10"),
        ("bytes=-99", "0123456789", "bytes 0-9/10"),
        ("bytes=0-99999999999999999999", "0123456789", "bytes 0-9/10"),
    ] {
        let answer = ask(&[("range", range)]);
        assert_eq!((answer.status, answer.text()), (206, body), "{range}");
        assert_eq!(answer.field("content-range"), Some(content_range));
        assert_eq!(
            answer.field("content-length"),
            Some(&*body.len().to_string())
        );
    }
    for range in [
        "bytes=10-",
        "bytes=10-11",
        "bytes=-0",
        "bytes=99999999999999999999-",
    ] {
        let answer = ask(&[("range", range)]);
        assert_eq!((answer.status, answer.text()), (416, ""), "{range}");
        assert_eq!(answer.field("content-range"), Some("bytes */10"));
        assert_eq!(answer.field("content-length"), Some("0"));
    }
    for range in [
        "bytes=1-0",
        "bytes=0-1,3-4",
        "items=0-1",
        "bytes=x-1",
        "bytes=-",
        "bytes",
        "",
    ] {
        let answer = ask(&[("range", range)]);
        assert_eq!(
            (answer.status, answer.text()),
            (200, "0123456789"),
            "{range}"
        );
    }
    let if_range = |value: &str| ask(&[("range", "bytes=0-1"), ("if-range", value)]).status;
    assert_eq!(if_range("\"a\""), 206);
    assert_eq!(if_range("\"b\""), 200);
    assert_eq!(if_range("W/\"a\""), 200);
    assert_eq!(if_range(&date(0)), 200);
    let both = [("range", "bytes=0-1"), ("if-none-match", "\"a\"")];
    assert_eq!(ask(&both).status, 304);
}

#[test]
fn ranges_of_errors_and_of_heads_are_not_cut() {
    let mut cache = Cache::private();
    cache.get(
        &get(&[]),
        &origin(404, &[("cache-control", "max-age=60")], "0123"),
    );
    let range = [("range", "bytes=0-1")];
    let answer = cache.get(&get(&range), &origin(200, &[], ""));
    assert_eq!(
        (answer.how, answer.status, answer.text()),
        (How::Hit, 404, "0123")
    );
    let mut cache = Cache::private();
    cache.get(
        &get(&[]),
        &origin(200, &[("cache-control", "max-age=60")], "0123"),
    );
    assert_eq!(
        cache
            .get(&request("HEAD", &range), &origin(200, &[], ""))
            .status,
        200
    );
}

fn part(first: usize, last: usize, total: &str, tag: &str) -> Origin {
    let range = format!("bytes {first}-{last}/{total}");
    let fields = [
        ("cache-control", "max-age=60"),
        ("etag", tag),
        ("content-range", &range),
    ];
    origin(206, &fields, &"0123456789"[first..=last])
}

fn range(range: &str) -> Request<()> {
    get(&[("range", range)])
}

#[test]
fn parts_are_stored_and_serve_what_they_hold() {
    let mut cache = Cache::private();
    let answer = cache.get(&range("bytes=4-8"), &part(4, 8, "10", "\"a\""));
    assert_eq!((answer.status, answer.text()), (206, "45678"));
    for (wanted, body, content_range) in [
        ("bytes=4-8", "45678", "bytes 4-8/10"),
        ("bytes=6-7", "67", "bytes 6-7/10"),
        ("bytes=4-4", "4", "bytes 4-4/10"),
    ] {
        let answer = cache.get(&range(wanted), &origin(200, &[], ""));
        assert_eq!(
            (answer.how, answer.status, answer.text()),
            (How::Hit, 206, body)
        );
        assert_eq!(answer.field("content-range"), Some(content_range));
    }
    for wanted in [
        "bytes=3-5",
        "bytes=8-9",
        "bytes=-1",
        "bytes=4-",
        "bytes=0-1",
    ] {
        let mut cache = Cache::private();
        cache.get(&range("bytes=4-8"), &part(4, 8, "10", "\"a\""));
        let answer = cache.get(&range(wanted), &origin(503, &[], ""));
        assert_eq!(answer.how, How::Fetched(Reason::Partial), "{wanted}");
    }
    let answer = cache.get(&range("bytes=10-"), &origin(200, &[], ""));
    assert_eq!((answer.how, answer.status), (How::Hit, 416));
    let answer = cache.get(&request("HEAD", &[]), &origin(200, &[], ""));
    assert_eq!(
        (answer.status, answer.field("content-length")),
        (200, Some("10"))
    );
    assert_eq!(answer.field("content-range"), None);
    let answer = cache.get(&get(&[]), &origin(200, &[], "whole"));
    assert_eq!(answer.how, How::Fetched(Reason::Partial));
}

#[test]
fn the_last_bytes_are_served_from_a_part_at_the_end() {
    let mut cache = Cache::private();
    cache.get(&range("bytes=-5"), &part(5, 9, "10", "\"a\""));
    for (wanted, body) in [
        ("bytes=-5", "56789"),
        ("bytes=-1", "9"),
        ("bytes=6-", "6789"),
    ] {
        let answer = cache.get(&range(wanted), &origin(200, &[], ""));
        assert_eq!((answer.how, answer.text()), (How::Hit, body), "{wanted}");
    }
}

#[test]
fn of_an_unknown_total_only_what_is_certain_is_served() {
    let mut cache = Cache::private();
    cache.get(&range("bytes=4-9"), &part(4, 9, "*", "\"a\""));
    let answer = cache.get(&range("bytes=5-6"), &origin(200, &[], ""));
    assert_eq!((answer.how, answer.text()), (How::Hit, "56"));
    assert_eq!(answer.field("content-range"), Some("bytes 5-6/*"));
    for wanted in ["bytes=-1", "bytes=5-", "bytes=5-99"] {
        let answer = cache.get(&range(wanted), &origin(503, &[], ""));
        assert_eq!(answer.how, How::Fetched(Reason::Partial), "{wanted}");
    }
}

#[test]
fn parts_that_contradict_themselves_are_not_stored() {
    for (content_range, length) in [
        ("bytes 4-9/10", "5"),
        ("bytes 4-9/9", "6"),
        ("bytes 9-4/10", "6"),
        ("bytes 4-9", "6"),
        ("bytes */10", "6"),
        ("items 4-9/10", "6"),
        ("bytes x-9/10", "6"),
        ("bytes 4-9/x", "6"),
        ("", "6"),
        ("bytes 4-18446744073709551615/*", "6"),
    ] {
        let fields = [
            ("cache-control", "max-age=60"),
            ("content-range", content_range),
            ("content-length", length),
        ];
        let mut cache = Cache::private();
        cache.get(&range("bytes=4-9"), &origin(206, &fields, "456789"));
        let uri = Uri::from_static("http://a.example/");
        assert_eq!(cache.count(&uri), 0, "{content_range}");
    }
    let mut cache = Cache::private();
    cache.get(&get(&[]), &part(0, 4, "10", "\"a\""));
    assert_eq!(cache.count(&Uri::from_static("http://a.example/")), 0);
}

#[test]
fn a_part_is_completed_from_its_end() {
    let mut cache = Cache::private();
    cache.get(&range("bytes=0-4"), &part(0, 4, "10", "\"a\""));
    let answer = cache.get(&get(&[]), &part(5, 9, "10", "\"a\""));
    assert_eq!(cache.seen[1]["range"], "bytes=5-");
    assert_eq!(cache.seen[1]["if-range"], "\"a\"");
    assert_eq!((answer.status, answer.text()), (200, "0123456789"));
    assert_eq!(answer.field("content-length"), Some("10"));
    assert_eq!(answer.field("content-range"), None);
    let answer = cache.get(&get(&[]), &origin(200, &[], ""));
    assert_eq!((answer.how, answer.text()), (How::Hit, "0123456789"));
}

#[test]
fn a_part_that_lacks_its_beginning_is_not_completed() {
    let mut cache = Cache::private();
    cache.get(&range("bytes=4-8"), &part(4, 8, "10", "\"a\""));
    cache.get(&get(&[]), &origin(200, &[], "whole"));
    assert!(!cache.seen[1].contains_key("range"));
}

#[test]
fn a_part_that_changed_meanwhile_is_replaced() {
    let mut cache = Cache::private();
    cache.get(&range("bytes=0-4"), &part(0, 4, "10", "\"a\""));
    let whole = origin(
        200,
        &[("cache-control", "max-age=60"), ("etag", "\"b\"")],
        "other",
    );
    assert_eq!(cache.get(&get(&[]), &whole).text(), "other");
    assert_eq!(cache.only().extent, crate::policy::Extent::whole(5));
}

#[test]
fn a_part_that_does_not_fit_makes_the_request_go_again() {
    for (first, last, total, tag) in [
        (5, 9, "10", "\"b\""),
        (5, 9, "11", "\"a\""),
        (6, 9, "10", "\"a\""),
        (0, 4, "10", "\"a\""),
        // It fits, but more is missing.
        (5, 7, "10", "\"a\""),
    ] {
        let mut cache = Cache::private();
        cache.get(&range("bytes=0-4"), &part(0, 4, "10", "\"a\""));
        cache.get(&get(&[]), &part(first, last, total, tag));
        assert_eq!(cache.seen.len(), 3);
        assert!(!cache.seen[2].contains_key("range"));
    }
}

#[test]
fn parts_that_touch_or_overlap_are_joined() {
    for (first, wanted) in [(5, "bytes=5-9"), (3, "bytes=3-9")] {
        let mut cache = Cache::private();
        cache.get(&range("bytes=0-4"), &part(0, 4, "*", "\"a\""));
        let answer = cache.get(&range(wanted), &part(first, 9, "10", "\"a\""));
        assert_eq!(
            (answer.how, answer.status),
            (How::Fetched(Reason::Partial), 206)
        );
        let answer = cache.get(&get(&[]), &origin(200, &[], ""));
        assert_eq!((answer.how, answer.text()), (How::Hit, "0123456789"));
    }
}

#[test]
fn parts_with_a_hole_or_of_other_bytes_replace_each_other() {
    for (first, tag) in [(6, "\"a\""), (5, "\"b\""), (5, "W/\"a\"")] {
        let mut cache = Cache::private();
        let own = if tag.starts_with('W') { tag } else { "\"a\"" };
        cache.get(&range("bytes=0-4"), &part(0, 4, "10", own));
        cache.get(&range("bytes=5-9"), &part(first, 9, "10", tag));
        assert_eq!(cache.only().extent.first, u64::try_from(first).unwrap());
    }
}

#[test]
fn a_part_that_holds_all_of_a_stored_one_takes_its_place() {
    let mut cache = Cache::private();
    cache.get(&range("bytes=5-6"), &part(5, 6, "10", "\"a\""));
    cache.get(&range("bytes=2-9"), &part(2, 9, "10", "\"a\""));
    let answer = cache.get(&range("bytes=2-8"), &origin(200, &[], ""));
    assert_eq!((answer.how, answer.text()), (How::Hit, "2345678"));
}

#[test]
fn a_part_of_another_version_updates_nothing() {
    let mut cache = Cache::private();
    let fields = [("cache-control", "max-age=2"), ("etag", "\"a\"")];
    cache.get(&get(&[]), &origin(200, &fields, "9876543210"));
    cache.wait(3);
    cache.get(&range("bytes=0-1"), &part(0, 1, "10", "\"b\""));
    let answer = cache.get(&get(&[]), &origin(200, &[], "second"));
    assert_eq!(answer.text(), "second");
}

#[test]
fn a_part_in_answer_to_another_method_is_no_part_of_what_is_stored() {
    let mut cache = Cache::private();
    cache.get(&range("bytes=0-4"), &part(0, 4, "10", "\"a\""));
    cache.get(&request("OPTIONS", &[]), &part(5, 9, "10", "\"a\""));
    assert_eq!(cache.only().extent.end, 5);
}

#[test]
fn a_part_of_the_stored_whole_updates_its_fields() {
    let mut cache = Cache::private();
    let fields = [("cache-control", "max-age=2"), ("etag", "\"a\"")];
    cache.get(&get(&[]), &origin(200, &fields, "0123456789"));
    cache.wait(3);
    let answer = cache.get(&range("bytes=0-1"), &part(0, 1, "10", "\"a\""));
    assert_eq!(answer.how, How::Fetched(Reason::Stale));
    let answer = cache.get(&get(&[]), &origin(200, &[], ""));
    assert_eq!((answer.how, answer.text()), (How::Hit, "0123456789"));
}

#[test]
fn a_part_without_a_strong_tag_is_not_completed() {
    for tag in ["W/\"a\"", "a"] {
        let mut cache = Cache::private();
        cache.get(&range("bytes=0-4"), &part(0, 4, "10", tag));
        cache.get(&get(&[]), &origin(200, &[], "whole"));
        assert!(!cache.seen[1].contains_key("range"), "{tag}");
    }
}

#[test]
fn a_date_that_is_old_enough_identifies_a_response() {
    let status = |modified: i64, asked: i64| {
        let mut cache = Cache::private();
        let fields = [
            ("cache-control", "max-age=60"),
            ("last-modified", &*date(modified)),
        ];
        cache.get(&get(&[]), &origin(200, &fields, "0123456789"));
        let ask = get(&[("range", "bytes=0-1"), ("if-range", &date(asked))]);
        cache.get(&ask, &origin(200, &[], "")).status
    };
    assert_eq!(status(-60, -60), 206);
    assert_eq!(status(-59, -59), 200);
    assert_eq!(status(-1_000, -999), 200);
    assert_eq!(status(10, 10), 200);
}

#[test]
fn several_lines_of_range_are_no_range() {
    let mut cache = Cache::private();
    cache.get(
        &get(&[]),
        &origin(200, &[("cache-control", "max-age=60")], "0123"),
    );
    let ask = get(&[("range", "bytes=0-1"), ("range", "bytes=0-1")]);
    assert_eq!(cache.get(&ask, &origin(200, &[], "")).status, 200);
    let lines = [
        ("cache-control", "max-age=60"),
        ("content-range", "bytes 0-1/4"),
        ("content-range", "bytes 0-1/4"),
    ];
    let mut cache = Cache::private();
    cache.get(&range("bytes=0-1"), &origin(206, &lines, "01"));
    assert_eq!(cache.count(&Uri::from_static("http://a.example/")), 0);
}

#[test]
fn a_completion_that_is_refused_makes_the_request_go_again() {
    for status in [304, 416] {
        let mut cache = Cache::private();
        cache.get(&range("bytes=0-4"), &part(0, 4, "10", "\"a\""));
        cache.get(&get(&[]), &origin(status, &[], ""));
        assert_eq!(cache.seen.len(), 3, "{status}");
        assert!(!cache.seen[2].contains_key("range"));
    }
}

#[test]
fn a_part_that_cannot_be_completed_is_not_used_when_the_origin_fails() {
    let mut cache = Cache::private();
    cache.get(&range("bytes=0-4"), &part(0, 4, "10", "\"a\""));
    assert_eq!(cache.ask(&get(&[]), None).how, How::Failed);
    assert_eq!(cache.get(&get(&[]), &origin(503, &[], "")).status, 503);
}

/// The fields of a part of ten bytes, with the tag by which parts are told to belong together.
fn fields_of_part(range: &'static str, control: &'static str) -> [(&'static str, &'static str); 3] {
    [
        ("cache-control", control),
        ("etag", "\"a\""),
        ("content-range", range),
    ]
}

#[test]
fn a_part_that_may_not_be_stored_is_not_joined_to_one_that_is() {
    use crate::policy::Policy;
    let authorized = [("authorization", "Bearer ann")];
    for (policy, control, fields) in [
        (Policy::private(), "no-store", &[][..]),
        (Policy::shared(), "no-store", &[]),
        (Policy::shared(), "private", &[]),
        (Policy::shared(), "max-age=60", &authorized),
        (
            Policy::private(),
            "max-age=60",
            &[("cache-control", "no-store")],
        ),
    ] {
        let mut cache = Cache::new(policy);
        let first = fields_of_part("bytes 0-4/10", "max-age=60");
        cache.get(
            &get(&[("range", "bytes=0-4")]),
            &origin(206, &first, "01234"),
        );
        let mut rest = vec![("range", "bytes=5-9")];
        rest.extend_from_slice(fields);
        let second = fields_of_part("bytes 5-9/10", control);
        let answer = cache.get(&get(&rest), &origin(206, &second, "56789"));
        assert_eq!((answer.status, answer.text()), (206, "56789"));
        let again = cache.get(
            &get(&[("range", "bytes=5-9")]),
            &origin(206, &second, "other"),
        );
        assert_eq!(again.text(), "other", "{control} {fields:?}");
    }
}

#[test]
fn several_parts_at_once_leave_the_whole_as_it_is() {
    let whole = [
        ("cache-control", "max-age=2"),
        ("etag", "\"a\""),
        ("content-type", "text/plain"),
    ];
    let parts = [
        ("cache-control", "max-age=60"),
        ("etag", "\"a\""),
        ("content-type", "multipart/byteranges; boundary=x"),
    ];
    let mut cache = Cache::private();
    cache.get(&get(&[]), &origin(200, &whole, "0123456789"));
    cache.wait(3);
    let answer = cache.get(&range("bytes=0-1,4-5"), &origin(206, &parts, "--x"));
    assert_eq!((answer.status, answer.text()), (206, "--x"));
    assert_eq!(cache.only().parts.headers["content-type"], "text/plain");
    let answer = cache.get(&get(&[]), &origin(304, &[("etag", "\"a\"")], ""));
    assert_eq!(answer.field("content-type"), Some("text/plain"));
}

#[test]
fn a_part_of_something_longer_does_not_update_the_whole() {
    let mut cache = Cache::private();
    let fields = [("cache-control", "max-age=2"), ("etag", "\"a\"")];
    cache.get(&get(&[]), &origin(200, &fields, "0123456789"));
    cache.wait(3);
    cache.get(&range("bytes=0-1"), &part(0, 1, "11", "\"a\""));
    let answer = cache.get(&get(&[]), &origin(503, &[], ""));
    assert_ne!((answer.how, answer.text()), (How::Hit, "0123456789"));
}
