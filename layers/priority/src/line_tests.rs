//! The line against a slow and obvious model.

use proptest::prelude::*;

use crate::line::{Arrival, Line, Load, Turn};
use crate::queue::{Place, Queue, Rank};

/// What happens; an index says to which of those whom it can happen to.
#[derive(Clone, Copy, Debug)]
enum Event {
    Arrive(Rank),
    /// A waiter asks, late or not.
    Turn(prop::sample::Index, bool),
    /// A waiter is dropped.
    Leave(prop::sample::Index),
    /// One in flight is over.
    GiveBack(prop::sample::Index),
    SetMost(u32),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        5 => (-2..3_i128).prop_map(Event::Arrive),
        3 => any::<(prop::sample::Index, bool)>().prop_map(|(who, late)| Event::Turn(who, late)),
        1 => any::<prop::sample::Index>().prop_map(Event::Leave),
        3 => any::<prop::sample::Index>().prop_map(Event::GiveBack),
        1 => (1..5_u32).prop_map(Event::SetMost),
    ];
    prop::collection::vec(event, 0..80)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Waiting,
    /// In flight, but its holder has not asked.
    Served,
    /// In flight, and its holder knows.
    Flying,
    Displaced,
    Over,
}

/// Everybody who ever came, in the order of arrival.
#[derive(Debug)]
struct Model {
    most: usize,
    all: Vec<(Rank, State)>,
    told: Vec<usize>,
}

const MAX_WAITING: usize = 3;

impl Model {
    fn who(&self, is: impl Fn(State) -> bool) -> Vec<usize> {
        let all = self.all.iter().enumerate();
        all.filter(|(_, one)| is(one.1)).map(|(id, _)| id).collect()
    }

    fn in_flight(&self) -> usize {
        self.who(|state| matches!(state, State::Served | State::Flying))
            .len()
    }

    /// Those who wait, who goes first in front.
    fn waiting(&self) -> Vec<usize> {
        let mut waiting = self.who(|state| state == State::Waiting);
        waiting.sort_by_key(|id| self.all[*id].0);
        waiting
    }

    fn arrive(&mut self, rank: Rank) -> State {
        let state = if self.in_flight() < self.most {
            State::Flying
        } else if self.waiting().len() < MAX_WAITING {
            State::Waiting
        } else {
            let last = *self.waiting().last().unwrap();
            if self.all[last].0 <= rank {
                State::Over
            } else {
                self.all[last].1 = State::Displaced;
                self.told.push(last);
                State::Waiting
            }
        };
        self.all.push((rank, state));
        state
    }

    fn serve(&mut self) {
        while self.in_flight() < self.most
            && let Some(&first) = self.waiting().first()
        {
            self.all[first].1 = State::Served;
            self.told.push(first);
        }
    }
}

/// The line with a model beside it. A waiter's mark is its number in the model.
struct Both {
    queue: Queue<usize>,
    load: Load,
    model: Model,
    places: Vec<Option<Place>>,
}

impl Both {
    fn line<R>(&mut self, work: impl FnOnce(&mut Line<'_, usize>) -> R) -> R {
        let mut line = Line::new(self.load, &mut self.queue);
        let result = work(&mut line);
        self.load = line.load;
        assert_eq!(line.told, self.model.told, "who must be told");
        self.model.told.clear();
        result
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::Arrive(rank) => self.arrive(rank),
            Event::Turn(who, late) => {
                let unaware =
                    |state| matches!(state, State::Waiting | State::Served | State::Displaced);
                if let Some(id) = pick(&self.model.who(unaware), who) {
                    self.turn(id, late);
                }
            }
            Event::Leave(who) => {
                let unaware =
                    |state| matches!(state, State::Waiting | State::Served | State::Displaced);
                if let Some(id) = pick(&self.model.who(unaware), who) {
                    self.model.all[id].1 = State::Over;
                    self.model.serve();
                    let place = self.places[id].unwrap();
                    self.line(|line| line.leave(place));
                }
            }
            Event::GiveBack(who) => {
                if let Some(id) = pick(&self.model.who(|state| state == State::Flying), who) {
                    self.model.all[id].1 = State::Over;
                    self.model.serve();
                    self.line(|line| {
                        line.give_back();
                    });
                }
            }
            Event::SetMost(most) => {
                self.model.most = most as usize;
                self.model.serve();
                self.line(|line| line.set_most(most));
            }
        }
    }

    fn arrive(&mut self, rank: Rank) {
        let expected = self.model.arrive(rank);
        let id = self.places.len();
        let arrival = self.line(|line| {
            let arrival = line.arrive(rank, MAX_WAITING);
            if let Arrival::Wait(place) = arrival {
                *line.queue.mark(place).unwrap() = id;
            }
            arrival
        });
        let (state, place) = match arrival {
            Arrival::Go => (State::Flying, None),
            Arrival::Wait(place) => (State::Waiting, Some(place)),
            Arrival::Crowded => (State::Over, None),
        };
        assert_eq!(state, expected);
        self.places.push(place);
    }

    fn turn(&mut self, id: usize, late: bool) {
        let (expected, next) = match self.model.all[id].1 {
            State::Served => (Turn::Go, State::Flying),
            State::Displaced => (Turn::Displaced, State::Over),
            _ if late => (Turn::Late, State::Over),
            _ => (Turn::Wait, State::Waiting),
        };
        self.model.all[id].1 = next;
        let place = self.places[id].unwrap();
        assert_eq!(self.line(|line| line.turn(place, late)), expected);
    }
}

fn pick(of: &[usize], who: prop::sample::Index) -> Option<usize> {
    (!of.is_empty()).then(|| *who.get(of))
}

proptest! {
    #[test]
    fn the_line_agrees_with_a_sorted_list(events in events()) {
        let mut both = Both {
            queue: Queue::default(),
            load: Load { in_flight: 0, most: 2 },
            model: Model { most: 2, all: Vec::new(), told: Vec::new() },
            places: Vec::new(),
        };
        for event in events {
            both.step(event);
            prop_assert_eq!(both.load.in_flight as usize, both.model.in_flight());
            prop_assert_eq!(both.queue.len(), both.model.waiting().len());
            prop_assert_eq!(both.queue.is_empty(), both.model.waiting().is_empty());
        }
    }
}

#[test]
fn a_queue_without_room_keeps_nobody() {
    let mut queue = Queue::<u8>::default();
    let load = Load {
        in_flight: 1,
        most: 1,
    };
    let mut line = Line::new(load, &mut queue);
    assert_eq!(line.arrive(-9, 0), Arrival::Crowded);
}

#[test]
fn more_given_back_than_taken_is_nothing() {
    let load = Load {
        in_flight: 0,
        most: 1,
    };
    assert_eq!(load.give_back(), load);
}
