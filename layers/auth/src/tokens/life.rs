//! How long a token is good for, and when it is time for the next one.

use std::time::{Duration, Instant};

use super::rules::{Keep, Rules};

/// The life of a token that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// Until somebody says otherwise.
    Endless,
    Until {
        /// From here on the next one is fetched in the background.
        advisory: Instant,
        /// From here on requests wait for the next one, if it is to be had.
        blocking: Instant,
        /// From here on it is not sent.
        end: Instant,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    Fresh,
    Advisory,
    Blocking,
    Over,
}

impl Life {
    /// The life of a token that was asked for at `asked` and given `told` to live, if anybody told.
    pub(crate) fn of(asked: Instant, told: Option<Duration>, rules: &Rules) -> Self {
        let life = match rules.keep {
            Keep::Told => told,
            Keep::AtMost(ttl) => Some(told.map_or(ttl, |told| told.min(ttl))),
            Keep::Once => None,
        };
        // An end beyond what the clock can say is none.
        let Some((life, end)) = life.and_then(|life| Some((life, asked.checked_add(life)?))) else {
            return Self::Endless;
        };
        let ahead = rules
            .ahead_most
            .min(life / 100 * u32::from(rules.ahead_percent));
        // The margin must not eat up a short life: each token would be out of date at once.
        let margin = rules.skew.min(life / 10);
        let before = |span: Duration| end.checked_sub(span).unwrap_or(asked);
        Self::Until {
            advisory: before(ahead.max(margin)),
            blocking: before(margin),
            end,
        }
    }

    /// This life, unless it ends before `until`: then one that is fresh until then.
    pub(crate) fn until_at_least(self, until: Option<Instant>) -> Self {
        match (self, until) {
            (Self::Until { end, .. }, Some(until)) if end < until => Self::Until {
                advisory: until,
                blocking: until,
                end: until,
            },
            _ => self,
        }
    }

    #[inline]
    pub(crate) fn age(self, now: Instant) -> Age {
        match self {
            Self::Endless => Age::Fresh,
            Self::Until { advisory, .. } if now < advisory => Age::Fresh,
            Self::Until { blocking, .. } if now < blocking => Age::Advisory,
            Self::Until { end, .. } if now < end => Age::Blocking,
            Self::Until { .. } => Age::Over,
        }
    }

    pub(crate) const fn end(self) -> Option<Instant> {
        match self {
            Self::Endless => None,
            Self::Until { end, .. } => Some(end),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn start() -> Instant {
        tokio::time::Instant::now().into_std() + 1_000_000 * SECOND
    }

    /// The ages at these seconds of a life.
    fn ages(life: u32, rules: &Rules, at: &[u32]) -> Vec<Age> {
        let start = start();
        let life = Life::of(start, Some(life * SECOND), rules);
        at.iter()
            .map(|second| life.age(start + *second * SECOND))
            .collect()
    }

    #[test]
    fn a_fifth_of_the_life_is_advisory_and_the_last_seconds_are_blocking() {
        use Age::{Advisory, Blocking, Fresh, Over};
        let ages = ages(200, &Rules::default(), &[0, 159, 160, 189, 190, 199, 200]);
        assert_eq!(
            ages,
            [Fresh, Fresh, Advisory, Advisory, Blocking, Blocking, Over]
        );
    }

    #[test]
    fn nothing_is_advisory_earlier_than_five_minutes_before_the_end() {
        use Age::{Advisory, Blocking, Fresh};
        let ages = ages(36_000, &Rules::default(), &[35_699, 35_700, 35_989, 35_990]);
        assert_eq!(ages, [Fresh, Advisory, Advisory, Blocking]);
    }

    #[test]
    fn a_short_life_is_mostly_fresh() {
        use Age::{Advisory, Blocking, Fresh, Over};
        let ages = ages(10, &Rules::default(), &[0, 7, 8, 9, 10]);
        assert_eq!(ages, [Fresh, Fresh, Advisory, Blocking, Over]);
    }

    #[test]
    fn a_margin_longer_than_the_advisory_time_moves_it() {
        let rules = Rules {
            ahead_percent: 0,
            ..Rules::default()
        };
        let ages = ages(200, &rules, &[189, 190]);
        assert_eq!(ages, [Age::Fresh, Age::Blocking]);
    }

    #[test]
    fn no_life_at_all_is_over_at_once() {
        assert_eq!(ages(0, &Rules::default(), &[0]), [Age::Over]);
    }

    #[test]
    fn a_time_to_live_holds_where_nothing_else_is_told_and_shortens_what_is() {
        let keep = Keep::AtMost(60 * SECOND);
        let rules = Rules {
            keep,
            ..Rules::default()
        };
        let start = start();
        let end = |told| Life::of(start, told, &rules).end();
        assert_eq!(end(None), Some(start + 60 * SECOND));
        assert_eq!(end(Some(90 * SECOND)), Some(start + 60 * SECOND));
        assert_eq!(end(Some(30 * SECOND)), Some(start + 30 * SECOND));
    }

    #[test]
    fn a_life_is_lengthened_only_where_it_ends_earlier() {
        let start = start();
        let life = Life::of(start, Some(10 * SECOND), &Rules::default());
        let until = |seconds: u32| life.until_at_least(Some(start + seconds * SECOND));
        assert_eq!(until(9), life);
        assert_eq!(until(10), life);
        assert_eq!(until(11).end(), Some(start + 11 * SECOND));
        assert_eq!(until(11).age(start + 10 * SECOND), Age::Fresh);
        assert_eq!(life.until_at_least(None), life);
        assert_eq!(Life::Endless.until_at_least(Some(start)), Life::Endless);
    }

    #[test]
    fn once_is_for_ever() {
        let rules = Rules {
            keep: Keep::Once,
            ..Rules::default()
        };
        assert_eq!(
            Life::of(start(), Some(SECOND), &rules).age(start() + 9 * SECOND),
            Age::Fresh
        );
    }

    proptest! {
        #[test]
        fn any_life_ages_in_order_and_is_fresh_for_most_of_it(
            told in proptest::option::of(any::<u64>()),
            steps in proptest::collection::vec(0..1_000_000_u64, 1..20),
        ) {
            let start = start();
            let life = Life::of(start, told.map(Duration::from_secs), &Rules::default());
            let mut now = start;
            let mut before = 0;
            for step in steps {
                let age = life.age(now) as u8;
                prop_assert!(age >= before);
                before = age;
                now += Duration::from_secs(step);
            }
            if let Life::Until { advisory, blocking, end } = life {
                prop_assert!(advisory <= blocking && blocking <= end);
                prop_assert!((advisory - start).as_secs() >= told.unwrap() / 100 * 79);
            }
        }
    }
}
