//! One circuit, shared: the state machine behind a lock, and in front of it what spares the lock.
//!
//! While a circuit is closed and far from opening, a call reads one word to be let through and adds
//! one to another when it has ended well. The second word, or one for each thread once several want
//! it at the same time, holds successes that the machine has not been told of. Its upper half is the
//! machine's *generation*, which changes whenever a success could mean something else: with the
//! state, with the tick, or when the next failure might open the circuit. A success of another
//! generation does not fit, and takes the lock.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use buttress_kernel::Key;

use crate::common::Common;
use crate::gauge;
use crate::rules::Rules;
use crate::sight::{Glance, Sight};
use crate::state::{Answer, End, Forced, Kind, Machine, Moment, Permit, Phase, Turn};
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering, place};
use crate::tally::{self, Tally};

pub(crate) struct Circuit {
    /// The epoch, the generation, and two flags.
    gate: AtomicU64,
    /// When the tick ends, in nanoseconds since the origin.
    edge: AtomicU64,
    /// Successes that the machine has not been told of.
    tally: Tally,
    /// The same, for one thread each.
    tallies: OnceLock<Box<Tallies>>,
    machine: Mutex<Machine>,
    common: Arc<Common>,
    key: Key,
}

/// Thin, since there may be a million circuits, and few have any.
type Tallies = Vec<Lane>;

/// Far enough from its neighbour for them not to share a line of any usual cache.
#[repr(align(128))]
#[derive(Debug, Default)]
struct Lane(Tally);

/// What changed, in its order; usually nothing.
pub(crate) type Turns = Vec<Turn>;

impl Circuit {
    pub(crate) fn new(key: Key, common: Arc<Common>, now: Instant) -> Self {
        let machine = Machine::new(common.rules.tick(now));
        let circuit = Self {
            gate: AtomicU64::new(0),
            edge: AtomicU64::new(0),
            tally: Tally::default(),
            tallies: OnceLock::new(),
            machine: Mutex::new(machine),
            common,
            key,
        };
        circuit.publish(&circuit.lock());
        circuit
    }

    pub(crate) const fn key(&self) -> &Key {
        &self.key
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.common.rules
    }

    pub(crate) fn common(&self) -> &Common {
        &self.common
    }

    /// The right to call, if it is to be had without a question.
    pub(crate) fn pass(&self) -> Option<Permit> {
        let glance = self.glance();
        glance.admits().then(|| glance.permit())
    }

    /// Asks for the right to call.
    #[cold]
    pub(crate) fn admit(&self, now: Instant) -> (Answer, Turns) {
        self.locked(now, |machine, at, rules, turns| {
            machine.admit(at, rules, turns)
        })
    }

    /// What there is to know in front of the lock.
    #[inline(always)]
    pub(crate) fn glance(&self) -> Glance {
        Glance::from_word(self.gate.load(Ordering::Acquire))
    }

    /// The same, and when the tick ends, while calls pass and successes need not be told one by one.
    /// The end is asked for last: if the tick has changed in between, so has the gate, and the glance
    /// fits nothing any more.
    pub(crate) fn look(&self) -> Option<Sight> {
        let glance = self.glance();
        let edge = Duration::from_nanos(self.edge.load(Ordering::Acquire));
        let end = self.rules().origin.checked_add(edge)?;
        glance.is_calm().then_some(Sight { glance, end })
    }

    /// A call that was let through at this sight ended well and in good time; whether that could be
    /// noted without the lock.
    #[inline(always)]
    pub(crate) fn succeed_in_sight(&self, sight: Sight, now: Instant) -> bool {
        // Nothing has changed, not even the tick.
        let same = now < sight.end && self.glance() == sight.glance;
        (same && self.add(sight.glance.generation())) || self.succeed(sight.glance.permit(), now)
    }

    /// The same for a call of which no more is known than its permit.
    #[cold]
    pub(crate) fn succeed(&self, permit: Permit, now: Instant) -> bool {
        let glance = self.glance();
        let calm = glance.permit() == permit && glance.is_calm();
        // Read after the gate: a tick that ended in between has changed the generation.
        let ended = self.rules().nanos(now) >= self.edge.load(Ordering::Acquire);
        calm && !ended && self.add(glance.generation())
    }

    #[inline(always)]
    fn add(&self, generation: u32) -> bool {
        match self.tallies.get() {
            None => self
                .tally
                .add(generation)
                .unwrap_or_else(|_| self.add_beside(generation)),
            Some(tallies) => Self::add_to(tallies, generation),
        }
    }

    /// Somebody else was at the one tally: from now on there is one for each thread.
    #[cold]
    fn add_beside(&self, generation: u32) -> bool {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let new = || {
            Box::new(
                (0..threads.next_power_of_two())
                    .map(|_| Lane::default())
                    .collect(),
            )
        };
        Self::add_to(self.tallies.get_or_init(new), generation)
    }

    #[inline(always)]
    fn add_to(tallies: &Tallies, generation: u32) -> bool {
        let lane = &tallies[place() & (tallies.len() - 1)];
        lane.0.add(generation).unwrap_or(false)
    }

    /// A call has ended.
    pub(crate) fn record(&self, permit: Permit, end: End, now: Instant) -> Turns {
        let record = |machine: &mut Machine, at, rules: &_, turns: &mut _| {
            machine.record(permit, end, at, rules, turns);
        };
        self.locked(now, record).1
    }

    /// A call was given up.
    #[cold]
    pub(crate) fn release(&self, permit: Permit, now: Instant) -> Turns {
        let release = |machine: &mut Machine, at, rules: &_, turns: &mut _| {
            machine.release(permit, at, rules, turns);
        };
        self.locked(now, release).1
    }

    /// A call goes on.
    pub(crate) fn progress(&self, permit: Permit, now: Instant) -> Turns {
        let progress = |machine: &mut Machine, at, rules: &_, turns: &mut _| {
            machine.progress(permit, at, rules, turns);
        };
        self.locked(now, progress).1
    }

    /// What a call would find.
    pub(crate) fn phase(&self, now: Instant) -> (Phase, Turns) {
        self.locked(now, Machine::phase)
    }

    pub(crate) fn force(&self, forced: Forced, now: Instant) {
        self.locked(now, |machine, _, _, _| machine.force(forced));
    }

    pub(crate) fn automatic(&self, now: Instant) {
        self.locked(now, |machine, _, _, _| machine.automatic());
    }

    pub(crate) fn reset(&self, now: Instant) {
        self.locked(now, |machine, _, _, _| machine.reset());
    }

    /// Gives back what is not needed; whether the circuit may be forgotten.
    pub(crate) fn rest(&self, now: Instant) -> bool {
        let mut machine = self.lock();
        // What the machine has not been told of needs no window yet.
        if machine.has_window() {
            self.collect(&mut machine);
            machine.rest(now, self.rules());
            self.publish(&machine);
        }
        machine.is_idle(now, self.rules())
    }

    fn locked<T>(
        &self,
        now: Instant,
        change: impl FnOnce(&mut Machine, Moment, &Rules, &mut Turns) -> T,
    ) -> (T, Turns) {
        let (mut machine, mut turns) = (self.lock(), Turns::new());
        self.collect(&mut machine);
        let (before, draw) = (machine.kind(), self.draw(machine.epoch()));
        let result = change(&mut machine, Moment { now, draw }, self.rules(), &mut turns);
        self.publish(&machine);
        // Under the lock, so that they come in the order in which they happened.
        gauge::moved(before, machine.kind());
        self.common.look_at_the_clock(now);
        (result, turns)
    }

    /// Every step of the machine leaves it whole, so a panic elsewhere is no reason to stop.
    fn lock(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the machine of the successes that it does not know yet. Until
    /// [`publish`](Self::publish), others wait at the lock.
    fn collect(&self, machine: &mut Machine) {
        let successes = self.each_tally().map(Tally::take);
        let successes = successes.fold(0_u32, u32::saturating_add);
        machine.successes(successes, self.rules());
    }

    /// Shows the machine's state to those who look without the lock. The order matters: whoever
    /// reads an old gate finds old tallies, or none that fits; whoever reads the new one finds the
    /// new edge.
    fn publish(&self, machine: &Machine) {
        let old = Glance::from_word(self.gate.load(Ordering::Relaxed));
        let edge = self.rules().end_of(machine.tick());
        let (epoch, calm) = (machine.epoch(), machine.is_calm(self.rules()));
        let same = old.epoch() == epoch
            && old.is_calm() == calm
            && self.edge.load(Ordering::Relaxed) == edge;
        let mut generation = old.generation();
        if !same || generation == tally::NONE {
            generation = tally::next(generation);
        }
        let gate = Glance::new(epoch, generation, calm, machine.admits()).word();
        self.edge.store(edge, Ordering::Release);
        self.gate.store(gate, Ordering::Release);
        self.each_tally().for_each(|tally| tally.begin(generation));
    }

    fn each_tally(&self) -> impl Iterator<Item = &Tally> {
        let lanes = self.tallies.get().map_or(&[][..], |lanes| lanes);
        std::iter::once(&self.tally).chain(lanes.iter().map(|lane| &lane.0))
    }

    /// A number that nobody outside can foresee, another one for each circuit and each time.
    fn draw(&self, epoch: u32) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.common.seed, self.key.as_str(), epoch).hash(&mut hasher);
        hasher.finish()
    }
}

impl Drop for Circuit {
    fn drop(&mut self) {
        gauge::moved(self.lock().kind(), Kind::Closed);
    }
}

impl std::fmt::Debug for Circuit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Circuit")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
