use std::time::SystemTime;

/// A moment as AWS writes it: `20150830T123600Z`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp(String);

/// The end of the year 9999: there are four digits for it.
const LAST: u64 = 253_402_300_799;

const DAY: u64 = 24 * 60 * 60;

impl Stamp {
    /// The stamp, unless the year is before 1970 or after 9999.
    pub(super) fn of(time: SystemTime) -> Option<Self> {
        let secs = time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
        if secs > LAST {
            return None;
        }
        let (year, month, day) = date(secs / DAY);
        let (hour, minute, second) = (secs % DAY / 3_600, secs % 3_600 / 60, secs % 60);
        let text = format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z");
        Some(Self(text))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The day alone: `20150830`.
    pub(super) fn day(&self) -> &str {
        &self.0[..8]
    }
}

/// The date of a day, counted from 1970-01-01. A year is taken to begin in March, so that the leap day
/// is its last and months have lengths that repeat every five.
const fn date(days: u64) -> (u64, u64, u64) {
    // From 0000-03-01 on, in eras of 400 years, which are all alike.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + later, month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn at(secs: u64) -> Option<String> {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(secs);
        Stamp::of(time).map(|stamp| stamp.0)
    }

    #[test]
    fn a_stamp_has_year_month_day_and_time() {
        assert_eq!(at(0).as_deref(), Some("19700101T000000Z"));
        assert_eq!(at(1_440_938_160).as_deref(), Some("20150830T123600Z"));
        assert_eq!(at(951_782_399).as_deref(), Some("20000228T235959Z"));
        assert_eq!(at(951_782_400).as_deref(), Some("20000229T000000Z"));
        assert_eq!(at(4_107_542_400).as_deref(), Some("21000301T000000Z"));
        assert_eq!(at(LAST).as_deref(), Some("99991231T235959Z"));
        assert_eq!(at(LAST + 1), None);
        assert_eq!(
            Stamp::of(SystemTime::UNIX_EPOCH - Duration::from_secs(1)),
            None
        );
    }

    /// Day by day, as a calendar on the wall does it.
    fn slowly(days: u64) -> (u64, u64, u64) {
        let (mut year, mut month, mut left) = (1970, 1, days);
        loop {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 if leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            if left < length {
                return (year, month, left + 1);
            }
            left -= length;
            (year, month) = if month == 12 {
                (year + 1, 1)
            } else {
                (year, month + 1)
            };
        }
    }

    proptest! {
        #[test]
        fn dates_are_those_of_the_calendar(days in 0..LAST / DAY) {
            prop_assert_eq!(date(days), slowly(days));
        }
    }
}
