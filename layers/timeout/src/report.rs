//! What is written down when a limit runs out, and how an attempt went when somebody asked.

use std::borrow::Cow;
use std::time::Instant;

use buttress_kernel::{BoxError, Deadline, Entry, Explain};
use http::Response;

use crate::body::ResponseBody;
use crate::error::{Elapsed, Expiry, Phase};
use crate::readable::Readable;
use crate::timer;

/// This layer's name in a trail.
const LAYER: &str = "timeout";

/// The event, the count, the entry and the error of a limit that ran out.
#[cold]
#[inline(never)]
pub(crate) fn elapsed(expiry: Expiry, explain: Option<&Explain>) -> BoxError {
    let after_ms = u64::try_from(expiry.after().as_millis()).unwrap_or(u64::MAX);
    let phase = expiry.phase().as_str();
    tracing::warn!(target: "buttress_timeout", phase, after_ms, "a time limit ran out");
    #[cfg(feature = "metrics")]
    metrics::counter!("buttress.timeout.elapsed", "phase" => phase).increment(1);
    if let Some(explain) = explain {
        let now = timer::now();
        let start = now.checked_sub(expiry.after()).unwrap_or(now);
        explain.record(Entry::new(LAYER, note(expiry), start, now));
    }
    Elapsed::from(expiry).into()
}

fn note(expiry: Expiry) -> String {
    let after = Readable::exactly(expiry.after());
    match expiry.phase() {
        Phase::Head => format!("no head within {after}"),
        Phase::RequestBody => format!("the request's body was not taken for {after}"),
        Phase::Source => format!("the request's body did not come within {after}"),
        Phase::ResponseBody => format!("the response's body stood still for {after}"),
        Phase::Total => format!("the total ran out after {after}"),
    }
}

/// Writes down, where somebody asked, that an answer came in time, and shows it in the response.
#[cold]
#[inline(never)]
pub(crate) fn answered<B>(
    answer: Result<Response<ResponseBody<B>>, BoxError>,
    trace: Option<&Trace>,
) -> Result<Response<ResponseBody<B>>, BoxError> {
    let Some(trace) = trace else { return answer };
    trace.answered(answer.is_ok());
    let mut response = answer?.map(|body| body.explained(trace));
    trace.explain.attach(response.extensions_mut());
    Ok(response)
}

/// The wish for a trail, and since when there is something to tell.
#[derive(Debug)]
pub(crate) struct Trace {
    explain: Explain,
    start: Instant,
    whole: Option<Deadline>,
}

impl Trace {
    /// Of an attempt. Boxed, because few requests have one and every future would be larger by it.
    pub(crate) fn attempt(explain: &Explain, start: Instant) -> Box<Self> {
        let (explain, whole) = (explain.clone(), None);
        Box::new(Self {
            explain,
            start,
            whole,
        })
    }

    /// Of a whole call, which must be over at `end`.
    pub(crate) fn whole(explain: &Explain, start: Instant, end: Deadline) -> Box<Self> {
        let (explain, whole) = (explain.clone(), Some(end));
        Box::new(Self {
            explain,
            start,
            whole,
        })
    }

    pub(crate) const fn explain(&self) -> &Explain {
        &self.explain
    }

    #[cold]
    pub(crate) fn answered(&self, well: bool) {
        let now = timer::now();
        let note = match self.whole {
            None => Cow::Borrowed(if well {
                "head in time"
            } else {
                "failed before the limit"
            }),
            Some(end) => {
                let how = if well { "head in time" } else { "failed" };
                let left = Readable::about(end.remaining(now));
                Cow::Owned(format!("total: {how}, {left} left"))
            }
        };
        self.explain
            .record(Entry::new(LAYER, note, self.start, now));
    }
}
