use std::time::Duration;

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn start() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// A life of 200 s: advisory from 160 s on, blocking from 190 s on.
fn life(asked: Instant) -> Life {
    Life::of(asked, Some(200 * SECOND), &Rules::default())
}

/// With a token of generation 1, begun and landed at `now`.
fn holding(now: Instant) -> State {
    let mut state = State::default();
    assert_eq!(state.ask(now), Answer::Begin(1));
    assert_eq!(land(&mut state, now, 1, life(now)), Some(1));
    state
}

fn reject(state: &mut State, generation: u64, proven: bool, now: Instant) -> Rejection {
    state.reject(generation, proven, now, &Rules::default(), u32::MAX)
}

/// The generation of what landed.
fn land(state: &mut State, now: Instant, flight: u64, life: Life) -> Option<u64> {
    let landed = state.succeed(flight, life, now, &Rules::default(), u32::MAX);
    landed.map(|(generation, as_held)| {
        assert_eq!((as_held, state.life()), (life, Some(life)));
        generation
    })
}

fn fail(state: &mut State, flight: u64, now: Instant) -> Option<u32> {
    let rules = Rules::default();
    state.fail(flight, now, Fall::default(), &rules, u32::MAX)
}

#[test]
fn the_first_begins_a_fetch_and_the_others_join() {
    let now = start();
    let mut state = State::default();
    assert!(!state.is_usable(now));
    assert_eq!(state.ask(now), Answer::Begin(1));
    assert_eq!(state.flight(), Some(1));
    assert_eq!(state.ask(now), Answer::Join);
    assert_eq!(land(&mut state, now, 1, life(now)), Some(1));
    assert_eq!(state.ask(now), Answer::Use);
    assert_eq!((state.flight(), state.generation()), (None, 1));
    assert!(state.is_usable(now));
}

#[test]
fn each_age_has_its_answer() {
    let now = start();
    let ask = |seconds: u32| holding(now).ask(now + seconds * SECOND);
    assert_eq!(ask(159), Answer::Use);
    assert_eq!(ask(160), Answer::UseAndBegin(2));
    assert_eq!(ask(190), Answer::Begin(2));
    assert_eq!(ask(200), Answer::Begin(2));
    assert!(holding(now).is_usable(now + 199 * SECOND));
    assert!(!holding(now).is_usable(now + 200 * SECOND));
}

#[test]
fn each_age_has_its_answer_while_a_fetch_is_under_way() {
    let now = start();
    let ask = |seconds: u32| {
        let mut state = holding(now);
        assert_eq!(state.demand(), Some(2));
        assert_eq!(state.demand(), None);
        state.ask(now + seconds * SECOND)
    };
    assert_eq!(ask(0), Answer::Use);
    assert_eq!(ask(160), Answer::Use);
    assert_eq!(ask(190), Answer::Join);
    assert_eq!(ask(200), Answer::Join);
}

#[test]
fn each_age_has_its_answer_while_the_source_rests() {
    let now = start();
    let ask = |seconds: u32| {
        let mut state = holding(now);
        let then = now + seconds * SECOND;
        state.demand();
        assert_eq!(fail(&mut state, 2, then), Some(1));
        assert_eq!(state.rest_until(), Some(then + SECOND / 2));
        state.ask(then)
    };
    assert_eq!(ask(0), Answer::Use);
    assert_eq!(ask(160), Answer::Use);
    assert_eq!(ask(190), Answer::Use);
    assert_eq!(ask(200), Answer::Refuse);
}

#[test]
fn the_rest_ends_when_it_was_said_to() {
    let now = start();
    let mut state = State::default();
    state.ask(now);
    fail(&mut state, 1, now);
    let end = state.rest_until().unwrap();
    assert_eq!(state.ask(end - Duration::from_nanos(1)), Answer::Refuse);
    assert_eq!(state.ask(end), Answer::Begin(2));
}

#[test]
fn failures_in_a_row_are_counted_until_a_token_comes() {
    let now = start();
    let mut state = State::default();
    for n in 1..=3 {
        let flight = state.demand().unwrap();
        assert_eq!(fail(&mut state, flight, now), Some(n));
    }
    assert_eq!(state.failures(), 3);
    let flight = state.demand().unwrap();
    land(&mut state, now, flight, life(now));
    assert_eq!((state.failures(), state.rest_until()), (0, None));
}

#[test]
fn an_older_flight_changes_nothing() {
    let now = start();
    let mut state = State::default();
    state.ask(now);
    assert_eq!(state.set(life(now)), 1);
    assert_eq!(land(&mut state, now, 1, Life::Endless), None);
    assert_eq!(fail(&mut state, 1, now), None);
    assert_eq!(state.life(), Some(life(now)));
    assert_eq!((state.generation(), state.failures()), (1, 0));
    assert_eq!(state.demand(), Some(2));
    assert_eq!(land(&mut state, now, 1, Life::Endless), None);
    assert_eq!(land(&mut state, now, 2, Life::Endless), Some(2));
}

#[test]
fn a_rejection_of_the_token_at_hand_begins_one_fetch() {
    let now = start();
    let mut state = holding(now);
    assert_eq!(
        reject(&mut state, 1, true, now),
        Rejection::Again(Answer::Begin(2))
    );
    assert!(!state.is_usable(now));
    assert_eq!(
        reject(&mut state, 1, true, now),
        Rejection::Again(Answer::Join)
    );
    land(&mut state, now, 2, life(now));
    assert_eq!(
        reject(&mut state, 1, true, now),
        Rejection::Again(Answer::Use)
    );
    assert_eq!(
        state.life(),
        Some(life(now)),
        "a late rejection takes nothing"
    );
}

#[test]
fn a_rejection_is_final_after_the_fetch_for_it_failed_and_while_the_source_rests() {
    let now = start();
    let mut state = holding(now);
    reject(&mut state, 1, true, now);
    fail(&mut state, 2, now);
    assert_eq!(reject(&mut state, 1, true, now), Rejection::Final);

    let mut state = holding(now);
    state.demand();
    fail(&mut state, 2, now);
    assert_eq!(reject(&mut state, 1, true, now), Rejection::Final);
    assert!(state.is_usable(now), "and the token stays");
    let rested = now + SECOND / 2;
    assert_eq!(
        reject(&mut state, 1, true, rested),
        Rejection::Again(Answer::Begin(3))
    );
}

/// Rejects the token at hand, and lands the next one if one is fetched for it.
fn replace(state: &mut State, proven: bool, now: Instant) -> bool {
    let generation = state.generation();
    let replaced = reject(state, generation, proven, now) != Rejection::Final;
    if replaced {
        let flight = state.flight().unwrap();
        land(state, now, flight, Life::Endless);
    }
    replaced
}

fn reject_again(state: &mut State, now: Instant) {
    let generation = state.generation();
    state.reject_again(generation, now, &Rules::default(), u32::MAX);
}

#[test]
fn tokens_that_were_accepted_are_replaced_at_once_a_few_times_in_a_row() {
    let now = start();
    let mut state = holding(now);
    let replaced: Vec<_> = (0..5).map(|_| replace(&mut state, true, now)).collect();
    assert_eq!(replaced, [true, true, true, false, false]);
    let pause = 2 * SECOND;
    assert!(!replace(
        &mut state,
        true,
        now + pause - Duration::from_nanos(1)
    ));
    assert!(state.is_usable(now), "and the token stays");
    assert!(replace(&mut state, true, now + pause));
    assert!(!replace(
        &mut state,
        true,
        now + pause + 4 * SECOND - Duration::from_nanos(1)
    ));
}

#[test]
fn a_token_that_is_rejected_on_a_replay_is_not_replaced_for_a_while_whoever_accepts_it() {
    let now = start();
    let mut state = holding(now);
    let mut then = now;
    // Each is accepted elsewhere, so each is rejected as one that was proven.
    let mut pauses = Vec::new();
    for _ in 0..4 {
        assert!(replace(&mut state, true, then));
        reject_again(&mut state, then);
        reject_again(&mut state, then);
        let mut pause = 0;
        while reject(
            &mut state.clone(),
            state.generation(),
            true,
            then + pause * SECOND,
        ) == Rejection::Final
        {
            pause += 1;
        }
        pauses.push(pause);
        then += pause * SECOND;
    }
    assert_eq!(pauses, [2, 8, 30, 30]);
}

#[test]
fn a_new_token_that_is_rejected_on_its_first_use_after_a_replacement_is_not_replaced_at_once() {
    let now = start();
    let mut state = holding(now);
    assert!(replace(&mut state, false, now), "the first one is");
    assert!(!replace(&mut state, false, now));
    let pause = 2 * SECOND;
    assert!(!replace(
        &mut state,
        false,
        now + pause - Duration::from_nanos(1)
    ));
    assert!(
        replace(&mut state, false, now + pause),
        "told of once, it counts once"
    );
}

#[test]
fn a_rejected_replay_with_a_token_that_is_gone_says_nothing() {
    let now = start();
    let mut state = holding(now);
    let old = state.generation();
    assert!(replace(&mut state, true, now));
    state.reject_again(old, now, &Rules::default(), u32::MAX);
    assert!(replace(&mut state, true, now));
}

#[test]
fn doubt_ends_with_half_a_minute_of_quiet_and_with_a_token_that_is_set() {
    let now = start();
    let doubtful = || {
        let mut state = holding(now);
        assert!(replace(&mut state, true, now));
        reject_again(&mut state, now);
        assert!(!replace(&mut state, true, now));
        state
    };
    let quiet = now + 2 * SECOND + Rules::default().backoff.cap;
    let in_a_row = |mut state: State, now| {
        (0..9)
            .take_while(|_| replace(&mut state, true, now))
            .count()
    };
    assert_eq!(in_a_row(doubtful(), quiet - Duration::from_nanos(1)), 1);
    assert_eq!(in_a_row(doubtful(), quiet), 3);

    let mut state = doubtful();
    state.set(Life::Endless);
    assert_eq!(in_a_row(state, now), 3);
}

/// What lands at `now` with this life, for the `brief` time in a row.
fn brief(brief: u32, life: Life, now: Instant, rules: &Rules) -> Life {
    let mut state = State::default();
    let mut last = life;
    for _ in 0..brief {
        let flight = state.demand().unwrap();
        last = state.succeed(flight, life, now, rules, u32::MAX).unwrap().1;
        assert_eq!(state.life(), Some(last));
    }
    last
}

#[test]
fn a_token_that_is_over_on_arrival_is_used_as_long_as_a_pause_lasts() {
    let now = start();
    let rules = Rules::default();
    let lives = |asked, millis| Life::of(asked, Some(Duration::from_millis(millis)), &rules);
    let end = |n, life| brief(n, life, now, &rules).end().unwrap() - now;
    let over = lives(now, 0);
    assert_eq!(
        [1, 2, 3, 9].map(|n| end(n, over).as_millis()),
        [500, 1_000, 2_000, 30_000]
    );
    assert_eq!(brief(1, over, now, &rules).age(now), Age::Fresh);
    // One that has a moment left keeps it, if it is longer than the pause.
    assert_eq!(end(1, lives(now, 900)).as_millis(), 900);
    assert_eq!(end(2, lives(now, 900)).as_millis(), 1_000);
    let whole = lives(now, 1_001);
    assert_eq!(brief(9, whole, now, &rules), whole);
    let keep = super::super::rules::Keep::AtMost(SECOND / 10);
    let rules = Rules { keep, ..rules };
    let life = brief(9, Life::of(now, None, &rules), now, &rules);
    assert_eq!(
        life.end(),
        Some(now + SECOND / 10),
        "no longer than it may be kept"
    );
}

#[test]
fn a_token_with_a_life_ends_the_row_of_brief_ones() {
    let now = start();
    let rules = Rules::default();
    let over = Life::of(now, Some(Duration::ZERO), &rules);
    let mut state = State::default();
    let mut held = |life| {
        let flight = state.demand().unwrap();
        state
            .succeed(flight, life, now, &rules, u32::MAX)
            .unwrap()
            .1
            .end()
            .unwrap()
            - now
    };
    assert_eq!((held(over), held(over)), (SECOND / 2, SECOND));
    assert_eq!(held(life(now)), 200 * SECOND);
    assert_eq!(held(over), SECOND / 2);
}

/// What comes to a source whose tokens some endpoints accept and others reject.
#[derive(Clone, Debug)]
enum Traffic {
    /// A rejection of the token at hand, its replay accepted or rejected.
    Rejected {
        proven: bool,
        again: bool,
    },
    Wait(u64),
}

fn traffic() -> impl Strategy<Value = Vec<Traffic>> {
    let rejected = (any::<bool>(), any::<bool>());
    let event = prop_oneof![
        3 => rejected.prop_map(|(proven, again)| Traffic::Rejected { proven, again }),
        1 => (0..3_000_u64).prop_map(Traffic::Wait),
        1 => (0..40_000_u64).prop_map(Traffic::Wait),
    ];
    proptest::collection::vec(event, 0..400)
}

proptest! {
    #[test]
    fn whatever_the_mix_of_traffic_there_are_at_most_ten_fetches_in_a_minute(
        traffic in traffic(), draws in any::<u64>(), accepted_always in any::<bool>(),
    ) {
        let mut draws = fastrand::Rng::with_seed(draws);
        let rules = Rules::default();
        let mut now = start();
        let mut state = holding(now);
        let mut fetches = Vec::new();
        for event in traffic {
            match event {
                Traffic::Wait(millis) => now += Duration::from_millis(millis),
                Traffic::Rejected { proven, again } => {
                    let generation = state.generation();
                    let proven = proven || accepted_always;
                    let end = state.reject(generation, proven, now, &rules, draws.u32(..));
                    if let Rejection::Again(Answer::Begin(flight)) = end {
                        fetches.push(now);
                        land(&mut state, now, flight, Life::Endless);
                        if again {
                            state.reject_again(generation + 1, now, &rules, draws.u32(..));
                        }
                    }
                }
            }
        }
        for (n, first) in fetches.iter().enumerate() {
            let within = fetches[n..].iter().take_while(|at| **at - *first < 60 * SECOND);
            prop_assert!(within.count() <= 10);
        }
    }
}

#[test]
fn invalidating_takes_the_token_and_ends_the_rest() {
    let now = start();
    let mut state = holding(now);
    state.demand();
    fail(&mut state, 2, now);
    state.invalidate();
    assert_eq!(
        (state.life(), state.failures(), state.rest_until()),
        (None, 0, None)
    );
    assert_eq!(state.ask(now), Answer::Begin(3));
    state.invalidate();
    assert_eq!(state.ask(now), Answer::Join, "a fetch under way goes on");
    assert_eq!(land(&mut state, now, 3, Life::Endless), Some(2));
}

#[test]
fn clearing_forgets_everything_but_the_counts() {
    let now = start();
    let mut state = holding(now);
    assert_eq!(state.demand(), Some(2));
    state.clear();
    assert_eq!((state.life(), state.flight()), (None, None));
    assert_eq!(state.ask(now), Answer::Begin(3));
    assert_eq!(land(&mut state, now, 2, Life::Endless), None);
    assert_eq!(land(&mut state, now, 3, Life::Endless), Some(2));
}

#[derive(Clone, Debug)]
enum Event {
    Ask,
    Demand,
    /// Of the generation so many before the present one.
    Reject(u64, bool),
    RejectAgain(u64),
    /// Of the flight so many before the last one.
    Succeed(u64),
    Fail(u64),
    Set,
    Invalidate,
    Clear,
    Wait(u64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        4 => Just(Event::Ask),
        1 => Just(Event::Demand),
        3 => (0..3_u64, any::<bool>()).prop_map(|(n, proven)| Event::Reject(n, proven)),
        1 => (0..3_u64).prop_map(Event::RejectAgain),
        3 => (0..3_u64).prop_map(Event::Succeed),
        2 => (0..3_u64).prop_map(Event::Fail),
        1 => Just(Event::Set),
        1 => Just(Event::Invalidate),
        1 => Just(Event::Clear),
        3 => (0..100_000_u64).prop_map(Event::Wait),
    ];
    proptest::collection::vec(event, 0..80)
}

proptest! {
    /// Beside the obvious: one number for the fetch under way, one for the token at hand.
    #[test]
    fn whatever_happens_one_fetch_is_under_way_and_only_its_word_counts(events in events()) {
        let mut now = start();
        let mut state = State::default();
        let (mut flight, mut begun, mut generation) = (None, 0_u64, 0_u64);
        for event in events {
            let mut begins = None;
            let mut joins = false;
            match event {
                Event::Ask => match state.ask(now) {
                    Answer::Begin(new) | Answer::UseAndBegin(new) => begins = Some(new),
                    Answer::Join => joins = true,
                    Answer::Use => prop_assert!(state.is_usable(now)),
                    Answer::Refuse => prop_assert!(!state.is_usable(now) && flight.is_none()),
                },
                Event::Demand => begins = state.demand(),
                Event::Reject(late, proven) => {
                    let held = state.life();
                    let rejected = generation.saturating_sub(late);
                    match reject(&mut state, rejected, proven, now) {
                        Rejection::Again(Answer::Begin(new) | Answer::UseAndBegin(new)) => {
                            begins = Some(new);
                        }
                        Rejection::Again(Answer::Join) => joins = true,
                        Rejection::Again(Answer::Use) => prop_assert!(state.is_usable(now)),
                        Rejection::Again(Answer::Refuse) => prop_assert!(false, "that is final"),
                        Rejection::Final => prop_assert_eq!(state.life(), held),
                    }
                    if rejected < generation {
                        prop_assert_eq!(state.life(), held, "a late rejection took a token");
                    }
                }
                Event::RejectAgain(late) => {
                    let held = state.life();
                    let rejected = generation.saturating_sub(late);
                    state.reject_again(rejected, now, &Rules::default(), u32::MAX);
                    prop_assert_eq!(state.life(), held);
                }
                Event::Succeed(late) => {
                    let which = begun.saturating_sub(late);
                    let counts = flight == Some(which);
                    let landed = land(&mut state, now, which, life(now));
                    prop_assert_eq!(landed, counts.then_some(generation + 1));
                    if counts {
                        (flight, generation) = (None, generation + 1);
                    }
                }
                Event::Fail(late) => {
                    let which = begun.saturating_sub(late);
                    let counts = flight == Some(which);
                    prop_assert_eq!(fail(&mut state, which, now).is_some(), counts);
                    flight = flight.filter(|_| !counts);
                }
                Event::Set => {
                    generation += 1;
                    flight = None;
                    prop_assert_eq!(state.set(life(now)), generation);
                }
                Event::Invalidate => state.invalidate(),
                Event::Clear => {
                    state.clear();
                    flight = None;
                }
                Event::Wait(millis) => now += Duration::from_millis(millis),
            }
            if let Some(new) = begins {
                prop_assert_eq!((flight, new), (None, begun + 1), "two fetches at once");
                (flight, begun) = (Some(new), new);
            }
            prop_assert!(!joins || flight.is_some(), "nobody is waited for");
            prop_assert_eq!((state.flight(), state.generation()), (flight, generation));
        }
    }
}
