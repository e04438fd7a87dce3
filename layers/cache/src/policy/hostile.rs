//! Whatever anybody sends, no decision panics, overflows or takes long.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Version};
use proptest::prelude::*;

use super::model::{get, headers, origin, stored};
use super::{
    Action, Aim, Arrival, Ask, Decision, Head, Policy, Wishes, answer, learn, look_up, rescue,
};

/// Names that are looked at, and pieces of what is expected in them.
const NAMES: [&str; 24] = [
    "age",
    "authorization",
    "cache-control",
    "cdn-cache-control",
    "connection",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "date",
    "etag",
    "expires",
    "accept-language",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "last-modified",
    "location",
    "pragma",
    "range",
    "set-cookie",
    "vary",
    "foo",
];
const PIECES: [&str; 36] = [
    "max-age=",
    "s-maxage=",
    "no-cache",
    "no-store",
    "private",
    "public",
    "must-understand",
    "stale-if-error=",
    "stale-while-revalidate=",
    "max-stale",
    "min-fresh=",
    "only-if-cached",
    "immutable",
    "=",
    ",",
    ", ",
    "\"",
    "\\",
    "*",
    "foo",
    "accept-language",
    "bytes ",
    "bytes=",
    "-",
    "/",
    "0",
    "9",
    "18446744073709551615",
    "W/",
    "\"a\"",
    ";q=",
    "0.5",
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Sat, 01 Jan 0000 00:00:00 GMT",
    " ",
];

fn value() -> impl Strategy<Value = HeaderValue> {
    let pieces = prop::collection::vec(prop::sample::select(&PIECES[..]), 0..6);
    let bytes = prop::collection::vec(prop_oneof![32_u8..127, 128_u8..=255], 0..20);
    prop_oneof![
        4 => pieces.prop_map(|pieces| HeaderValue::from_str(&pieces.concat()).unwrap()),
        1 => bytes.prop_map(|bytes| HeaderValue::from_bytes(&bytes).unwrap()),
    ]
}

fn map() -> impl Strategy<Value = HeaderMap> {
    let field = (prop::sample::select(&NAMES[..]), value());
    prop::collection::vec(field, 0..8).prop_map(|fields| {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), value);
        }
        headers
    })
}

/// Mostly the present, and the edges of time.
fn time() -> impl Strategy<Value = SystemTime> {
    let edge = |seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    let after = prop::sample::select(vec![0, 1, 1_780_000_000, 1 << 40, i64::MAX as u64]);
    prop_oneof![
        after.prop_map(move |seconds| edge(seconds).unwrap()),
        (1_u64..1 << 40).prop_map(|seconds| SystemTime::UNIX_EPOCH - Duration::from_secs(seconds)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    #[test]
    fn no_fields_break_a_decision(
        shared: bool,
        wanted in map(),
        later in map(),
        first in map(),
        second in map(),
        code in prop::sample::select(vec![200_u16, 206, 304, 404, 416, 500]),
        method in prop::sample::select(vec!["GET", "HEAD", "POST"]),
        times in (time(), time(), time(), time()),
        body in prop_oneof![0_u64..20, Just(u64::MAX)],
        fails: bool,
    ) {
        let policy = if shared { Policy::shared() } else { Policy::private() };
        let wishes = Wishes::default();
        let mut request = Request::get("http://a.example/b?c").body(()).unwrap();
        *request.headers_mut() = wanted;
        let arrive = |status, headers, sent, received| Arrival {
            status,
            version: Version::HTTP_11,
            headers,
            sent,
            received,
        };
        let none: [Head; 0] = [];
        let arrival = arrive(StatusCode::OK, &first, times.0, times.1);
        let ask = Ask::of(&request);
        let lesson = learn(&policy, &wishes, &ask, &none, Aim::Fetch, &arrival);
        let Action::Store { mut head, .. } = lesson.action else {
            return Ok(());
        };
        if !head.finish(body) && !head.cut(body) {
            return Ok(());
        }
        let stored = [*head];
        let mut again = Request::get("http://a.example/b?c").body(()).unwrap();
        *again.method_mut() = method.parse().unwrap();
        *again.headers_mut() = later;
        let ask = Ask::of(&again);
        let aim = match look_up(&wishes, &ask, &stored, times.2) {
            Decision::Serve(serve) => {
                let _ = answer(&stored[0], &serve);
                Aim::Validate(0)
            }
            Decision::Forward(forward) => {
                forward.conditions.apply(&mut again.headers().clone());
                forward.aim
            }
            Decision::Bypass(_) | Decision::Refuse => Aim::Fetch,
        };
        let status = StatusCode::from_u16(code).unwrap();
        let said = fails.then_some(status);
        if let Some(serve) = rescue(&policy, &wishes, &ask, &stored, aim, said, times.3) {
            let _ = answer(&stored[0], &serve);
        }
        let arrival = arrive(status, &second, times.2, times.3);
        let lesson = learn(&policy, &wishes, &ask, &stored, aim, &arrival);
        if let Action::Update { heads, serve } = lesson.action {
            let _ = answer(&heads[0].1, &serve);
        }
    }
}

#[test]
fn bombs_cost_no_more_than_their_length() {
    let long = |piece: &str| vec![piece; 10_000].join(", ");
    let names: Vec<_> = (0..10_000).map(|n| format!("x{n}")).collect();
    let fields = [
        (
            "cache-control",
            long("max-age=1, no-cache=\"a\", private=\"b\""),
        ),
        ("connection", names.join(", ")),
        ("age", long("1")),
        ("etag", "\"a\"".to_owned()),
    ];
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    let says = origin(200, &fields, "first");
    let head = stored(&Policy::shared(), &get(&[]), &says).unwrap();
    let tags = long("\"b\"");
    let ask = get(&[
        ("if-none-match", &tags),
        ("cache-control", &long("max-age=0")),
    ]);
    let heads = [head.clone()];
    let now = head.freshness.received;
    let decision = look_up(&Wishes::default(), &Ask::of(&ask), &heads, now);
    assert!(matches!(decision, Decision::Forward(_)));
    let newer = headers(&fields);
    let arrival = Arrival {
        status: StatusCode::NOT_MODIFIED,
        version: Version::HTTP_11,
        headers: &newer,
        sent: now,
        received: now,
    };
    let (policy, wishes) = (Policy::shared(), Wishes::default());
    let lesson = learn(
        &policy,
        &wishes,
        &Ask::of(&ask),
        &heads,
        Aim::Validate(0),
        &arrival,
    );
    assert!(matches!(lesson.action, Action::Update { .. }));
}
