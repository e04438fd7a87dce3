//! Whatever anybody sends, no decision panics, overflows or takes long.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use proptest::prelude::*;

use super::fuzzed::{Case, NAMES};
use super::model::{get, headers, origin, stored};
use super::{Action, Aim, Arrival, Ask, Decision, Policy, Wishes, learn, look_up};

/// Pieces of what is expected in a field.
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
        requests in [map(), map()],
        responses in [map(), map()],
        times in [time(), time(), time()],
        flags: [bool; 2],
        code in prop::sample::select(vec![200_u16, 206, 304, 404, 416, 500]),
        method in prop::sample::select(vec!["GET", "HEAD", "POST"]),
        length in prop_oneof![0_u64..20, Just(u64::MAX)],
    ) {
        let case = Case {
            requests,
            responses,
            times,
            flags,
            method: method.parse().unwrap(),
            status: StatusCode::from_u16(code).unwrap(),
            length,
        };
        case.decide();
    }

    #[test]
    fn no_bytes_break_a_decision(data in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Some(case) = Case::parse(&data) {
            case.decide();
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

/// What the fuzz target begins with, on the stable toolchain; the published crate has none of it.
#[test]
fn every_case_of_the_corpus_is_decided() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/cache");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: there is no {}", folder.display());
        return;
    };
    let mut decided = 0;
    for file in files {
        let path = file.unwrap().path();
        let case = Case::parse(&std::fs::read(&path).unwrap());
        case.unwrap_or_else(|| panic!("{} is no case", path.display()))
            .decide();
        decided += 1;
    }
    assert!(decided > 0, "{} is empty", folder.display());
}
