//! The line next to a slow and obvious model.

use proptest::prelude::*;

use crate::bucket::{Bucket, Pace};
use crate::clock::Nanos;
use crate::line::{Answer, Line, Turn};
use crate::queue::{Place, Queue};
use crate::rules::{Ask, Patience, Rules};

use super::RULES;

/// A step of the story that model and machine are told.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Time passes.
    Pass(Nanos),
    /// A request of this cost and class comes.
    Come { cost: u32, class: u8 },
    /// One of those who ever came goes away.
    Leave(prop::sample::Index),
}

fn steps(classes: u8) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..40_u64).prop_map(Step::Pass),
        4 => (1..4_u32, 0..classes).prop_map(|(cost, class)| Step::Come { cost, class }),
        1 => any::<prop::sample::Index>().prop_map(Step::Leave),
    ];
    prop::collection::vec(step, 1..60)
}

/// The obvious limiter: a level that a clock tick refills, and a list that is searched each tick.
struct Model {
    price: Nanos,
    burst: Nanos,
    /// In parts of a token, one for each tick.
    level: Nanos,
    now: Nanos,
    queue: Vec<(Nanos, usize, u32)>,
    went: Vec<(usize, Nanos)>,
}

impl Model {
    fn tick(&mut self) {
        self.level = (self.level + 1).min(self.price * self.burst);
        self.now += 1;
        self.serve();
    }

    fn serve(&mut self) {
        self.queue.sort_unstable();
        while let Some((_, id, cost)) = self.queue.first().copied() {
            let Some(left) = self.level.checked_sub(self.price * Nanos::from(cost)) else {
                return;
            };
            self.level = left;
            self.went.push((id, self.now));
            self.queue.remove(0);
        }
    }

    fn come(&mut self, id: usize, cost: u32, class: u8) {
        let rank = self.now + RULES.ageing * Nanos::from(class);
        self.queue.push((rank, id, cost));
        self.serve();
    }

    fn leave(&mut self, id: usize) {
        self.queue.retain(|(_, other, _)| *other != id);
        self.serve();
    }
}

/// The machine, with a timer for whoever is first.
struct Machine {
    bucket: Bucket,
    queue: Queue<Option<usize>>,
    places: Vec<Option<Place>>,
    went: Vec<(usize, Nanos)>,
    /// How many were let through, as the line counts them.
    served: u64,
    now: Nanos,
}

impl Machine {
    fn work<R>(&mut self, work: impl FnOnce(&mut Line<'_, Option<usize>>) -> R) -> R {
        let mut line = Line::new(self.bucket, &mut self.queue);
        let result = work(&mut line);
        self.bucket = line.bucket;
        self.served += line.served;
        result
    }

    fn come(&mut self, id: usize, cost: u32, class: u8) {
        let ask = Ask {
            cost,
            class,
            patience: Patience::Wait(1 << 40),
            deadline: None,
        };
        let now = self.now;
        let answer = self.work(|line| line.arrive(now, &ask, &RULES));
        self.places.push(None);
        match answer {
            Answer::Go { .. } => self.went.push((id, now)),
            Answer::Wait { place, until } => {
                assert!(until > now);
                self.places[id] = Some(place);
            }
            answer => panic!("{answer:?}"),
        }
    }

    fn look(&mut self) {
        let now = self.now;
        let mut gone: Vec<_> = self.places.iter().copied().enumerate().collect();
        gone.retain(|(_, place)| place.is_some());
        gone.sort_by_key(|(_, place)| *place);
        for (id, place) in gone {
            let place = place.unwrap();
            if self.work(|line| line.turn(place, now, now, 1 << 50)) == Turn::Go {
                self.places[id] = None;
                self.went.push((id, now));
            }
        }
    }

    fn leave(&mut self, id: usize) {
        if let Some(place) = self.places[id].take() {
            let now = self.now;
            self.work(|line| line.leave(place, 0, now));
        }
    }
}

fn tell(steps: &[Step], price: Nanos, burst: u32) -> (Model, Machine) {
    let mut model = Model {
        price,
        burst: burst.into(),
        level: price * Nanos::from(burst),
        now: 1_000,
        queue: Vec::new(),
        went: Vec::new(),
    };
    let mut machine = Machine {
        bucket: Bucket {
            full_at: 0,
            pace: Pace::new(price, burst),
        },
        queue: Queue::new(),
        places: Vec::new(),
        went: Vec::new(),
        served: 0,
        now: 1_000,
    };
    let mut came = 0;
    for step in steps {
        match *step {
            Step::Pass(ticks) => {
                for _ in 0..ticks {
                    model.tick();
                    machine.now += 1;
                    machine.look();
                }
            }
            Step::Come { cost, class } => {
                let cost = cost.min(burst);
                model.come(came, cost, class);
                machine.come(came, cost, class);
                machine.look();
                came += 1;
            }
            Step::Leave(index) if came > 0 => {
                let id = index.index(came);
                model.leave(id);
                machine.leave(id);
                machine.look();
            }
            Step::Leave(_) => {}
        }
    }
    (model, machine)
}

proptest! {
    #[test]
    fn who_goes_and_when_is_the_models(steps in steps(3), price in 1..12_u64, burst in 1..6_u32) {
        let (model, machine) = tell(&steps, price, burst);
        prop_assert_eq!(&machine.went, &model.went);
        prop_assert_eq!(machine.served, model.went.len() as u64);
        prop_assert_eq!(machine.queue.len(), model.queue.len());
        prop_assert_eq!(machine.bucket.level(machine.now), model.level / price);
    }

    #[test]
    fn nobody_waits_longer_than_was_said_unless_more_urgent_ones_come(
        steps in steps(1), price in 1..12_u64, burst in 1..6_u32,
    ) {
        let mut queue = Queue::<()>::new();
        let mut bucket = Bucket { full_at: 0, pace: Pace::new(price, burst) };
        let mut now = 1_000;
        let mut said = Vec::new();
        let mut places = Vec::new();
        for step in steps {
            let mut line = Line::new(bucket, &mut queue);
            match step {
                Step::Pass(ticks) => now += ticks,
                Step::Come { cost, class } => {
                    let patience = Patience::Wait(1 << 40);
                    let ask = Ask { cost: cost.min(burst), class, patience, deadline: None };
                    if let Answer::Wait { place, until } = line.arrive(now, &ask, &RULES) {
                        said.push((place, until));
                        places.push(place);
                    }
                }
                Step::Leave(index) if !places.is_empty() => {
                    let place = places.remove(index.index(places.len()));
                    if line.queue.mark(place).is_some() {
                        line.leave(place, 0, now);
                    }
                    said.retain(|(other, _)| *other != place);
                }
                Step::Leave(_) => {}
            }
            line.set_pace(now, line.bucket.pace);
            bucket = line.bucket;
            for (place, until) in &said {
                prop_assert!(queue.mark(*place).is_none() || now < *until);
            }
        }
    }

    #[test]
    fn no_numbers_make_it_overflow(
        price in 1..=u64::MAX >> 3, burst in 1..=u32::MAX, full_at in 0..=crate::clock::LATEST,
        now in 0..=crate::clock::LATEST, cost in any::<u32>(), class in any::<u8>(),
    ) {
        let mut queue = Queue::<()>::new();
        let bucket = Bucket { full_at, pace: Pace::new(price, burst) };
        let mut line = Line::new(bucket, &mut queue);
        let ask = Ask { cost, class, patience: Patience::Wait(crate::clock::LATEST), deadline: None };
        let rules = Rules { ageing: crate::clock::LATEST, ..RULES };
        match line.arrive(now, &ask, &rules) {
            Answer::Wait { place, until } => {
                line.turn(place, until, until, u64::MAX);
                line.set_pace(until, Pace::new(1, 1));
                line.leave(place, cost, until);
            }
            Answer::Go { place } => {
                let ready = now.saturating_add(full_at).max(now + 1);
                if line.defer(place, (now, now, ready), &ask, &rules).is_ok() {
                    line.turn(place, ready, ready, u64::MAX);
                }
            }
            Answer::Refuse { .. } | Answer::TooDear { .. } => {}
        }
    }
}
