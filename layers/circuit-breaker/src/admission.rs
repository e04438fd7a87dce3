//! One call's way through a circuit.

mod way;

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, Instant};

use buttress_kernel::{BoxError, Entry, Explain, Outcome, Readable, WallClock};
use http::Extensions;

use self::way::{Asked, Stopwatch, Trail, Way};
use crate::cache::{Found, Hold};
use crate::circuit::Circuit;
use crate::error::CircuitOpen;
use crate::state::{Answer, End, Permit, Refusal};
use crate::telemetry;

/// The layer's name in trails.
const NAME: &str = "circuit-breaker";

/// The clock that durations are measured with; tests pause it.
#[inline]
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The right to make one call. What became of it is told with [`succeed`](Self::succeed) or
/// [`end`](Self::end); dropped before that, it says nothing about the server, and its place is free.
pub(crate) struct Admission {
    hold: Hold,
    way: Way,
}

impl Admission {
    /// For a call that is none of the breaker's business.
    pub(crate) const fn free() -> Self {
        Self {
            hold: Hold::Nothing,
            way: Way::Asked(Asked {
                permit: Permit { epoch: 0, probe: 0 },
                watch: Stopwatch::Off,
                trail: None,
            }),
        }
    }

    /// Through a closed circuit, without a question.
    #[inline(always)]
    pub(crate) fn pass(found: Found<'_>) -> Option<Self> {
        let way = match found.sight() {
            Some(sight) => Way::Seen(sight),
            None => Way::timed(found.timed_sight()?),
        };
        let hold = found.hold();
        Some(Self { hold, way })
    }

    /// Asks the circuit.
    pub(crate) fn ask(hold: Hold, explain: Option<&Explain>) -> Result<Self, BoxError> {
        let Some(circuit) = hold.circuit() else {
            return Ok(Self::free());
        };
        let permit = match circuit.pass() {
            Some(permit) => permit,
            None => question(circuit, explain)?,
        };
        let watch = Stopwatch::start(circuit);
        let trail = explain.map(|explain| Box::new(Trail::begin(explain)));
        let way = Way::Asked(Asked {
            permit,
            watch,
            trail,
        });
        Ok(Self { hold, way })
    }

    /// The call has ended well; whether that was all there is to say.
    #[inline(always)]
    pub(crate) fn succeed(&self) -> bool {
        match (self.hold.circuit(), &self.way) {
            (Some(circuit), Way::Seen(sight)) => circuit.succeed_in_sight(*sight, now()),
            (Some(circuit), Way::Asked(asked)) => asked.succeed(circuit),
            (None, _) => true,
        }
    }

    /// The call has ended. `delay` is asked for where the server may have a wish.
    pub(crate) fn end(
        &mut self,
        outcome: Outcome,
        answered: bool,
        delay: impl FnOnce(&dyn WallClock) -> Option<Duration>,
    ) {
        let Some(circuit) = self.hold.circuit() else {
            return;
        };
        let now = now();
        let delay = match outcome {
            Outcome::ServerFailure | Outcome::Throttled => delay(&*circuit.common().wall_clock),
            Outcome::Success | Outcome::CallerFault | Outcome::Neutral => None,
        };
        let end = End {
            outcome,
            answered,
            slow: self.way.is_slow(circuit, now),
            delay,
        };
        let permit = self.way.permit();
        let counts = !matches!(outcome, Outcome::CallerFault | Outcome::Neutral);
        let turns = if counts || permit.probe != 0 {
            circuit.record(permit, end, now)
        } else {
            Vec::new()
        };
        telemetry::turned(circuit, &turns, now);
        if let Way::Asked(asked) = &mut self.way {
            if let Some(trail) = &asked.trail {
                trail.record(asked.permit, &turns, now);
            }
            asked.permit.probe = 0;
        }
    }

    /// What was recorded is left in the answer.
    pub(crate) fn attach(&self, extensions: Option<&mut Extensions>) {
        if let (Way::Asked(asked), Some(extensions)) = (&self.way, extensions)
            && let Some(trail) = &asked.trail
        {
            trail.explain.attach(extensions);
        }
    }

    /// The head of the answer is there, and the call goes on: what it takes from now on is not the
    /// server's fault alone.
    pub(crate) fn head(&mut self) {
        if let Some(circuit) = self.hold.circuit() {
            self.way.stop_watch(circuit);
        }
        self.progress();
    }

    /// The call goes on.
    pub(crate) fn progress(&self) {
        let permit = self.way.permit();
        if let Some(circuit) = self.hold.circuit().filter(|_| permit.probe != 0) {
            let now = now();
            telemetry::turned(circuit, &circuit.progress(permit, now), now);
        }
    }
}

impl Drop for Admission {
    #[inline(always)]
    fn drop(&mut self) {
        if let Way::Asked(Asked { permit, .. }) = self.way
            && permit.probe != 0
            && let Some(circuit) = self.hold.circuit()
        {
            give_up(circuit, permit);
        }
    }
}

#[cold]
fn give_up(circuit: &Circuit, permit: Permit) {
    let now = now();
    telemetry::turned(circuit, &circuit.release(permit, now), now);
}

/// The circuit is not simply closed: may this call go?
#[cold]
#[inline(never)]
fn question(circuit: &Circuit, explain: Option<&Explain>) -> Result<Permit, BoxError> {
    let now = now();
    let (answer, turns) = circuit.admit(now);
    telemetry::turned(circuit, &turns, now);
    match answer {
        Answer::Granted(permit) => Ok(permit),
        Answer::Refused(refusal) => {
            let error = CircuitOpen::new(circuit.key().clone(), refusal, now);
            telemetry::rejected(circuit, refusal, error.wait());
            if let Some(explain) = explain {
                let note = match refusal {
                    Refusal::Until(_) => {
                        let wait = Readable(error.wait());
                        Cow::Owned(format!("rejected, open for {wait} more"))
                    }
                    Refusal::Busy => Cow::Borrowed("rejected, half-open and being tried"),
                    Refusal::Forced => Cow::Borrowed("rejected, open by hand"),
                };
                explain.record(Entry::new(NAME, note, now, now));
            }
            Err(error.into())
        }
    }
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission")
            .field("permit", &self.way.permit())
            .finish_non_exhaustive()
    }
}
