use http::{StatusCode, Version};

use super::*;
use crate::policy::learn;
use crate::policy::model::{get, headers, origin, secs, start, stored};

#[test]
fn every_stored_response_of_the_same_bytes_is_updated() {
    let policy = Policy::private();
    let head = |tag, vary| {
        let fields = [
            ("cache-control", "max-age=1"),
            ("etag", tag),
            ("vary", vary),
        ];
        stored(&policy, &get(&[("foo", "1")]), &origin(200, &fields, "x")).unwrap()
    };
    let weak = head("W/\"a\"", "foo");
    let other = stored(
        &policy,
        &get(&[("foo", "2")]),
        &origin(200, &[("etag", "\"a\""), ("vary", "foo")], "x"),
    );
    let heads = [
        head("\"a\"", "foo"),
        head("\"a\"", "bar"),
        weak,
        other.unwrap(),
    ];
    let newer = headers(&[("etag", "\"a\""), ("cache-control", "max-age=60")]);
    let arrival = Arrival {
        status: StatusCode::NOT_MODIFIED,
        version: Version::HTTP_11,
        headers: &newer,
        sent: start(),
        received: start() + secs(5),
    };
    let ask = get(&[("foo", "1")]);
    let (wishes, aim) = (Wishes::default(), Aim::Validate(0));
    let lesson = learn(&policy, &wishes, &Ask::of(&ask), &heads, aim, &arrival);
    let Action::Update { heads, serve } = lesson.action else {
        panic!("{lesson:?}");
    };
    let indices: Vec<_> = heads.iter().map(|(index, _)| *index).collect();
    assert_eq!((serve.index, indices), (0, vec![0, 1]));
    for (_, head) in heads {
        assert_eq!(head.freshness.lifetime, secs(60));
        assert_eq!(head.freshness.received, start() + secs(5));
    }
}
