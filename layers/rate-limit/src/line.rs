//! A bucket and those who wait for its tokens: who goes, who waits, and for how long.

use crate::bucket::{Bucket, Pace};
use crate::clock::Nanos;
use crate::queue::{Place, Queue};
use crate::rules::{Ask, Reason, Rules};

/// A bucket and its queue.
#[derive(Debug)]
pub(crate) struct Line<'a, T> {
    pub(crate) bucket: Bucket,
    pub(crate) queue: &'a mut Queue<T>,
    /// Marks of those who were served, or are first now, and must be told.
    pub(crate) woken: Vec<T>,
    /// How many were served.
    pub(crate) served: u64,
}

/// What becomes of a newcomer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// At once. Its place is needed only if it has to come back.
    Go { place: Place },
    /// It has a place now, and will be served at about this instant.
    Wait { place: Place, until: Nanos },
    /// It would have been served at this instant.
    Refuse { retry_at: Nanos, reason: Reason },
    /// It will never be served: the bucket does not hold so much.
    TooDear { burst: u64 },
}

/// What becomes of a waiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It was served, and its place is gone.
    Go,
    /// It must ask again at this instant, or when it is woken.
    Wait { until: Nanos },
    /// Its time is up, and its place is gone. It would have been served at this instant.
    Late { retry_at: Nanos },
}

impl<'a, T: Default> Line<'a, T> {
    pub(crate) const fn new(bucket: Bucket, queue: &'a mut Queue<T>) -> Self {
        Self {
            bucket,
            queue,
            woken: Vec::new(),
            served: 0,
        }
    }

    /// A request comes.
    pub(crate) fn arrive(&mut self, now: Nanos, ask: &Ask, rules: &Rules) -> Answer {
        let pace = self.bucket.pace;
        let need = pace.need(ask.cost.into());
        if need > pace.span {
            let burst = pace.burst();
            return Answer::TooDear { burst };
        }
        let rank = now.saturating_add(rules.ageing.saturating_mul(ask.class.into()));
        let place = self.queue.place(rank);
        self.serve(now);
        if self.queue.is_empty()
            && let Ok(bucket) = self.bucket.take(now, need)
        {
            self.bucket = bucket;
            self.served += 1;
            return Answer::Go { place };
        }
        let tokens = self.queue.before(place) + u64::from(ask.cost);
        let until = self.bucket.ready_at(now, tokens);
        if let Some(reason) = self.objection(now, until, ask, rules) {
            let retry_at = until;
            return Answer::Refuse { retry_at, reason };
        }
        self.queue.insert(place, ask.cost, T::default());
        // It may be cheaper than the one in front of which it came.
        self.serve(now);
        match self.queue.mark(place) {
            Some(_) => Answer::Wait { place, until },
            None => Answer::Go { place },
        }
    }

    /// One that came at `came` and was served is told by somebody else that its tokens are not there
    /// before `ready`: it gives them back, and its place is as good as if it had never been served. When
    /// it will be then, or else why it cannot wait until then.
    pub(crate) fn defer(
        &mut self,
        place: Place,
        (came, now, ready): (Nanos, Nanos, Nanos),
        ask: &Ask,
        rules: &Rules,
    ) -> Result<Nanos, (Nanos, Reason)> {
        let need = self.bucket.pace.need(ask.cost.into());
        self.bucket.refund(need);
        self.bucket.delay(ready, need);
        let tokens = self.queue.before(place) + u64::from(ask.cost);
        let until = self.bucket.ready_at(now, tokens).max(ready);
        if let Some(reason) = self.objection(came, until, ask, rules) {
            self.serve(now);
            self.wake_first();
            return Err((until, reason));
        }
        self.queue.insert(place, ask.cost, T::default());
        Ok(until)
    }

    /// Why one that came at `came` cannot wait until then, if it cannot.
    fn objection(&self, came: Nanos, until: Nanos, ask: &Ask, rules: &Rules) -> Option<Reason> {
        let crowded = (self.queue.len() >= rules.max_waiting).then_some(Reason::Crowded);
        ask.objection(came, until).or(crowded)
    }

    /// A waiter asks again, that meant to do so at `until` and gives up at `limit`.
    pub(crate) fn turn(&mut self, place: Place, now: Nanos, until: Nanos, limit: Nanos) -> Turn {
        // Whoever asks need not be woken.
        if let Some(mark) = self.queue.mark(place) {
            *mark = T::default();
        }
        self.serve(now);
        if self.queue.mark(place).is_none() {
            return Turn::Go;
        }
        let is_first = self.queue.first().is_some_and(|(first, _)| first == place);
        if now < limit && now < until && !is_first {
            return Turn::Wait { until };
        }
        let until = self.ready_at(place, now);
        if now < limit {
            return Turn::Wait { until };
        }
        self.leave(place, 0, now);
        Turn::Late { retry_at: until }
    }

    /// When a waiter will be served.
    fn ready_at(&self, place: Place, now: Nanos) -> Nanos {
        match self.queue.first() {
            Some((first, cost)) if first == place => {
                let need = self.bucket.pace.need(cost.into());
                self.bucket.take(now, need).err().unwrap_or(now)
            }
            _ => {
                // The place right behind this one counts this one in.
                let tokens = self.queue.before(place.next());
                self.bucket.ready_at(now, tokens)
            }
        }
    }

    /// A waiter goes away, or one that was served without using what it was given; whether it was
    /// the latter.
    pub(crate) fn leave(&mut self, place: Place, cost: u32, now: Nanos) -> bool {
        let served = self.queue.remove(place).is_none();
        if served {
            let need = self.bucket.pace.need(cost.into());
            self.bucket.refund(need);
        }
        // It was not for want of a look that these tokens were not taken.
        self.bucket.full_at = self.bucket.full_at.max(now);
        self.serve(now);
        self.wake_first();
        served
    }

    /// Another pace from now on.
    pub(crate) fn set_pace(&mut self, now: Nanos, pace: Pace) {
        self.serve(now);
        self.bucket.set_pace(now, pace);
        self.serve(now);
        self.wake_first();
    }

    /// Serves everybody whose turn has come, one after the other.
    fn serve(&mut self, now: Nanos) {
        let before = self.served;
        while let Some((place, cost)) = self.queue.first() {
            let need = self.bucket.pace.need(cost.into());
            let Ok(bucket) = self.bucket.take_late(now, need) else {
                break;
            };
            self.bucket = bucket;
            self.served += 1;
            self.woken.extend(self.queue.remove(place).map(|w| w.mark));
        }
        if self.served > before {
            self.wake_first();
        }
    }

    /// Whoever is first watches the clock for all.
    fn wake_first(&mut self) {
        if let Some((place, _)) = self.queue.first()
            && let Some(mark) = self.queue.mark(place)
        {
            self.woken.push(std::mem::take(mark));
        }
    }
}
