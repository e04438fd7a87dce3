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
    assert_eq!(state.succeed(1, life(now)), Some(1));
    state
}

fn reject(state: &mut State, generation: u64, proven: bool, now: Instant) -> Rejection {
    state.reject(generation, proven, now, &Rules::default(), u32::MAX)
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
    assert_eq!(state.succeed(1, life(now)), Some(1));
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
    state.succeed(flight, life(now));
    assert_eq!((state.failures(), state.rest_until()), (0, None));
}

#[test]
fn an_older_flight_changes_nothing() {
    let now = start();
    let mut state = State::default();
    state.ask(now);
    assert_eq!(state.set(life(now)), 1);
    assert_eq!(state.succeed(1, Life::Endless), None);
    assert_eq!(fail(&mut state, 1, now), None);
    assert_eq!(state.life(), Some(life(now)));
    assert_eq!((state.generation(), state.failures()), (1, 0));
    assert_eq!(state.demand(), Some(2));
    assert_eq!(state.succeed(1, Life::Endless), None);
    assert_eq!(state.succeed(2, Life::Endless), Some(2));
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
    state.succeed(2, life(now));
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

/// How long after a rejection the next new token is replaced that is rejected, too; after so many
/// of them.
fn doubts(state: &mut State, now: Instant, fruitless: u32) -> Duration {
    for _ in 0..fruitless {
        let later = now + 1_000 * SECOND;
        state.doubt_until = None;
        let generation = state.generation();
        assert_ne!(reject(state, generation, false, later), Rejection::Final);
        let flight = state.flight().unwrap();
        state.succeed(flight, Life::Endless);
    }
    state.doubt_until.unwrap() - (now + 1_000 * SECOND)
}

#[test]
fn new_tokens_that_are_rejected_are_replaced_ever_more_rarely() {
    let now = start();
    let after = |fruitless| {
        let mut state = State::default();
        state.set(Life::Endless);
        doubts(&mut state, now, fruitless)
    };
    assert_eq!(
        [1, 2, 3, 10].map(after),
        [SECOND / 2, SECOND, 2 * SECOND, 30 * SECOND]
    );
}

#[test]
fn doubt_ends_with_time_with_an_accepted_token_and_with_one_that_is_set() {
    let now = start();
    let doubtful = || {
        let mut state = holding(now);
        assert_eq!(
            reject(&mut state, 1, false, now),
            Rejection::Again(Answer::Begin(2))
        );
        state.succeed(2, Life::Endless);
        assert_eq!(reject(&mut state, 2, false, now), Rejection::Final);
        assert!(state.is_usable(now));
        state
    };
    let end = now + SECOND / 2;
    let again = Rejection::Again(Answer::Begin(3));
    assert_eq!(
        reject(&mut doubtful(), 2, false, end - Duration::from_nanos(1)),
        Rejection::Final
    );
    assert_eq!(reject(&mut doubtful(), 2, false, end), again);

    let mut state = doubtful();
    assert_eq!(reject(&mut state, 2, true, now), again);
    state.succeed(3, Life::Endless);
    assert_eq!(
        reject(&mut state, 3, false, now),
        Rejection::Again(Answer::Begin(4))
    );
    assert_eq!(state.fruitless, 1, "the count began anew");

    let mut state = doubtful();
    state.set(Life::Endless);
    assert_eq!(reject(&mut state, 3, false, now), again);
    assert_eq!(state.fruitless, 1);
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
    assert_eq!(state.succeed(3, Life::Endless), Some(2));
}

#[test]
fn clearing_forgets_everything_but_the_counts() {
    let now = start();
    let mut state = holding(now);
    assert_eq!(state.demand(), Some(2));
    state.clear();
    assert_eq!((state.life(), state.flight()), (None, None));
    assert_eq!(state.ask(now), Answer::Begin(3));
    assert_eq!(state.succeed(2, Life::Endless), None);
    assert_eq!(state.succeed(3, Life::Endless), Some(2));
}

#[derive(Clone, Debug)]
enum Event {
    Ask,
    Demand,
    /// Of the generation so many before the present one.
    Reject(u64, bool),
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
                Event::Succeed(late) => {
                    let which = begun.saturating_sub(late);
                    let counts = flight == Some(which);
                    let landed = state.succeed(which, life(now));
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
