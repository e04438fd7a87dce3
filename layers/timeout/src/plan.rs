use buttress_kernel::{Deadline, Explain};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue};

use crate::limits::{Limits, Override};
use crate::report::Trace;
use crate::rule::Total;
use crate::timer;

/// What holds for one attempt: the layer's limits, the request's override and deadline, and who
/// wants to know.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) limits: Limits,
    pub(crate) total: Option<Total>,
    pub(crate) trace: Option<Trace>,
}

impl Plan {
    #[inline]
    pub(crate) fn new(limits: Limits, extensions: Option<&Extensions>) -> Self {
        match extensions {
            Some(extensions) if !extensions.is_empty() => Self::asked(limits, extensions),
            _ => Self {
                limits,
                total: None,
                trace: None,
            },
        }
    }

    fn asked(limits: Limits, extensions: &Extensions) -> Self {
        let limits = extensions
            .get::<Override>()
            .map_or(limits, |own| own.over(limits));
        let (deadline, explain) = (extensions.get::<Deadline>(), Explain::of(extensions));
        if deadline.is_none() && explain.is_none() {
            return Self {
                limits,
                total: None,
                trace: None,
            };
        }
        let start = timer::now();
        let total = deadline.map(|&end| Total::new(start, end));
        let trace = explain.cloned().map(|explain| Trace { explain, start });
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
