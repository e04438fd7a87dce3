//! What is known about one key, and who waits for it: pure transitions with `now` as an argument.

use std::time::{Duration, Instant};

use buttress_kernel::Quota;

use crate::line::Line;
use crate::queue::{Place, Ticket, Waiter};
use crate::rules::{Ask, Reason, Rules};
use crate::source::Source;
use crate::window::Window;

/// One key's state. Small when nobody waits: a million of them lie about at once.
#[derive(Debug)]
pub(crate) struct State<T> {
    hold: Option<Hold>,
    window: Option<Box<Window>>,
    line: Line<T>,
}

#[derive(Clone, Copy, Debug)]
struct Hold {
    until: Instant,
    source: Source,
}

/// Whether a request may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// At once.
    Go,
    /// Not before this instant, which is still to come; ask again then.
    Wait { until: Instant, source: Source },
    /// Not within what it can bear.
    Refuse { retry_at: Instant, reason: Reason },
}

/// What a response said about its key.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lesson {
    /// Let nobody go for so long.
    pub(crate) hold: Option<(Duration, Source)>,
    /// So much is left.
    pub(crate) quota: Option<Quota>,
}

impl Lesson {
    pub(crate) const fn is_empty(&self) -> bool {
        self.hold.is_none() && self.quota.is_none()
    }
}

/// What a lesson changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// A hold began, or became longer.
    pub(crate) held: Option<(Duration, Source)>,
    /// Paced waiters may go sooner than they were told.
    pub(crate) sooner: bool,
}

impl<T> Default for State<T> {
    fn default() -> Self {
        Self {
            hold: None,
            window: None,
            line: Line::default(),
        }
    }
}

impl<T> State<T> {
    /// A request asks to go; when it has to wait, it stands in the queue from here on.
    pub(crate) fn arrive(
        &mut self,
        now: Instant,
        ask: &Ask,
        rules: &Rules,
        ticket: Ticket,
        mark: T,
    ) -> Answer {
        let Some((until, source, place)) = self.obstacle(now, rules) else {
            self.spend(rules, |window| window.spend(now));
            return Answer::Go;
        };
        let crowd = || (self.waiting() >= rules.max_waiting).then_some(Reason::Crowded);
        if let Some(reason) = ask.objection(until).or_else(crowd) {
            let retry_at = until;
            return Answer::Refuse { retry_at, reason };
        }
        let waiter = Waiter {
            ticket,
            hurried: ask.hurried,
            place,
            mark,
        };
        self.line.push(now, waiter);
        Answer::Wait { until, source }
    }

    /// A waiter asks again; unless the answer is to wait, it has left the queue.
    pub(crate) fn turn(&mut self, ticket: u64, now: Instant, ask: &Ask, rules: &Rules) -> Answer {
        let Some(index) = self.line.index(ticket) else {
            return Answer::Go;
        };
        let (until, source) = match self.target(index, now, rules) {
            Some(target) => target,
            None => self.schedule(index, now, rules),
        };
        let spread = matches!(self.line.place(index), Some(Place::Spread(_)));
        // The spread is our own courtesy and must not cost anybody the deadline.
        if until <= now || (spread && !ask.in_time(until)) {
            self.line.remove(index);
            self.spend(rules, |window| window.spend_slot(now));
            return Answer::Go;
        }
        match ask.objection(until) {
            Some(reason) if !spread => {
                self.line.remove(index);
                let retry_at = until;
                Answer::Refuse { retry_at, reason }
            }
            _ => Answer::Wait { until, source },
        }
    }

    /// A waiter gives up. Whether others may go sooner because of it: those from this place on.
    pub(crate) fn leave(&mut self, ticket: u64) -> Option<usize> {
        let index = self.line.index(ticket)?;
        let paced = self.line.place(index) == Some(Place::Paced);
        self.line.remove(index);
        paced.then_some(index)
    }

    /// Takes in what a response said.
    pub(crate) fn learn(&mut self, now: Instant, lesson: Lesson) -> Change {
        let mut change = Change::default();
        if let Some(quota) = lesson.quota {
            let before = self.first_slot();
            self.window = Window::told(now, quota, self.window.as_deref()).map(Box::new);
            change.sooner = before.is_some_and(|old| self.first_slot().is_none_or(|new| new < old));
        }
        if let Some((wait, source)) = lesson.hold {
            let until = now.checked_add(wait).filter(|until| *until > now);
            let longer = |until: &Instant| self.hold.is_none_or(|hold| hold.until < *until);
            if let Some(until) = until.filter(longer) {
                self.hold = Some(Hold { until, source });
                change.held = Some((wait, source));
            }
        }
        change
    }

    /// Forgets everything but those who wait, who may go.
    pub(crate) fn clear(&mut self) {
        self.hold = None;
        self.window = None;
    }

    /// The instant of release, if it is still to come.
    pub(crate) fn held_until(&self, now: Instant) -> Option<Instant> {
        self.hold(now).map(|hold| hold.until)
    }

    /// What is left until when, if that is still to come.
    pub(crate) fn window(&self, now: Instant) -> Option<&Window> {
        self.window.as_deref().filter(|window| window.end() > now)
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.line.len()
    }

    /// Whether anything here is still of use.
    pub(crate) fn is_live(&self, now: Instant) -> bool {
        !self.line.is_empty() || self.hold(now).is_some() || self.window(now).is_some()
    }

    /// Until when requests must ask here.
    pub(crate) fn horizon(&self, rules: &Rules) -> Option<Instant> {
        let hold = self.hold.map(|hold| hold.until);
        let window = self.window.as_ref().filter(|_| rules.pace);
        hold.max(window.map(|window| window.end()))
    }

    /// The mark of a waiter.
    pub(crate) fn mark(&mut self, ticket: u64) -> Option<&mut T> {
        self.line.mark(ticket)
    }

    /// Takes the marks of all who wait, from a place in the queue on.
    pub(crate) fn marks(&mut self, from: usize) -> impl Iterator<Item = T>
    where
        T: Default,
    {
        self.line.marks(from)
    }

    fn hold(&self, now: Instant) -> Option<Hold> {
        self.hold.filter(|hold| hold.until > now)
    }

    /// What stands in the way of a request that arrives.
    fn obstacle(&self, now: Instant, rules: &Rules) -> Option<(Instant, Source, Place)> {
        if let Some(hold) = self.hold(now) {
            return Some((hold.until, hold.source, Place::Held));
        }
        let window = self.window(now).filter(|_| rules.pace)?;
        let ahead = self.line.paced(usize::MAX);
        let slot = window.slot(ahead);
        (!window.lets_go(ahead, now)).then_some((slot, Source::Pace, Place::Paced))
    }

    /// The instant that a waiter waits for now; `None` when it has none, and must be given one.
    fn target(&mut self, index: usize, now: Instant, rules: &Rules) -> Option<(Instant, Source)> {
        if let Some(hold) = self.hold(now) {
            self.line.put(index, Place::Held);
            return Some((hold.until, hold.source));
        }
        match self.line.place(index)? {
            Place::Spread(at) => Some((at, Source::Spread)),
            Place::Held => None,
            Place::Paced => {
                let window = self.window(now).filter(|_| rules.pace)?;
                Some((window.slot(self.line.paced(index)), Source::Pace))
            }
        }
    }

    /// Gives everybody whose obstacle is gone a moment of departure, and answers for one of them.
    fn schedule(&mut self, index: usize, now: Instant, rules: &Rules) -> (Instant, Source) {
        let paced_too = self.window(now).is_none();
        let hold = self.hold.map(|hold| hold.until);
        let reset = self
            .window
            .as_ref()
            .filter(|_| rules.pace)
            .map(|window| window.end());
        let ends = [hold, reset].into_iter().flatten();
        let base = ends.filter(|end| *end <= now).max().unwrap_or(now);
        self.line.schedule(base, paced_too, rules.spread);
        match self.line.place(index) {
            Some(Place::Spread(at)) => (at, Source::Spread),
            _ => (now, Source::Spread),
        }
    }

    /// One request goes.
    fn spend(&mut self, rules: &Rules, one: impl FnOnce(&mut Window)) {
        if let Some(window) = self.window.as_deref_mut().filter(|_| rules.pace) {
            one(window);
        }
    }

    /// When the first of the paced waiters may go; `None` when there are none.
    fn first_slot(&self) -> Option<Instant> {
        let window = self
            .window
            .as_ref()
            .filter(|_| self.line.paced(usize::MAX) > 0)?;
        Some(window.slot(0))
    }
}
