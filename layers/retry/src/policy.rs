//! Whether an attempt is followed by another, and after how long. Pure: time and chance are
//! arguments.

use std::fmt;
use std::time::{Duration, Instant};

use buttress_kernel::{Deadline, Kind, Sent};
use http::StatusCode;

use crate::settings::Settings;

/// How an attempt ended, as far as it matters here.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Response {
        status: StatusCode,
        /// `x-should-retry`
        advice: Option<bool>,
        /// The server's wish.
        delay: Option<Duration>,
    },
    Error {
        kind: Kind,
        sent: Sent,
        retry_at: Option<Instant>,
    },
}

/// How far a call has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    /// How many times the request was sent.
    pub(crate) sends: u32,
    /// Whether the one attempt that costs nothing has been had.
    pub(crate) pardoned: bool,
    /// The wait before the attempt that has just ended.
    pub(crate) previous: Option<Duration>,
}

/// What else a decision hangs on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Instant,
    pub(crate) deadline: Option<Deadline>,
    /// Whether sending the request twice does the same as sending it once.
    pub(crate) repeatable: bool,
    /// A uniformly random number.
    pub(crate) draw: u64,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Stop(Reason),
    Retry {
        wait: Duration,
        /// The failure is pardoned: it counts neither as an attempt nor against the budget.
        free: bool,
    },
}

/// Why there is no further attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It is not an end that another attempt would change.
    Final,
    NotRepeatable,
    Attempts,
    ServerDelay,
    Deadline,
    Budget,
    Body,
}

/// An end that another attempt may change.
struct Curable {
    /// Whether the server has done nothing, so that no method is too dangerous.
    untouched: bool,
    pardonable: bool,
    throttled: bool,
    /// No earlier than this from now.
    asked: Duration,
}

pub(crate) fn decide(settings: &Settings, progress: Progress, moment: Moment, end: End) -> Verdict {
    let Some(curable) = curable(settings, end, moment.now) else {
        return Verdict::Stop(Reason::Final);
    };
    if !curable.untouched && !moment.repeatable {
        return Verdict::Stop(Reason::NotRepeatable);
    }
    let free = curable.pardonable && !progress.pardoned;
    let counted = progress.sends - u32::from(progress.pardoned || free);
    // A request that may be sent once only is not sent again for free either.
    if settings.max_attempts <= 1 || counted >= settings.max_attempts {
        return Verdict::Stop(Reason::Attempts);
    }
    match wait(settings, progress, moment, &curable) {
        Ok(wait) => Verdict::Retry { wait, free },
        Err(reason) => Verdict::Stop(reason),
    }
}

/// The longer of our own wait and the server's, jitter on top, if there is time for it.
fn wait(
    settings: &Settings,
    progress: Progress,
    moment: Moment,
    curable: &Curable,
) -> Result<Duration, Reason> {
    let asked = curable.asked;
    if asked > settings.max_server_delay {
        return Err(Reason::ServerDelay);
    }
    let backoff = settings.backoff_after(curable.throttled);
    let Progress {
        sends, previous, ..
    } = progress;
    let own = settings.jitter.wait(&backoff, sends, previous, moment.draw);
    let on_top = settings.jitter.on_top(asked, &backoff, sends, moment.draw);
    let fits = |wait| {
        moment
            .deadline
            .is_none_or(|deadline| deadline.fits(moment.now, wait))
    };
    // Where the deadline leaves no room for what comes on top, the server's own delay is enough.
    let waits = [own.max(asked.saturating_add(on_top)), own.max(asked)].map(whole_millis);
    waits
        .into_iter()
        .find(|wait| fits(*wait))
        .ok_or(Reason::Deadline)
}

/// Rounded up to the millisecond, as the runtime's timer does: a wait that fits a deadline only
/// without that would end after it.
fn whole_millis(wait: Duration) -> Duration {
    let over = wait.subsec_nanos() % 1_000_000;
    match over {
        0 => wait,
        over => wait.saturating_add(Duration::from_nanos(u64::from(1_000_000 - over))),
    }
}

fn curable(settings: &Settings, end: End, now: Instant) -> Option<Curable> {
    match end {
        End::Response {
            status,
            advice,
            delay,
        } => {
            let throttled = status == StatusCode::TOO_MANY_REQUESTS;
            is_retried(settings, status, advice).then(|| Curable {
                untouched: throttled,
                pardonable: false,
                throttled,
                asked: delay.unwrap_or_default(),
            })
        }
        End::Error {
            kind,
            sent,
            retry_at,
        } => {
            let unsent = sent.is_provably_unsent();
            let (wanted, pardonable) = match kind {
                Kind::Connect | Kind::Transport => (settings.connect, unsent),
                // An error without facts is a transport's that was not made for this stack.
                Kind::Other => (settings.connect, false),
                Kind::Timeout => (settings.timeout, false),
                Kind::CircuitOpen => (settings.refusal && retry_at.is_some(), false),
                // A rate limit and a hold have a longest wait of their own. Who refuses has decided
                // that this one is not to be waited out, here or there.
                _ => (false, false),
            };
            wanted.then(|| Curable {
                untouched: unsent,
                pardonable,
                throttled: false,
                asked: retry_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now)),
            })
        }
    }
}

/// Whether a response of this status, with this advice of the server, may be followed by another
/// attempt.
pub(crate) fn is_retried(settings: &Settings, status: StatusCode, advice: Option<bool>) -> bool {
    let failed = status.as_u16() >= 400;
    settings.status
        && match advice {
            Some(advised) if failed => advised,
            _ => settings.statuses.contains(status),
        }
}

/// Whether a response of this status is the answer, whatever its fields say.
pub(crate) fn is_answer(settings: &Settings, status: StatusCode) -> bool {
    !settings.status || status.as_u16() < 400 && !settings.statuses.contains(status)
}

impl Reason {
    /// The reason in lower-case words joined by hyphens, as events carry it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::NotRepeatable => "not-repeatable",
            Self::Attempts => "attempts",
            Self::ServerDelay => "server-delay",
            Self::Deadline => "deadline",
            Self::Budget => "budget",
            Self::Body => "body",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Final => "another attempt would not help",
            Self::NotRepeatable => {
                "it is unsafe to repeat (neither an idempotent method nor an Idempotency-Key)"
            }
            Self::Attempts => "no attempt is left",
            Self::ServerDelay => "the server asks for a longer wait than max_server_delay",
            Self::Deadline => "the next wait does not fit the deadline",
            Self::Budget => "the retry budget is spent",
            Self::Body => "the body cannot be sent again",
        })
    }
}

#[cfg(test)]
mod tests;
