//! The queues that one request stands in.

use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use buttress_kernel::Key;

use crate::gate::Gate;
use crate::rules::{Ask, Rules};
use crate::scope::Scope;
use crate::shared::Shared;
use crate::state::Answer;

/// Its places in the queue of everybody, and in that of those who carry the same credentials. It stands in both at
/// once, so that one wait does not follow the other. Dropped, they are given back.
pub(crate) struct Places {
    shared: Arc<Shared>,
    scope: Scope,
    own: Option<Place>,
    all: Place,
    /// Whether it was its own queue that answered last.
    is_own: bool,
}

/// A place in one queue, or the memory of when that let it pass.
struct Place {
    name: Key,
    ticket: Option<u64>,
    asked: Option<Instant>,
}

impl Places {
    pub(crate) fn new(shared: Arc<Shared>, scope: Scope) -> Self {
        let own = scope.partition.is_some().then(|| Place::of(scope.name()));
        let all = Place::of(scope.key.clone());
        Self {
            shared,
            scope,
            own,
            all,
            is_own: false,
        }
    }

    /// Of a request that is told from no other, and has asked already.
    pub(crate) fn taken(shared: Arc<Shared>, key: Key, answer: Answer, ticket: u64) -> Self {
        let mut places = Self::new(shared, Scope::all(key));
        places.all.ticket = matches!(answer, Answer::Wait { .. }).then_some(ticket);
        places
    }

    /// The request asks to go.
    pub(crate) fn arrive(&mut self, now: Instant, ask: &Ask) -> Answer {
        self.each(now, |place, gate, rules| {
            place.arrive(gate, now, ask, rules)
        })
    }

    /// It has waited, and asks again; to be woken by `waker` when it should ask earlier than it is told now.
    pub(crate) fn turn(&mut self, now: Instant, ask: &Ask, waker: &Waker) -> Answer {
        loop {
            match self.each(now, |place, gate, rules| {
                place.turn(gate, now, ask, rules, waker)
            }) {
                Answer::Go => {}
                answer => return answer,
            }
            // One let it pass before the other did, and may hold it by now.
            match self.each(now, |place, gate, rules| {
                place.look_again(gate, now, ask, rules)
            }) {
                Answer::Wait { .. } => {}
                answer => return answer,
            }
        }
    }

    /// Whose pause the last answer was about.
    pub(crate) fn objector(&self) -> Scope {
        if self.is_own {
            return self.scope.clone();
        }
        Scope::all(self.scope.key.clone())
    }

    /// Asks in both queues: whichever holds it for longer. Nobody is asked for a place who is refused already.
    fn each(&mut self, now: Instant, ask: impl Fn(&mut Place, &Gate, &Rules) -> Answer) -> Answer {
        let (gate, rules) = (&self.shared.gate, &self.shared.settings.rules);
        let own = self.own.as_mut().map(|place| ask(place, gate, rules));
        let own = own.unwrap_or(Answer::Go);
        let all = match own {
            Answer::Refuse { reason, .. } => {
                let held = gate.facts(self.all.name.as_str(), now).held_until;
                held.map_or(Answer::Go, |retry_at| Answer::Refuse { retry_at, reason })
            }
            Answer::Go | Answer::Wait { .. } => ask(&mut self.all, gate, rules),
        };
        self.is_own = end(own) >= end(all) && own != Answer::Go;
        let longer = end(own).max(end(all));
        match (own, all, longer) {
            (Answer::Refuse { reason, .. }, _, Some(retry_at))
            | (_, Answer::Refuse { reason, .. }, Some(retry_at)) => {
                Answer::Refuse { retry_at, reason }
            }
            _ if self.is_own => own,
            _ => all,
        }
    }
}

/// Until when it is held.
const fn end(answer: Answer) -> Option<Instant> {
    match answer {
        Answer::Go => None,
        Answer::Wait { until, .. } => Some(until),
        Answer::Refuse { retry_at, .. } => Some(retry_at),
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        for place in self.own.iter().chain([&self.all]) {
            if let Some(ticket) = place.ticket {
                self.shared.gate.leave(place.name.as_str(), ticket);
            }
        }
    }
}

impl Place {
    const fn of(name: Key) -> Self {
        let (ticket, asked) = (None, None);
        Self {
            name,
            ticket,
            asked,
        }
    }

    fn arrive(&mut self, gate: &Gate, now: Instant, ask: &Ask, rules: &Rules) -> Answer {
        let (answer, ticket) = gate.arrive(self.name.as_str(), now, ask, rules);
        self.asked = Some(now);
        self.ticket = matches!(answer, Answer::Wait { .. }).then_some(ticket);
        answer
    }

    fn turn(
        &mut self,
        gate: &Gate,
        now: Instant,
        ask: &Ask,
        rules: &Rules,
        waker: &Waker,
    ) -> Answer {
        let Some(ticket) = self.ticket else {
            return Answer::Go;
        };
        let place = (self.name.as_str(), ticket);
        let answer = gate.turn(place, now, ask, rules, waker);
        if !matches!(answer, Answer::Wait { .. }) {
            self.asked = Some(now);
            self.ticket = None;
        }
        answer
    }

    /// Asks anew where it was let pass at another instant, and is held since.
    fn look_again(&mut self, gate: &Gate, now: Instant, ask: &Ask, rules: &Rules) -> Answer {
        let held = || gate.facts(self.name.as_str(), now).held_until.is_some();
        if self.ticket.is_none() && self.asked != Some(now) && held() {
            return self.arrive(gate, now, ask, rules);
        }
        Answer::Go
    }
}
