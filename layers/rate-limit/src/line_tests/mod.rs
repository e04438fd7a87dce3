//! The line, step by step; and next to a model.

mod model;

use crate::bucket::{Bucket, Pace};
use crate::clock::Nanos;
use crate::line::{Answer, Line, Turn};
use crate::queue::{Place, Queue};
use crate::rules::{Ask, Patience, Reason, Rules};

const RULES: Rules = Rules {
    max_waiting: 1_000,
    ageing: 50,
    alarm: (0, 0),
};

#[test]
fn a_crowd_is_bounded_whoever_is_urgent() {
    let mut queue = Queue::<()>::new();
    let pace = Pace::new(10, 1);
    let bucket = Bucket { full_at: 110, pace };
    let mut line = Line::new(bucket, &mut queue);
    let rules = Rules {
        max_waiting: 1,
        ..RULES
    };
    let ask = |class| Ask {
        cost: 1,
        class,
        patience: Patience::Wait(1_000),
        deadline: None,
    };
    assert!(matches!(
        line.arrive(100, &ask(1), &rules),
        Answer::Wait { until: 110, .. }
    ));
    let crowded = Answer::Refuse {
        retry_at: 110,
        reason: Reason::Crowded,
    };
    assert_eq!(line.arrive(100, &ask(0), &rules), crowded);
}

const fn asks(cost: u32, patience: Patience) -> Ask {
    Ask {
        cost,
        class: 1,
        patience,
        deadline: None,
    }
}

const PATIENT: Patience = Patience::Wait(1_000);

/// One token each 10, and three of them at 100, of which the first request has two.
fn served(queue: &mut Queue<Option<usize>>) -> (Line<'_, Option<usize>>, Place) {
    let pace = Pace::new(10, 3);
    let bucket = Bucket { full_at: 0, pace };
    let mut line = Line::new(bucket, queue);
    let Answer::Go { place } = line.arrive(100, &asks(2, PATIENT), &RULES) else {
        panic!("there were tokens");
    };
    (line, place)
}

#[test]
fn who_is_sent_back_is_in_front_of_those_who_came_later() {
    let mut queue = Queue::new();
    let (mut line, first) = served(&mut queue);
    let Answer::Wait { place: second, .. } = line.arrive(101, &asks(2, PATIENT), &RULES) else {
        panic!("one token is not enough");
    };
    let until = line.defer(first, (100, 102, 150), &asks(2, PATIENT), &RULES);
    assert_eq!(until, Ok(150));
    assert_eq!(
        line.turn(second, 149, 149, 1_000),
        Turn::Wait { until: 170 }
    );
    assert_eq!(line.turn(first, 150, 150, 1_000), Turn::Go);
    assert_eq!(
        line.turn(second, 169, 170, 1_000),
        Turn::Wait { until: 170 }
    );
    assert_eq!(line.turn(second, 170, 170, 1_000), Turn::Go);
}

#[test]
fn who_is_sent_back_behind_another_waits_for_both() {
    let mut queue = Queue::new();
    let (mut line, first) = served(&mut queue);
    let Answer::Go { place: second } = line.arrive(100, &asks(1, PATIENT), &RULES) else {
        panic!("there was one more");
    };
    let sent_back = line.defer(first, (100, 101, 150), &asks(2, PATIENT), &RULES);
    assert_eq!(sent_back, Ok(150));
    let sent_back = line.defer(second, (100, 101, 140), &asks(1, PATIENT), &RULES);
    assert_eq!(sent_back, Ok(160));
    assert_eq!(line.turn(first, 150, 150, 1_000), Turn::Go);
    assert_eq!(line.turn(second, 160, 160, 1_000), Turn::Go);
}

#[test]
fn who_cannot_be_sent_back_leaves_what_it_had_to_the_next() {
    let refusals = [
        (Patience::Reject, 1_000, Reason::Rejecting),
        (Patience::Wait(9), 1_000, Reason::TooLong),
        (PATIENT, 1, Reason::Crowded),
    ];
    for (patience, max_waiting, reason) in refusals {
        let mut queue = Queue::new();
        let (mut line, first) = served(&mut queue);
        let Answer::Wait { place: second, .. } = line.arrive(101, &asks(3, PATIENT), &RULES) else {
            panic!("one token is not enough");
        };
        *line.queue.mark(second).unwrap() = Some(2);
        let rules = Rules {
            max_waiting,
            ..RULES
        };
        // It came at 100, so that it has waited for 10 when it could go.
        let refusal = line.defer(first, (100, 105, 110), &asks(2, patience), &rules);
        assert_eq!(refusal, Err((110, reason)));
        assert_eq!(line.woken, [Some(2)], "it is first now");
        assert_eq!(line.turn(second, 120, 120, 1_000), Turn::Go);
    }
}

/// An empty bucket at 100, one token each 10, and two who wait for three tokens and for one.
fn two_wait(queue: &mut Queue<()>) -> (Line<'_, ()>, [Place; 2]) {
    let pace = Pace::new(10, 3);
    let bucket = Bucket { full_at: 130, pace };
    let mut line = Line::new(bucket, queue);
    let places = [(3, 130), (1, 140)].map(|(cost, expected)| {
        match line.arrive(100, &asks(cost, PATIENT), &RULES) {
            Answer::Wait { place, until } if until == expected => place,
            answer => panic!("{answer:?}"),
        }
    });
    (line, places)
}

#[test]
fn who_becomes_first_is_told_an_earlier_time() {
    let mut queue = Queue::new();
    let (mut line, [first, second]) = two_wait(&mut queue);
    line.leave(first, 3, 101);
    let earlier = Turn::Wait { until: 110 };
    assert_eq!(line.turn(second, 101, 140, 1_000), earlier);
}

#[test]
fn who_went_away_or_was_served_does_not_make_newcomers_wait() {
    let mut queue = Queue::new();
    let (mut line, [first, second]) = two_wait(&mut queue);
    line.leave(first, 3, 101);
    let mut comes = |now| match line.arrive(now, &asks(1, PATIENT), &RULES) {
        Answer::Wait { until, .. } => until,
        answer => panic!("{answer:?}"),
    };
    assert_eq!(comes(102), 120);
    assert_eq!(comes(111), 130, "the second one has gone at 110");
    assert_eq!(line.turn(second, 111, 110, 1_000), Turn::Go);
}

#[test]
fn who_is_not_first_and_asks_early_is_not_told_anew() {
    let mut queue = Queue::new();
    let (mut line, [_, second]) = two_wait(&mut queue);
    let early: [(Nanos, Nanos); 2] = [(101, 139), (102, 138)];
    for (now, until) in early {
        assert_eq!(line.turn(second, now, until, 1_000), Turn::Wait { until });
    }
    let due = line.turn(second, 120, 120, 1_000);
    assert_eq!(due, Turn::Wait { until: 140 });
}

#[test]
fn time_is_up_at_its_end_whoever_is_first() {
    let late = |which: usize, retry_at| {
        let mut queue = Queue::new();
        let (mut line, places) = two_wait(&mut queue);
        let place = places[which];
        assert!(matches!(line.turn(place, 119, 140, 120), Turn::Wait { .. }));
        assert_eq!(line.turn(place, 120, 140, 120), Turn::Late { retry_at });
        assert!(line.queue.mark(place).is_none(), "its place is gone");
    };
    late(0, 130);
    late(1, 140);
}

#[test]
fn who_costs_more_than_a_smaller_bucket_holds_goes_when_it_is_full() {
    let mut queue = Queue::new();
    let (mut line, [first, second]) = two_wait(&mut queue);
    line.set_pace(100, Pace::new(10, 2));
    assert_eq!(line.turn(first, 100, 130, 1_000), Turn::Wait { until: 120 });
    assert_eq!(line.turn(first, 120, 120, 1_000), Turn::Go);
    let after_the_debt = Turn::Wait { until: 140 };
    assert_eq!(line.turn(second, 120, 140, 1_000), after_the_debt);
}

#[test]
fn whoever_is_first_next_is_woken_when_somebody_goes() {
    let mut queue = Queue::new();
    let pace = Pace::new(10, 3);
    let bucket = Bucket { full_at: 130, pace };
    let mut line = Line::new(bucket, &mut queue);
    let places = [1, 3, 1].map(|cost| {
        let Answer::Wait { place, .. } = line.arrive(100, &asks(cost, PATIENT), &RULES) else {
            panic!("there are no tokens");
        };
        *line.queue.mark(place).unwrap() = Some(place);
        place
    });
    // The last one means to look at 150, and is not told yet that nobody waits for three tokens.
    line.leave(places[1], 3, 101);
    assert_eq!(line.woken, [Some(places[0])]);
    assert_eq!(line.turn(places[0], 110, 110, 1_000), Turn::Go);
    assert_eq!(line.woken.last(), Some(&Some(places[2])));
}
