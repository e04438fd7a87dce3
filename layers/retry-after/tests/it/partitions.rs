//! Whom a pause holds: everybody, or those who carry the same credentials.

use buttress_kernel::{Explain, Partition, Trail};
use buttress_retry_after::{Reason, RetryAfterLayer};
use proptest::prelude::*;

use crate::support::*;

fn layer() -> RetryAfterLayer {
    RetryAfterLayer::new().spread(secs(0))
}

fn ada() -> Partition {
    Partition::named("ada")
}

/// A request of this user's; of nobody's without a name.
fn of(user: &'static str) -> http::Request<()> {
    let mut request = api();
    if !user.is_empty() {
        request.extensions_mut().insert(Partition::named(user));
    }
    request
}

/// How long each of these waits, one after the other, after such an answer to the first.
async fn waits(
    layer: &RetryAfterLayer,
    (status, fields): (u16, &[(&str, &str)]),
    users: &[&'static str],
) -> Vec<u64> {
    let mut waits = Vec::new();
    for user in &users[1..] {
        let (service, server) = gated(&layer.clone(), &[(status, fields)]);
        layer.handle().clear_all();
        let start = now();
        send(&service, of(users[0])).await.unwrap();
        send(&service, of(user)).await.unwrap();
        waits.push(server.times(start)[1].as_secs());
    }
    waits
}

const PAUSE: &[(&str, &str)] = &[("retry-after", "30")];
const QUOTA: &[(&str, &str)] = &[("ratelimit", r#""d";r=0;t=30"#)];

#[tokio::test(start_paused = true)]
async fn a_429_holds_those_who_carry_the_same_credentials() {
    let users = ["ada", "ada", "bob", ""];
    for answer in [(429, PAUSE), (429, QUOTA), (200, QUOTA), (503, QUOTA)] {
        assert_eq!(
            waits(&layer(), answer, &users).await,
            [30, 0, 0],
            "{answer:?}"
        );
    }
    let by_default = layer().default_delay(secs(30));
    assert_eq!(waits(&by_default, (429, &[]), &users).await, [30, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_503_holds_everybody() {
    let users = ["ada", "ada", "bob", ""];
    assert_eq!(waits(&layer(), (503, PAUSE), &users).await, [30, 30, 30]);
}

#[tokio::test(start_paused = true)]
async fn what_is_told_to_nobody_in_particular_holds_everybody() {
    let users = ["", "", "bob"];
    for answer in [(429, PAUSE), (503, PAUSE), (200, QUOTA)] {
        assert_eq!(
            waits(&layer(), answer, &users).await,
            [30, 30],
            "{answer:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn one_gate_for_all_is_a_setting() {
    let one = layer().by_partition(false);
    let users = ["ada", "ada", "bob", ""];
    for answer in [(429, PAUSE), (503, PAUSE), (200, QUOTA)] {
        assert_eq!(
            waits(&one, answer, &users).await,
            [30, 30, 30],
            "{answer:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_429_at_one_key_holds_nobody_at_another() {
    let (service, server) = gated(&layer(), &[(429, PAUSE)]);
    let start = now();
    send(&service, of("ada")).await.unwrap();
    let mut elsewhere = get("https://other.example.com/");
    elsewhere.extensions_mut().insert(ada());
    send(&service, elsewhere).await.unwrap();
    assert_eq!(server.times(start)[1], secs(0));
}

#[tokio::test(start_paused = true)]
async fn the_later_of_two_pauses_counts() {
    for (own, all) in [("30", "10"), ("10", "30")] {
        let answers: [(u16, &[(&str, &str)]); 2] = [
            (429, &[("retry-after", own)]),
            (503, &[("retry-after", all)]),
        ];
        let (service, server) = gated(&layer(), &answers);
        let start = now();
        send(&service, of("ada")).await.unwrap();
        send(&service, of("bob")).await.unwrap();
        send(&service, of("ada")).await.unwrap();
        assert_eq!(server.times(start)[2], secs(30), "{own}, {all}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_cannot_wait_that_long_is_refused_at_once_and_leaves_both_queues() {
    for (own, all) in [(3_600, 10), (10, 3_600)] {
        let (own_text, all_text) = (own.to_string(), all.to_string());
        let answers: [(u16, &[(&str, &str)]); 2] = [
            (429, &[("retry-after", &own_text)]),
            (503, &[("retry-after", &all_text)]),
        ];
        let layer = layer();
        let (service, _) = gated(&layer, &answers);
        send(&service, of("ada")).await.unwrap();
        send(&service, of("bob")).await.unwrap();
        let start = now();
        let error = held(send(&service, of("ada")).await);
        assert_eq!(now(), start);
        assert_eq!(
            (error.reason(), error.wait()),
            (Reason::TooLong, secs(3_600))
        );
        assert_eq!(error.key().as_str(), "api.example.com");
        let whose = (own > all).then(ada);
        assert_eq!(error.partition(), whose.as_ref());
        assert_eq!(layer.handle().waiting(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_given_up_is_given_up_in_both_queues() {
    let answers: [(u16, &[(&str, &str)]); 2] = [(429, PAUSE), (503, PAUSE)];
    let layer = layer();
    let (service, _) = gated(&layer, &answers);
    send(&service, of("ada")).await.unwrap();
    send(&service, of("bob")).await.unwrap();
    let waiting = begin(&service, of("ada")).await;
    assert_eq!(layer.handle().waiting(), 2);
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert_eq!(layer.handle().waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_begins_while_another_is_waited_for_counts_too() {
    let late: [(u16, &[(&str, &str)]); 3] = [
        (429, &[("retry-after", "10")]),
        (503, &[("retry-after", "20")]),
        (429, &[("retry-after", "40")]),
    ];
    let layer = layer();
    let (service, server) = gated(&layer, &late);
    let start = now();
    send(&service, of("ada")).await.unwrap();
    send(&service, of("bob")).await.unwrap();
    let waiting = begin(&service, of("ada")).await;
    tokio::time::sleep(secs(15)).await;
    // Her own pause is over by now; a request that nothing holds earns her another.
    let mut urgent = of("ada");
    let ignoring = buttress_retry_after::Override::new().ignore();
    urgent.extensions_mut().insert(ignoring);
    send(&service, urgent).await.unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(server.times(start)[3], secs(55));
}

#[tokio::test(start_paused = true)]
async fn whoever_looks_sees_each_partition_by_itself() {
    let layer = layer();
    let handle = layer.handle();
    let (service, server) = gated(&layer, &[(429, PAUSE)]);
    let start = now();
    send(&service, of("ada")).await.unwrap();
    assert_eq!(handle.peek("api.example.com").held_until(), None);
    let until = handle.peek_at("api.example.com", &ada()).held_until();
    assert_eq!(until, Some(start + secs(30)));
    assert_eq!(handle.keys(), 1);

    assert!(!handle.clear("api.example.com"));
    assert!(handle.clear_at("api.example.com", &ada()));
    send(&service, of("ada")).await.unwrap();
    assert_eq!(server.times(start)[1], secs(0));
}

#[tokio::test(start_paused = true)]
async fn paused_partitions_do_not_keep_a_503_from_being_learned_and_go_when_they_are_idle() {
    let names: Vec<&'static str> = (0..100_u32).map(|n| &*n.to_string().leak()).collect();
    let mut answers: Vec<(u16, &[(&str, &str)])> = vec![(429, PAUSE); 100];
    answers.push((503, PAUSE));
    let layer = layer().max_keys(8);
    let handle = layer.handle();
    let (service, _) = gated(&layer, &answers);
    for name in names {
        send(&service, of(name)).await.unwrap();
    }
    assert_eq!(handle.keys(), 7);
    send(&service, of("bob")).await.unwrap();
    assert!(handle.peek("api.example.com").held_until().is_some());
    tokio::time::advance(secs(60)).await;
    send(&service, of("bob")).await.unwrap();
    assert_eq!(handle.keys(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_trail_tells_whose_pause_it_is() {
    let (service, _) = gated(&layer(), &[(429, PAUSE)]);
    let explained = || {
        let mut request = of("ada");
        request.extensions_mut().insert(Explain::new());
        request
    };
    let note = |response: http::Response<()>| {
        let trail = response.extensions().get::<Trail>().unwrap();
        trail.entries()[0].note().to_owned()
    };
    let first = send(&service, explained()).await.unwrap();
    assert_eq!(
        note(first),
        "429, holding its partition for 30 s (retry-after)"
    );
    let second = send(&service, explained()).await.unwrap();
    assert_eq!(note(second), "held for 30 s (retry-after)");
}

/// Who asks after how many seconds, and what he is told if he is let through.
fn steps() -> impl Strategy<Value = Vec<(u64, usize, u16, u64)>> {
    let status = prop::sample::select(vec![200_u16, 429, 503]);
    prop::collection::vec((0..9_u64, 0..3_usize, status, 1..20_u64), 1..40)
}

proptest! {
    #[test]
    fn whoever_is_let_through_is_held_by_neither_pause(steps in steps()) {
        const USERS: [&str; 3] = ["", "ada", "bob"];
        let texts: Vec<String> = (0..20).map(|seconds: u64| seconds.to_string()).collect();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let layer = layer().reject();
            // Until when each of them is held by a pause of his own, and all by one of everybody's.
            let (mut own, mut all) = ([0_u64; 3], 0_u64);
            let mut time = 0;
            for (pause, user, status, hold) in steps {
                tokio::time::advance(secs(pause)).await;
                time += pause;
                let wait = &texts[usize::try_from(hold).unwrap()];
                let fields: &[(&str, &str)] = &[("retry-after", wait)];
                let (service, server) = gated(&layer, &[(status, fields)]);
                let end = send(&service, of(USERS[user])).await;
                let until = own[user].max(all);
                prop_assert_eq!(end.is_err(), time < until, "{} at {}", user, time);
                prop_assert_eq!(server.paths().len(), usize::from(end.is_ok()));
                match (end, status, user) {
                    (Ok(_), 503, _) | (Ok(_), 429, 0) => all = all.max(time + hold),
                    (Ok(_), 429, user) => own[user] = own[user].max(time + hold),
                    (Ok(_), ..) => {}
                    (Err(_), ..) => {
                        let error = held(send(&service, of(USERS[user])).await);
                        prop_assert_eq!(error.wait(), secs(until - time));
                    }
                }
            }
            Ok(())
        })?;
    }
}
