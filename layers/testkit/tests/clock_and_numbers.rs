//! The calendar shows what it was set to, and numbers repeat.

use std::time::{Duration, SystemTime};

use buttress_kernel::WallClock;
use buttress_testkit::{ManualWallClock, rng};

const NOON: SystemTime = SystemTime::UNIX_EPOCH;

fn after(seconds: u64) -> SystemTime {
    NOON + Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn a_standing_clock_moves_by_hand_alone() {
    let clock = ManualWallClock::at(NOON);
    let clone = clock.clone();
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(clone.now(), NOON);
    clock.advance(Duration::from_secs(1));
    assert_eq!(clone.now(), after(1));
    clock.set(NOON);
    assert_eq!(clone.now(), NOON);
}

#[tokio::test(start_paused = true)]
async fn a_ticking_clock_follows_tokios() {
    let clock = ManualWallClock::ticking(after(10));
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(clock.now(), after(15));
    clock.advance(Duration::from_secs(100));
    assert_eq!(clock.now(), after(115));
    clock.set(after(50));
    assert_eq!(clock.now(), after(50));
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(clock.now(), after(55));
}

#[test]
fn numbers_depend_on_the_name_alone() {
    let draw = |name| rng(name).u64(..);
    assert_eq!(draw("a"), draw("a"));
    assert_ne!(draw("a"), draw("b"));
}
