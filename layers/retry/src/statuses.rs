use std::fmt;

use http::StatusCode;

/// A set of statuses as one bit each, so that looking one up costs next to nothing.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Statuses([u64; WORDS]);

/// Enough for the statuses from 0 to 1023; three digits are all there can be.
const WORDS: usize = 16;

impl Statuses {
    /// 408, 429, 500, 502, 503 and 504: those that a second try can cure.
    pub(crate) fn usual() -> Self {
        [
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::INTERNAL_SERVER_ERROR,
            StatusCode::BAD_GATEWAY,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::GATEWAY_TIMEOUT,
        ]
        .into_iter()
        .collect()
    }

    pub(crate) const fn contains(&self, status: StatusCode) -> bool {
        let (word, bit) = place(status);
        self.0[word] & bit != 0
    }
}

const fn place(status: StatusCode) -> (usize, u64) {
    let code = status.as_u16() as usize;
    (code / 64 % WORDS, 1 << (code % 64))
}

impl FromIterator<StatusCode> for Statuses {
    fn from_iter<I: IntoIterator<Item = StatusCode>>(statuses: I) -> Self {
        let mut set = Self::default();
        for status in statuses {
            let (word, bit) = place(status);
            set.0[word] |= bit;
        }
        set
    }
}

impl fmt::Debug for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes = (100..1_000).filter_map(|code| StatusCode::from_u16(code).ok());
        f.debug_set()
            .entries(
                codes
                    .filter(|status| self.contains(*status))
                    .map(|status| status.as_u16()),
            )
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_was_put_in_and_nothing_else() {
        let all = || (100..1_000).map(|code| StatusCode::from_u16(code).unwrap());
        for one in all() {
            let set = Statuses::from_iter([one]);
            assert!(
                all().all(|other| set.contains(other) == (other == one)),
                "{one}"
            );
        }
    }

    #[test]
    fn debug_lists_the_codes() {
        assert_eq!(
            format!("{:?}", Statuses::usual()),
            "{408, 429, 500, 502, 503, 504}"
        );
    }
}
