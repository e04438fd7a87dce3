use buttress_kernel::{Background, Deadline, Explain};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue};

use crate::limits::{Limits, Override};
use crate::report::Trace;
use crate::rule::Total;
use crate::timer;

/// What a request's extensions make of an attempt: the layer's limits or its own, its deadline, and
/// whether somebody wants to know.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) limits: Limits,
    pub(crate) total: Option<Total>,
    pub(crate) trace: Option<Box<Trace>>,
}

impl Plan {
    /// Nothing but the layer's limits.
    #[inline]
    pub(crate) const fn plain(limits: Limits) -> Self {
        let (total, trace) = (None, None);
        Self {
            limits,
            total,
            trace,
        }
    }

    pub(crate) fn asked(limits: Limits, extensions: &Extensions) -> Self {
        let limits = match extensions.get::<Override>() {
            None => limits,
            Some(own) if Background::is(extensions) => own.beside(limits),
            Some(own) => own.over(limits),
        };
        let (deadline, explain) = (extensions.get::<Deadline>(), Explain::of(extensions));
        if deadline.is_none() && explain.is_none() {
            return Self::plain(limits);
        }
        let now = timer::now();
        let total = deadline.map(|&end| Total::new(end, now));
        let trace = explain.map(|explain| Trace::attempt(explain, now));
        Self {
            limits,
            total,
            trace,
        }
    }

    /// Whether the deadline has passed, so that calling would be pointless.
    pub(crate) fn is_late(&self) -> bool {
        self.total.is_some_and(|total| total.left().is_zero())
    }
}

/// Tells the next hop how much of the total is left: whole milliseconds, rounded down so that it
/// never believes to have more than we have, but not to 0, which some read as no limit.
pub(crate) fn forward(headers: &mut HeaderMap, name: Option<&HeaderName>, total: Option<Total>) {
    if let (Some(name), Some(total)) = (name, total) {
        let left = u64::try_from(total.left().as_millis()).unwrap_or(u64::MAX);
        headers.insert(name.clone(), HeaderValue::from(left.max(1)));
    }
}
