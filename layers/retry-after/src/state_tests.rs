//! The transitions of one key, and the same against a slow model.

use std::time::{Duration, Instant};

use buttress_kernel::Quota;

use crate::queue::{Ticket, share};
use crate::rules::{Ask, Patience, Reason, Rules, Spread};
use crate::source::Source;
use crate::state::{Answer, Lesson, State};
use crate::window::Window;

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
fn a_spread_beyond_all_clocks_does_no_harm() {
    let now = start();
    let rules = Rules {
        spread: Spread::Fixed(Duration::MAX),
        ..rules()
    };
    let mut state = State::<()>::default();
    let hold = Some((Duration::from_secs(1), Source::Default));
    state.learn(now, Lesson { hold, quota: None });
    for number in 1..=2 {
        let ticket = Ticket {
            number,
            draw: u32::MAX,
        };
        state.arrive(now, &ask(now), &rules, ticket, ());
    }
    let later = now + Duration::from_secs(1);
    assert_eq!(state.turn(2, later, &ask(now), &rules), Answer::Go);
}

#[test]
fn an_unknown_ticket_may_go() {
    let now = start();
    let mut state = State::<()>::default();
    assert_eq!(state.turn(3, now, &ask(now), &rules()), Answer::Go);
    assert_eq!(state.leave(3), None);
}

mod model {
    use proptest::prelude::*;

    use super::*;

    /// The gate for one key without pacing, as one would explain it, and as slow as that.
    #[derive(Default)]
    struct Model {
        until: Option<Instant>,
        since: Option<Instant>,
        waiters: Vec<Waiting>,
    }

    #[derive(Clone)]
    struct Waiting {
        ticket: Ticket,
        ask: Ask,
        at: Option<Instant>,
    }

    impl Model {
        fn held(&self, now: Instant) -> Option<Instant> {
            self.until.filter(|until| now < *until)
        }

        fn arrive(&mut self, now: Instant, ask: Ask, ticket: Ticket) -> Answer {
            let Some(until) = self.held(now) else {
                return Answer::Go;
            };
            let retry_at = until;
            if let Some(reason) = too_long(&ask, until) {
                return Answer::Refuse { retry_at, reason };
            }
            if self.waiters.len() == rules().max_waiting {
                let reason = Reason::Crowded;
                return Answer::Refuse { retry_at, reason };
            }
            if self.waiters.is_empty() {
                self.since = Some(now);
            }
            let at = None;
            self.waiters.push(Waiting { ticket, ask, at });
            let source = Source::Default;
            Answer::Wait { until, source }
        }

        fn turn(&mut self, place: usize, now: Instant) -> Answer {
            let source = Source::Spread;
            if let Some(until) = self.held(now) {
                self.waiters[place].at = None;
                if let Some(reason) = too_long(&self.waiters[place].ask, until) {
                    self.waiters.remove(place);
                    let retry_at = until;
                    return Answer::Refuse { retry_at, reason };
                }
                let source = Source::Default;
                return Answer::Wait { until, source };
            }
            if self.waiters[place].at.is_none() {
                self.release();
            }
            let waiting = self.waiters[place].clone();
            let at = waiting.at.unwrap();
            let late = waiting
                .ask
                .deadline
                .is_some_and(|deadline| deadline.has_passed(at));
            if at <= now || late {
                self.waiters.remove(place);
                return Answer::Go;
            }
            Answer::Wait { until: at, source }
        }

        fn release(&mut self) {
            let base = self.until.unwrap();
            let wait = base - self.since.unwrap();
            let spread = (wait / 10).min(Duration::from_secs(1));
            let due = self.waiters.iter_mut().filter(|waiter| waiter.at.is_none());
            let (hurried, patient): (Vec<_>, Vec<_>) = due.partition(|waiter| waiter.ask.hurried);
            let crowd = patient.len();
            for waiter in hurried {
                waiter.at = Some(base);
            }
            for (number, waiter) in patient.into_iter().enumerate() {
                waiter.at = Some(base + share(spread, number, waiter.ticket.draw, crowd));
            }
        }
    }

    fn too_long(ask: &Ask, until: Instant) -> Option<Reason> {
        let Patience::Hold(most) = ask.patience else {
            return Some(Reason::Rejecting);
        };
        if until > ask.arrived + most {
            return Some(Reason::TooLong);
        }
        ask.deadline
            .is_some_and(|deadline| deadline.has_passed(until))
            .then_some(Reason::Deadline)
    }

    #[derive(Clone, Debug)]
    enum Step {
        Learn(u64),
        Arrive {
            patience: Option<u64>,
            deadline: Option<u64>,
            hurried: bool,
            draw: u32,
        },
        Turn(usize),
        Leave(usize),
        Advance(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let arrive = (
            proptest::option::weighted(0.9, 0..20_000u64),
            proptest::option::weighted(0.3, 0..20_000u64),
            prop::bool::weighted(0.2),
            any::<u32>(),
        );
        let step = prop_oneof![
            2 => (0..10_000u64).prop_map(Step::Learn),
            6 => arrive.prop_map(|(patience, deadline, hurried, draw)| Step::Arrive {
                patience, deadline, hurried, draw,
            }),
            6 => (0..8usize).prop_map(Step::Turn),
            1 => (0..8usize).prop_map(Step::Leave),
            4 => (0..4_000u64).prop_map(Step::Advance),
        ];
        prop::collection::vec(step, 1..80)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        #[test]
        fn the_state_does_what_the_model_says(steps in steps()) {
            let mut now = start();
            let (mut state, mut model) = (State::<()>::default(), Model::default());
            for (number, step) in (1..).zip(steps) {
                match step {
                    Step::Learn(millis) => {
                        let wait = Duration::from_millis(millis);
                        let hold = Some((wait, Source::Default));
                        let change = state.learn(now, Lesson { hold, quota: None });
                        let longer = millis > 0 && model.until.is_none_or(|until| until < now + wait);
                        prop_assert_eq!(change.held.is_some(), longer);
                        if longer {
                            model.until = Some(now + wait);
                        }
                    }
                    Step::Arrive { patience, deadline, hurried, draw } => {
                        let ask = Ask {
                            arrived: now,
                            patience: patience.map_or(Patience::Reject, |ms| {
                                Patience::Hold(Duration::from_millis(ms))
                            }),
                            deadline: deadline.map(|ms| {
                                buttress_kernel::Deadline::at(now + Duration::from_millis(ms))
                            }),
                            hurried,
                        };
                        let ticket = Ticket { number, draw };
                        let answer = state.arrive(now, &ask, &rules(), ticket, ());
                        prop_assert_eq!(answer, model.arrive(now, ask, ticket));
                    }
                    Step::Turn(place) if place < model.waiters.len() => {
                        let Waiting { ticket, ask, .. } = model.waiters[place].clone();
                        let answer = state.turn(ticket.number, now, &ask, &rules());
                        let held = model.held(now);
                        prop_assert_eq!(answer, model.turn(place, now));
                        prop_assert!(answer != Answer::Go || held.is_none(), "early");
                        if let Answer::Wait { until, .. } = answer {
                            prop_assert!(until > now, "a wait that is over would spin");
                        }
                    }
                    Step::Leave(place) if place < model.waiters.len() => {
                        let gone = model.waiters.remove(place);
                        prop_assert_eq!(state.leave(gone.ticket.number), None);
                    }
                    Step::Turn(_) | Step::Leave(_) => {}
                    Step::Advance(millis) => now += Duration::from_millis(millis),
                }
                prop_assert_eq!(state.waiting(), model.waiters.len());
                prop_assert_eq!(state.held_until(now), model.held(now));
                let live = model.held(now).is_some() || !model.waiters.is_empty();
                prop_assert_eq!(state.is_live(now), live);
                prop_assert_eq!(state.horizon(&rules()), model.until);
            }
        }

        #[test]
        fn paced_requests_keep_the_quota_and_their_order(
            remaining in 0..12u64,
            window in 1..60_000u64,
            gaps in prop::collection::vec(0..3_000u64, 1..8),
            dropped in proptest::option::of(0..8u64),
        ) {
            let rules = Rules { pace: true, ..rules() };
            let start = start();
            let end = start + Duration::from_millis(window);
            let mut state = State::<()>::default();
            let quota = Quota::new(remaining, end - start);
            state.learn(start, Lesson { hold: None, quota: Some(quota) });
            let (mut now, mut waiting, mut went) = (start, Vec::new(), Vec::new());
            for (number, gap) in (1..).zip(gaps) {
                now += Duration::from_millis(gap);
                poll(&mut state, now, &rules, &mut waiting, &mut went);
                let ticket = Ticket { number, draw: 0 };
                match state.arrive(now, &ask(now), &rules, ticket, ()) {
                    Answer::Wait { until, .. } => waiting.push((number, until)),
                    answer => {
                        prop_assert_eq!(answer, Answer::Go);
                        went.push((number, now));
                    }
                }
                if dropped == Some(number) && state.leave(number).is_some() {
                    waiting.retain(|(other, _)| *other != number);
                }
            }
            while let Some(next) = waiting.iter().map(|(_, until)| *until).min() {
                prop_assert!(next > now);
                now = next;
                poll(&mut state, now, &rules, &mut waiting, &mut went);
            }
            let inside: Vec<_> = went.iter().filter(|(_, at)| *at < end).collect();
            prop_assert!(inside.len() as u64 <= remaining, "{:?} of {} went", inside, remaining);
            prop_assert!(inside.is_sorted_by_key(|(number, _)| *number), "{:?}", inside);
            prop_assert_eq!(state.waiting(), 0);
        }
    }

    /// Lets everybody ask again whose time has come.
    fn poll(
        state: &mut State<()>,
        now: Instant,
        rules: &Rules,
        waiting: &mut Vec<(u64, Instant)>,
        went: &mut Vec<(u64, Instant)>,
    ) {
        waiting.retain_mut(|(number, until)| {
            if *until > now {
                return true;
            }
            match state.turn(*number, now, &ask(now), rules) {
                Answer::Wait { until: later, .. } => {
                    *until = later;
                    true
                }
                _ => {
                    went.push((*number, now));
                    false
                }
            }
        });
    }
}
