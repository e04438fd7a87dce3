use std::collections::VecDeque;
use std::time::Duration;

use proptest::prelude::*;

use super::generations::Generations;
use super::ledger::{Ledger, Source};
use super::window::Window;
use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A bank on its own: percent, per second.
fn bank(percent: u32, per_second: u32) -> Arc<Bank> {
    Budget::opened(percent, per_second).0.unwrap()
}

#[test]
fn trap2_a_percentage_is_what_it_says() {
    for percent in [0, 1, 20, 60, 70, 80, 90, 99, 100] {
        let bank = bank(percent, 0);
        let granted = (0..10_000_u64)
            .filter(|n| {
                bank.deposit("", bank.opened + millis(*n));
                bank.withdraw("", millis(*n)).is_some()
            })
            .count();
        assert_eq!(granted, 100 * percent as usize, "{percent} %");
    }
}

#[test]
fn trap2_a_month_of_idleness_is_caught_up_in_ten_steps() {
    let mut window = Window::default();
    window.add(5, 7);
    let month = 30 * 24 * 60 * 60;
    window.add(month, 1);
    assert_eq!(window.take(month, 2), None, "what came before is gone");
    assert_eq!(window.take(month, 1), Some(month));
    // The whole range of the clock is one step as well.
    window.add(u32::MAX, 1);
    assert_eq!(window.take(u32::MAX, 1), Some(u32::MAX));
}

#[test]
fn a_deposit_lasts_ten_ticks() {
    for (later, there) in [
        (0, true),
        (9, true),
        (10, false),
        (11, false),
        (19, false),
        (20, false),
    ] {
        let mut window = Window::default();
        window.add(100, 1);
        assert_eq!(window.take(100 + later, 1).is_some(), there, "{later}");
    }
}

#[test]
fn the_oldest_is_taken_first_and_named() {
    let mut window = Window::default();
    window.add(1, 2);
    window.add(3, 2);
    assert_eq!(window.take(4, 1), Some(1));
    assert_eq!(window.take(4, 2), Some(1), "one from each");
    assert_eq!(window.take(4, 1), Some(3));
    assert_eq!(window.take(4, 1), None);
    assert_eq!(window.take(4, 0), Some(4));
}

#[test]
fn what_is_put_back_expires_when_it_would_have() {
    let mut window = Window::default();
    window.add(1, 1);
    assert_eq!(window.take(5, 1), Some(1));
    window.put_back(1, 1);
    assert_eq!(window.take(10, 1), Some(1));
    window.put_back(1, 1);
    assert_eq!(window.take(11, 1), None);
    window.put_back(1, 1);
    assert_eq!(window.take(11, 1), None, "too late to be put back");
}

#[test]
fn a_clock_read_before_anothers_counts_as_that_one() {
    let mut window = Window::default();
    window.add(50, 1);
    window.add(49, 1);
    assert_eq!(window.take(48, 2), Some(50));
}

#[test]
fn amounts_do_not_overflow() {
    let mut window = Window::default();
    window.add(1, u32::MAX);
    window.add(1, 1);
    window.add(2, u32::MAX);
    let mut other = Window::default();
    window.pour(2, &mut other, 100);
    assert_eq!(other.take(2, u32::MAX), Some(1));
    assert_eq!(other.take(2, u32::MAX), Some(2));
    assert_eq!(other.take(2, 1), None);
    other.add(3, u32::MAX);
    other.put_back(3, 1);
}

#[test]
fn pouring_empties_one_and_keeps_the_age_in_the_other() {
    let (mut from, mut to) = (Window::default(), Window::default());
    from.add(1, 3);
    from.add(5, 1);
    from.pour(6, &mut to, 20);
    assert_eq!(from.take(6, 1), None);
    assert_eq!(to.take(10, 80), Some(1));
    from.add(7, 1);
    from.add(20, 1);
    from.pour(20, &mut to, 20);
    assert_eq!(to.take(20, 20), Some(20));
    assert_eq!(to.take(20, 1), None);
}

#[test]
fn the_reserve_is_never_exceeded_in_any_ten_seconds() {
    let bank = bank(0, 2);
    let taken: Vec<_> = (0..40_000)
        .step_by(7)
        .filter(|n| bank.withdraw("", millis(*n)).is_some())
        .collect();
    for (index, at) in taken.iter().enumerate() {
        let within = taken[index..]
            .iter()
            .take_while(|later| *later - at < 10_000)
            .count();
        assert!(within <= 20, "{within} within ten seconds of {at} ms");
    }
    assert!(
        taken.len() >= 4 * 20 - 20,
        "{} in forty seconds",
        taken.len()
    );
}

#[test]
fn the_reserve_comes_back_after_ten_seconds_and_a_tenth() {
    let mut ledger = Ledger::default();
    let mut take = |at| ledger.withdraw(millis(at), 1).is_some();
    assert!((0..10).all(|_| take(50)));
    assert!(!take(50));
    assert!(!take(10_099));
    assert!(take(10_100));
}

#[test]
fn a_reserve_of_any_size_takes_one_record_for_each_tenth_of_a_second() {
    let mut ledger = Ledger::default();
    for at in 0..20_000 {
        assert!(ledger.withdraw(millis(at), 2_000).is_some());
    }
    assert_eq!(ledger.records(), 101);
}

#[test]
fn first_attempts_are_used_before_the_reserve() {
    let bank = bank(100, 1);
    bank.deposit("", bank.opened + SECOND);
    let sources: Vec<_> = (0..12).map(|_| bank.withdraw("", SECOND)).collect();
    assert_eq!(sources[0], Some(Source::Credit(1)));
    assert!(
        sources[1..11]
            .iter()
            .all(|source| *source == Some(Source::Reserve(10)))
    );
    assert_eq!(sources[11], None);
}

#[test]
fn a_grant_that_is_dropped_goes_back_and_one_that_is_spent_does_not() {
    for (percent, per_second) in [(100, 0), (0, 1)] {
        let budget = Budget::opened(percent, per_second);
        let bank = budget.0.clone().unwrap();
        let now = bank.opened + SECOND;
        budget.deposit("a", now);
        // Leaves one to be had.
        for _ in 1..per_second * 10 {
            budget.withdraw("a", now).unwrap().spend();
        }
        let grant = budget.withdraw("a", now).unwrap();
        assert!(budget.withdraw("a", now).is_none());
        drop(grant);
        let again = budget.withdraw("a", now).unwrap();
        again.spend();
        assert!(budget.withdraw("a", now).is_none());
    }
}

#[test]
fn a_grant_of_a_forgotten_key_goes_nowhere() {
    let budget = Budget::opened(100, 0);
    let now = budget.0.as_ref().unwrap().opened;
    budget.deposit("a", now);
    let grant = budget.withdraw("a", now).unwrap();
    assert!(budget.withdraw("b", now + SECOND * 60).is_none());
    drop(grant);
    assert!(budget.withdraw("a", now + SECOND * 60).is_none());
}

#[test]
fn no_budget_grants_everything() {
    let now = tokio::time::Instant::now().into_std();
    let budget = Budget::none();
    budget.deposit("", now);
    for _ in 0..1_000 {
        budget.withdraw("", now).unwrap().spend();
    }
    assert_eq!(format!("{budget:?}"), "Budget(none)");
}

#[test]
fn deposits_of_all_threads_count() {
    let budget = Budget::opened(10, 0);
    let now = budget.0.as_ref().unwrap().opened;
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| (0..100).for_each(|_| budget.deposit("a", now)));
        }
    });
    let granted = (0..200)
        .filter_map(|_| budget.withdraw("a", now))
        .map(Grant::spend)
        .count();
    assert_eq!(granted, 100);
}

/// In one thread's till. Tables double, so that the dearest number of keys is the one right after
/// that, and the same share is wasted whether they are thousands or a million.
#[test]
fn idle_keys_take_two_hundred_bytes_each_at_most() {
    // Two counters of an `Arc`, some text, and what an allocator adds.
    let text = 2 * size_of::<usize>() + "api-8193.example.com".len() + 2 * size_of::<usize>();
    for keys in [8_192 * 7 / 8 + 1, 8_192, 8_193] {
        let bank = bank(20, 10);
        for n in 0..keys {
            bank.deposit(&format!("api-{n}.example.com"), bank.opened);
        }
        let till = &bank.tills[place() & (bank.tills.len() - 1)].0;
        let firsts = lock(till);
        assert_eq!(firsts.counted.len(), keys);
        let each = firsts.counted.table_bytes() / keys + text;
        assert!(each <= 200, "{each} bytes for each of {keys}");
    }
}

#[test]
fn keys_that_nobody_uses_are_forgotten() {
    let bank = bank(20, 10);
    let held = || {
        let tills: usize = bank
            .tills
            .iter()
            .map(|till| lock(&till.0).counted.len())
            .sum();
        tills + lock(&bank.vault).len()
    };
    for n in 0..10_000_u32 {
        bank.deposit(&n.to_string(), bank.opened + millis(u64::from(n)));
    }
    assert_eq!(held(), 10_000);
    bank.deposit("in use", bank.opened + SECOND * 15);
    assert_eq!(held(), 10_001, "the old generation is still there");
    bank.deposit("in use", bank.opened + SECOND * 25);
    assert_eq!(held(), 2, "one key, in both generations");
    bank.withdraw("spends", SECOND * 25);
    assert_eq!(held(), 3);
    bank.deposit("in use", bank.opened + SECOND * 60);
    bank.withdraw("in use", SECOND * 60);
    assert_eq!(held(), 2, "one in the till, one in the vault");
}

#[test]
fn a_key_in_use_is_kept_from_generation_to_generation() {
    let generations = Mutex::new(Generations::<u32>::default());
    for tick in (0..100).step_by(5) {
        *in_turn(&generations, tick).touch("a") += 1;
        assert_eq!(lock(&generations).get_mut("a"), Some(&mut (tick / 5 + 1)));
    }
    // The last turn was at 90.
    assert!(
        in_turn(&generations, 100).get_mut("a").is_some(),
        "it may still be asked for"
    );
    assert!(
        in_turn(&generations, 109).get_mut("a").is_some(),
        "it may still be asked for"
    );
    assert!(in_turn(&generations, 110).get_mut("a").is_none());
    assert_eq!(lock(&generations).len(), 0);
}

#[test]
fn after_twenty_seconds_of_silence_nothing_is_left() {
    for (silence, left) in [(19, 1), (20, 0), (21, 0)] {
        let generations = Mutex::new(Generations::<u32>::default());
        *lock(&generations).touch("a") = 1;
        assert_eq!(in_turn(&generations, silence).len(), left, "{silence} s");
    }
}

#[test]
fn keys_are_told_apart_whichever_was_asked_for_last() {
    let mut generations = Generations::<u32>::default();
    for (n, key) in ["a", "b", "a", "c", "b", "b", "a"].into_iter().enumerate() {
        *generations.touch(key) += 1 << n;
    }
    let values = ["a", "b", "c", "d"].map(|key| generations.get_mut(key).copied());
    assert_eq!(
        values,
        [Some(0b100_0101), Some(0b11_0010), Some(0b1000), None]
    );
}

#[test]
fn a_budget_older_than_the_clock_does_not_mind() {
    let bank = bank(20, 10);
    let before = bank.opened.checked_sub(SECOND).unwrap();
    assert_eq!(bank.at(before), Duration::ZERO);
}

/// The obvious budget: every deposit by itself, in a list.
#[derive(Default)]
struct Model {
    credits: VecDeque<(u64, u32)>,
    reserve: Vec<u64>,
}

impl Model {
    fn deposit(&mut self, at: u64, percent: u32) {
        self.credits.push_back((at / 1_000, percent));
    }

    fn withdraw(&mut self, at: u64, per_second: u32) -> bool {
        self.credits
            .retain(|(second, left)| second + 10 > at / 1_000 && *left > 0);
        let credit: u32 = self.credits.iter().map(|(_, left)| left).sum();
        if credit >= 100 {
            let mut wanted = 100;
            for (_, left) in &mut self.credits {
                let taken = wanted.min(*left);
                *left -= taken;
                wanted -= taken;
            }
            return true;
        }
        self.reserve.retain(|tenth| tenth + 100 >= at / 100);
        let granted = self.reserve.len() < (per_second * 10) as usize;
        if granted {
            self.reserve.push(at / 100);
        }
        granted
    }
}

proptest! {
    #[test]
    fn the_bank_agrees_with_a_list_of_all_deposits(
        percent in 0..=100_u32,
        per_second in 0..3_u32,
        steps in proptest::collection::vec((0..4_000_u64, 0..12_u8, any::<bool>()), 1..200),
    ) {
        let bank = bank(percent, per_second);
        let mut model = Model::default();
        let mut at = 0;
        for (pause, deposits, hurry) in steps {
            at += if hurry { pause / 100 } else { pause };
            for _ in 0..deposits {
                bank.deposit("key", bank.opened + millis(at));
                model.deposit(at, percent);
            }
            let granted = bank.withdraw("key", millis(at)).is_some();
            prop_assert_eq!(granted, model.withdraw(at, per_second), "at {} ms", at);
        }
    }

    #[test]
    fn what_is_given_back_can_be_had_again_and_no_more(
        percent in 1..=100_u32,
        steps in proptest::collection::vec((0..3_000_u64, 0..6_u8, any::<bool>()), 1..100),
    ) {
        let bank = bank(percent, 1);
        let mut model = Model::default();
        let mut at = 0;
        for (pause, deposits, give_back) in steps {
            at += pause;
            for _ in 0..deposits {
                bank.deposit("key", bank.opened + millis(at));
                model.deposit(at, percent);
            }
            if give_back {
                if let Some(source) = bank.withdraw("key", millis(at)) {
                    lock(&bank.vault).get_mut("key").unwrap().put_back(source);
                }
            } else {
                let granted = bank.withdraw("key", millis(at)).is_some();
                // Credit of several seconds goes back to the oldest of them, so it can expire early.
                prop_assert!(!granted || model.withdraw(at, 1), "at {} ms", at);
            }
        }
    }
}
