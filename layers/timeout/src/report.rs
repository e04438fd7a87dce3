//! What is written down when a limit runs out, and how an attempt went when somebody asked.

use std::time::Instant;

use buttress_kernel::{BoxError, Entry, Explain};

use crate::error::{Elapsed, Expiry, Phase};
use crate::timer;

/// This layer's name in a trail.
const LAYER: &str = "timeout";

/// The event, the count, the entry and the error of a limit that ran out.
#[cold]
pub(crate) fn elapsed(expiry: Expiry, explain: Option<&Explain>) -> BoxError {
    let after_ms = u64::try_from(expiry.after().as_millis()).unwrap_or(u64::MAX);
    let phase = expiry.phase().as_str();
    tracing::warn!(target: "buttress_timeout", phase, after_ms, "a time limit ran out");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.timeout.elapsed", "phase" => phase).increment(1);
    if let Some(explain) = explain {
        let now = timer::now();
        let start = now.checked_sub(expiry.after()).unwrap_or(now);
        explain.record(Entry::new(LAYER, note(expiry.phase()), start, now));
    }
    Elapsed::from(expiry).into()
}

const fn note(phase: Phase) -> &'static str {
    match phase {
        Phase::Head => "no head in time",
        Phase::RequestBody => "the request's body was not taken",
        Phase::ResponseBody => "the response's body stood still",
        Phase::Total => "the total ran out",
    }
}

/// The wish for a trail, and since when there is something to tell.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) explain: Explain,
    pub(crate) start: Instant,
}

/// The end of a race as a service returns it, written down where somebody asked.
#[inline]
pub(crate) fn settle<T, E: Into<BoxError>>(
    end: Result<Result<T, E>, Expiry>,
    trace: Option<&Trace>,
) -> Result<T, BoxError> {
    let answer = match end {
        Ok(answer) => answer,
        Err(expiry) => return Err(elapsed(expiry, trace.map(|trace| &trace.explain))),
    };
    if let Some(trace) = trace {
        let note = if answer.is_ok() {
            "head in time"
        } else {
            "error in time"
        };
        trace
            .explain
            .record(Entry::new(LAYER, note, trace.start, timer::now()));
    }
    answer.map_err(Into::into)
}
