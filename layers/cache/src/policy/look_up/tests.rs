use std::time::Duration;

use http::Request;
use proptest::prelude::*;

use super::*;
use crate::policy::model::{get, origin, request, secs, start, stored};
use crate::policy::{Extent, Row, Vary};

fn wishes() -> impl Strategy<Value = Wishes> {
    let mode = prop_oneof![4 => Just(Mode::Default), 1 => Just(Mode::NoCache), 1 => Just(Mode::ForceCache)];
    let lifetime =
        || prop_oneof![4 => Just(None), 1 => (0..9_u64).prop_map(|time| Some(secs(time)))];
    (mode, lifetime(), lifetime()).prop_map(|(mode, fresh_for, negative_for)| Wishes {
        mode,
        fresh_for,
        negative_for,
    })
}

prop_compose! {
    /// What tells the usual case from others.
    fn head()(
        flags in any::<[bool; 4]>(),
        lifetime in 0..9_u64,
        initial_age in prop_oneof![0..9_u64, Just(u64::MAX)],
        while_revalidate in 0..9_u64,
        foos in prop::collection::vec((0..2_u8, 0..9_u64), 0..3),
        first in prop_oneof![4 => Just(0), 1 => Just(1_u64)],
        total in prop_oneof![4 => Just(Some(4)), 1 => Just(None), 1 => Just(Some(5))],
    ) -> Head {
        let says = origin(200, &[("cache-control", "max-age=60")], "body");
        let mut head = stored(&Policy::private(), &get(&[]), &says).unwrap();
        let [no_cache, must_revalidate, immutable, varies] = flags;
        head.freshness = crate::policy::Freshness {
            initial_age: secs(initial_age),
            lifetime: secs(lifetime),
            no_cache,
            must_revalidate,
            immutable,
            while_revalidate: secs(while_revalidate),
            ..head.freshness
        };
        if varies {
            let row = |(foo, confirmed)| Row {
                values: vec![Some([b'0' + foo].into())],
                confirmed: start() + secs(confirmed),
            };
            head.vary = Vary {
                names: vec!["foo".parse().unwrap()],
                rows: foos.into_iter().map(row).collect(),
            };
        }
        head.extent = Extent { first, end: 4, total };
        head
    }
}

proptest! {
    #[test]
    fn the_usual_case_is_decided_as_by_all_rules(
        wishes in wishes(),
        heads in prop::collection::vec(head(), 0..3),
        method in prop_oneof![4 => Just("GET"), 1 => Just("HEAD"), 1 => Just("POST")],
        foos in prop::collection::vec((0..2_u8).prop_map(|foo| foo.to_string()), 0..3),
        other in prop_oneof![
            4 => Just(("accept", "a/b")),
            1 => Just(("cache-control", "no-cache")),
            1 => Just(("cache-control", "max-stale")),
            1 => Just(("if-none-match", "*")),
            1 => Just(("range", "bytes=1-")),
        ],
        now in 0..12_000_u64,
        before in any::<bool>(),
    ) {
        let fields = foos.iter().map(|foo| ("foo", foo.as_str())).chain([other]);
        let asked = request(method, &fields.collect::<Vec<_>>());
        let ask = Ask::of(&asked);
        let past = Duration::from_millis(now);
        let now = if before { start() - past } else { start() + past };
        let glance = Glance::at(ask.headers);
        prop_assert_eq!(
            look_up(&wishes, &ask, &heads, now),
            by_all_rules(glance, &wishes, &ask, &heads, now)
        );
    }
}

#[test]
fn the_usual_case_is_found() {
    let says = origin(
        200,
        &[("cache-control", "max-age=60"), ("vary", "foo")],
        "body",
    );
    let asked = get(&[("foo", "1")]);
    let head = stored(&Policy::private(), &asked, &says).unwrap();
    let found_by = |asked: &Request<()>, wishes: &Wishes, after| {
        let (glance, heads) = (Glance::at(asked.headers()), std::slice::from_ref(&head));
        let found = usual(glance, wishes, &Ask::of(asked), heads, start() + after);
        found.map(|serve| serve.ttl)
    };
    let found = |wishes: &Wishes, after| found_by(&asked, wishes, after);
    assert_eq!(found(&Wishes::default(), secs(7)), Some(53));
    assert_eq!(found(&Wishes::default(), secs(60)), None);
    let wished = Wishes {
        fresh_for: Some(secs(9)),
        ..Wishes::default()
    };
    assert_eq!(found(&wished, secs(7)), None);
    let odd = get(&[("foo", "1"), ("cache-control", "max-stale")]);
    assert_eq!(found_by(&odd, &Wishes::default(), secs(7)), None);
    let twice = get(&[("foo", "1"), ("bar", "1"), ("bar", "2")]);
    assert_eq!(found_by(&twice, &Wishes::default(), secs(7)), Some(53));
    let others = get(&[("foo", "1"), ("foo", "2")]);
    assert_eq!(found_by(&others, &Wishes::default(), secs(7)), None);
}
