use super::{Extent, Head};
use crate::policy::Policy;
use crate::policy::model::{get, origin, stored};

/// A stored head whose body has not come yet.
fn head(extent: Extent, tag: &str) -> Head {
    let fields = [("cache-control", "max-age=60"), ("etag", tag)];
    let says = origin(200, &fields, "");
    let head = stored(&Policy::private(), &get(&[]), &says).unwrap();
    Head { extent, ..head }
}

const fn extent(first: u64, end: u64, total: Option<u64>) -> Extent {
    Extent { first, end, total }
}

#[test]
fn a_body_must_be_as_long_as_announced() {
    let finish = |extent, bytes| {
        let mut head = head(extent, "\"a\"");
        (head.finish(bytes), head.extent)
    };
    let known = extent(0, 10, Some(10));
    assert_eq!(finish(known, 10), (true, Extent::whole(10)));
    assert!(!finish(known, 9).0 && !finish(known, 11).0);
    assert_eq!(finish(extent(0, 0, Some(0)), 0), (true, Extent::whole(0)));
    assert!(!finish(extent(0, 0, Some(0)), 1).0);
    assert_eq!(finish(extent(0, 0, None), 7), (true, Extent::whole(7)));
    assert_eq!(finish(extent(0, 0, None), 0), (true, Extent::whole(0)));
    let part = extent(4, 9, Some(10));
    assert_eq!(finish(part, 5), (true, part));
    assert!(!finish(part, 4).0);
    let unknown = extent(4, 9, None);
    assert_eq!(finish(unknown, 5), (true, unknown));
}

#[test]
fn a_body_that_broke_off_is_kept_if_the_rest_can_be_asked_for() {
    let cut = |extent, tag, bytes| {
        let mut head = head(extent, tag);
        (head.cut(bytes), head.extent)
    };
    let known = extent(0, 10, Some(10));
    assert_eq!(cut(known, "\"a\"", 4), (true, extent(0, 4, Some(10))));
    assert_eq!(
        cut(extent(0, 0, None), "\"a\"", 4),
        (true, extent(0, 4, None))
    );
    assert_eq!(
        cut(extent(4, 9, Some(10)), "\"a\"", 4),
        (true, extent(4, 8, Some(10)))
    );
    assert!(!cut(known, "\"a\"", 0).0);
    assert!(!cut(known, "\"a\"", 10).0);
    assert!(!cut(known, "W/\"a\"", 4).0);
    let mut error = head(known, "\"a\"");
    error.parts.status = http::StatusCode::NOT_FOUND;
    assert!(!error.cut(4));
}

#[test]
fn an_extent_is_whole_when_nothing_is_missing() {
    assert!(Extent::whole(0).is_whole() && Extent::whole(9).is_whole());
    for part in [
        extent(0, 4, Some(10)),
        extent(4, 10, Some(10)),
        extent(0, 10, None),
    ] {
        assert!(!part.is_whole(), "{part:?}");
    }
}
