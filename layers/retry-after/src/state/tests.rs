use super::*;
use crate::rules::{Patience, Spread};

#[test]
fn a_key_at_rest_is_small() {
    // One entry of a table that has just doubled takes 16/7 of its slot; a name of 24 bytes and the
    // heap's own word go on top, and for a window another small block.
    let slot = size_of::<(Box<str>, State<Option<std::task::Waker>>)>() + 1;
    assert!(slot * 16 / 7 + 32 <= 170, "{slot}");
    assert!(size_of::<Window>() <= 40);
}

fn rules() -> Rules {
    Rules {
        pace: false,
        spread: Spread::Tenth,
        max_waiting: 8,
        max_keys: 1,
    }
}

#[allow(clippy::disallowed_methods)] // any instant will do
fn start() -> Instant {
    Instant::now()
}

fn ask(arrived: Instant) -> Ask {
    Ask {
        arrived,
        patience: Patience::Hold(Duration::from_secs(3_600)),
        deadline: None,
        hurried: false,
    }
}

#[test]
fn shares_cover_the_spread_from_its_start_to_before_its_end() {
    let spread = Duration::from_secs(10);
    assert_eq!(share(spread, 0, 0, 4), Duration::ZERO);
    assert_eq!(share(spread, 1, 0, 4), Duration::from_millis(2_500));
    assert_eq!(share(spread, 1, 1 << 31, 4), Duration::from_millis(3_750));
    assert!(share(spread, 3, u32::MAX, 4) < spread);
}

#[test]
fn an_unknown_ticket_may_go() {
    let now = start();
    let mut state = State::<()>::default();
    assert_eq!(state.turn(3, now, &ask(now), &rules()), Answer::Go);
    assert_eq!(state.leave(3), None);
}
