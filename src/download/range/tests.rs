use super::*;

fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let field = |(name, value): &(&'static str, &'static str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    fields.iter().map(field).collect()
}

fn version(validator: &'static str) -> Version {
    Version {
        validator: Some(HeaderValue::from_static(validator)),
        coding: String::new(),
    }
}

fn answer(status: u16, fields: &[(&'static str, &'static str)]) -> Step {
    let version = version("\"v1\"");
    let status = StatusCode::from_u16(status).unwrap();
    step(status, &headers(fields), 10, Some(&version))
}

#[test]
fn only_the_very_rest_of_the_same_version_is_put_behind_what_is_there() {
    for (range, appended) in [
        ("bytes 10-19/20", Some((20, Some(20)))),
        ("bytes 10-14/20", Some((15, Some(20)))),
        ("BYTES 10-19/*", Some((20, None))),
        ("bytes 9-19/20", None),
        ("bytes 11-19/20", None),
        ("bytes 10-9/20", None),
        ("bytes 10-20/20", None),
        ("bytes +10-19/20", None),
        ("bytes 10-19", None),
        ("bytes */20", None),
        ("lines 10-19/20", None),
        ("bytes 10-99999999999999999999/*", None),
        ("bytes 10-18446744073709551615/*", None),
    ] {
        let found = answer(206, &[("content-range", range), ("etag", "\"v1\"")]);
        let expected = appended.map_or(Step::Restart, |(end, total)| Step::Append { end, total });
        assert_eq!(found, expected, "{range}");
    }
    let other = [("content-range", "bytes 10-19/20"), ("etag", "\"v2\"")];
    assert_eq!(answer(206, &other), Step::Restart);
    assert_eq!(answer(206, &[]), Step::Restart);
}

#[test]
fn an_answer_about_another_version_is_not_believed() {
    let (old, new) = (
        "Sun, 06 Nov 1994 08:49:36 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT",
    );
    let whole = "bytes */10";
    for (validator, fields, fits) in [
        ("\"v1\"", &[("etag", "\"v1\"")][..], true),
        (
            "\"v1\"",
            &[("etag", "\"v1\""), ("last-modified", new)],
            true,
        ),
        ("\"v1\"", &[("etag", "\"v2\"")], false),
        ("\"v1\"", &[("etag", "W/\"v1\"")], false),
        ("\"v1\"", &[("etag", "\"v1\""), ("etag", "\"v2\"")], false),
        (old, &[("last-modified", old)], true),
        (old, &[], true),
        (old, &[("last-modified", new)], false),
        (old, &[("etag", "\"v1\"")], false),
        (old, &[("etag", "\"v1\""), ("last-modified", old)], false),
    ] {
        let version = version(validator);
        let ask = |status: u16, range: &'static str| {
            let mut headers = headers(fields);
            headers.insert("content-range", HeaderValue::from_static(range));
            step(
                StatusCode::from_u16(status).unwrap(),
                &headers,
                10,
                Some(&version),
            )
        };
        let is_part = matches!(ask(206, "bytes 10-19/20"), Step::Append { .. });
        assert_eq!(is_part, fits, "{version:?} {fields:?}");
        assert_eq!(
            ask(416, whole) == Step::Done,
            fits,
            "{version:?} {fields:?}"
        );
    }
    // A part must name its version where the whole does; that there is nothing more need not.
    assert_eq!(
        answer(206, &[("content-range", "bytes 10-19/20")]),
        Step::Restart
    );
    assert_eq!(answer(416, &[("content-range", whole)]), Step::Done);
}

#[test]
fn a_range_behind_the_end_means_all_is_there_or_nothing_fits() {
    assert_eq!(answer(416, &[("content-range", "bytes */10")]), Step::Done);
    assert_eq!(
        answer(416, &[("content-range", "bytes */9")]),
        Step::Restart
    );
    assert_eq!(answer(416, &[]), Step::Restart);
    let unasked = step(StatusCode::RANGE_NOT_SATISFIABLE, &headers(&[]), 0, None);
    assert_eq!(unasked, Step::Refused);
    assert_eq!(
        step(StatusCode::PARTIAL_CONTENT, &headers(&[]), 0, None),
        Step::Restart
    );
    assert_eq!(answer(404, &[]), Step::Refused);
    assert_eq!(answer(304, &[]), Step::Refused);
}

#[test]
fn a_part_that_is_packed_otherwise_is_not_put_behind_the_rest() {
    for (coding, packed, appended) in [
        ("", None, true),
        ("", Some("identity"), true),
        ("", Some("gzip"), false),
        ("gzip", None, true),
        ("gzip", Some("x-gzip"), true),
        ("gzip", Some("br"), false),
        ("gzip", Some("identity"), false),
    ] {
        let mut part = headers(&[("content-range", "bytes 10-19/20"), ("etag", "\"v1\"")]);
        if let Some(packed) = packed {
            part.insert("content-encoding", HeaderValue::from_static(packed));
        }
        let mut version = version("\"v1\"");
        version.coding = coding.to_owned();
        let found = step(StatusCode::PARTIAL_CONTENT, &part, 10, Some(&version));
        let is_appended = matches!(found, Step::Append { .. });
        assert_eq!(is_appended, appended, "{coding:?} {packed:?}");
    }
}

#[test]
fn no_success_but_a_whole_response_is_a_file() {
    let tag = [("etag", "\"v1\""), ("content-encoding", "br")];
    let ask = |status: u16| {
        let status = StatusCode::from_u16(status).unwrap();
        step(status, &headers(&tag), 0, None)
    };
    let whole = |validator: Option<&'static str>| {
        Step::Whole(Version {
            validator: validator.map(HeaderValue::from_static),
            coding: "br".to_owned(),
        })
    };
    assert_eq!(ask(200), whole(Some("\"v1\"")));
    // What a proxy has changed has the tag of what it was.
    assert_eq!(ask(203), whole(None));
    for status in (200..300).filter(|status| ![200, 203, 206].contains(status)) {
        assert_eq!(ask(status), Step::Unfit, "{status}");
    }
}

#[test]
fn only_strong_validators_are_kept() {
    let (old, new) = (
        "Sun, 06 Nov 1994 08:49:36 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT",
    );
    for (fields, kept) in [
        (&[("etag", "\"v\"")][..], Some("\"v\"")),
        (&[("etag", "W/\"v\"")], None),
        (&[("etag", "v")], None),
        (
            &[("etag", "W/\"v\""), ("last-modified", old), ("date", new)],
            None,
        ),
        (&[("last-modified", old), ("date", new)], Some(old)),
        (&[("last-modified", new), ("date", new)], None),
        (&[("last-modified", new), ("date", old)], None),
        (&[("last-modified", old)], None),
        (&[("etag", "\"v\""), ("accept-ranges", "None")], None),
        (&[], None),
    ] {
        let found = validator(&headers(fields));
        assert_eq!(
            found.as_ref().map(|v| v.to_str().unwrap()),
            kept,
            "{fields:?}"
        );
    }
    let tag = |length: usize| {
        let tag = HeaderValue::try_from(format!("\"{}\"", "v".repeat(length - 2)));
        HeaderMap::from_iter([(header::ETAG, tag.unwrap())])
    };
    assert!(validator(&tag(LONGEST)).is_some() && validator(&tag(LONGEST + 1)).is_none());
}
