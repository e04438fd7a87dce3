use std::time::Duration;

use crate::queue::Rank;

/// How urgent a request is, carried in its extensions: the higher goes first. A request that says
/// nothing has 0.
///
/// It counts only while requests wait. Those of the same priority go in the order in which they came.
///
/// It does not count for a request that [nobody waits for](buttress_kernel::Background).
///
/// ```
/// use buttress_priority::Priority;
///
/// let mut request = http::Request::get("https://api.example.com/report").body(())?;
/// request.extensions_mut().insert(Priority(-1)); // after everything else
/// assert!(Priority(1) > Priority::default());
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(pub i32);

impl Priority {
    /// Where it stands in a queue if it comes `since` the queue's beginning. With ageing, each time
    /// that passes is worth one class; that the difference of two waiters never changes makes it a
    /// fixed number.
    pub(crate) fn rank(self, ageing: Option<Duration>, since: impl FnOnce() -> Duration) -> Rank {
        let class = Rank::from(self.0);
        match ageing {
            None => -class,
            Some(each) => nanos(since()) - class * nanos(each),
        }
    }
}

/// Less than 2⁹⁴, so that a product with a class is far from an overflow.
fn nanos(duration: Duration) -> Rank {
    Rank::from(duration.as_secs()) * 1_000_000_000 + Rank::from(duration.subsec_nanos())
}

/// Finds how urgent a request is; any closure over the request does.
///
/// Asked only for a request that has to wait and has no [`Priority`] in its extensions.
pub trait Prioritize<Req> {
    /// So urgent.
    fn priority(&self, request: &Req) -> Priority;
}

impl<Req, F: Fn(&Req) -> Priority> Prioritize<Req> for F {
    fn priority(&self, request: &Req) -> Priority {
        self(request)
    }
}

/// Each request has priority 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Equal;

impl<Req> Prioritize<Req> for Equal {
    fn priority(&self, _: &Req) -> Priority {
        Priority::default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn without_ageing_the_class_alone_counts_and_nobody_looks_at_the_clock() {
        let rank = |class| Priority(class).rank(None, || unreachable!("no clock is needed"));
        assert!(rank(i32::MAX) < rank(1) && rank(1) < rank(0) && rank(0) < rank(i32::MIN));
    }

    #[test]
    fn with_ageing_of_no_time_classes_do_not_matter() {
        let at = |class, millis| {
            let since = Duration::from_millis(millis);
            Priority(class).rank(Some(Duration::ZERO), || since)
        };
        assert_eq!(at(9, 5), at(-9, 5));
        assert!(at(-9, 4) < at(9, 5));
    }

    #[test]
    fn extremes_do_not_overflow() {
        let rank = |class| Priority(class).rank(Some(Duration::MAX), || Duration::MAX);
        assert!(rank(i32::MAX) < rank(i32::MIN));
    }

    fn duration() -> impl Strategy<Value = Duration> {
        (0..10_u64, 0..1_000_000_000_u32).prop_map(|(secs, nanos)| Duration::new(secs, nanos))
    }

    proptest! {
        /// Whoever has more classes when the later one comes, counting those gained by waiting.
        #[test]
        fn ageing_adds_a_class_for_each_such_time(
            each in duration(), first in duration(), gap in duration(),
            class in -3..4_i32, other in -3..4_i32,
        ) {
            prop_assume!(!each.is_zero());
            let rank = |class, since| Priority(class).rank(Some(each), || since);
            // In units of a class times `each`, since a gap may be a fraction of a class.
            let gained = i128::try_from(gap.as_nanos()).unwrap();
            let each = i128::try_from(each.as_nanos()).unwrap();
            let goes_first = i128::from(class) * each + gained > i128::from(other) * each;
            prop_assert_eq!(rank(class, first) < rank(other, first + gap), goes_first);
        }
    }
}
