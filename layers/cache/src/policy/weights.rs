//! Lists of preferences with weights (RFC 9110 §12.4.2), compared by what they mean.

use super::list;

/// More preferences than this are compared as they are written.
const MOST: usize = 16;

/// One preference, and its weight in thousandths.
#[derive(Clone, Copy, Debug, Default)]
struct Preference<'a> {
    value: &'a [u8],
    weight: u16,
}

/// The preferences of a field, in a place of fixed size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Preferences<'a> {
    all: [Preference<'a>; MOST],
    count: usize,
}

impl<'a> Preferences<'a> {
    /// Nothing when there are too many of them, or one has an unknown parameter.
    pub(super) fn parse(lines: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let mut all = [Preference::default(); MOST];
        let mut count = 0;
        for member in list::members(lines) {
            *all.get_mut(count)? = Preference::parse(member)?;
            count += 1;
        }
        Some(Self { all, count })
    }

    fn list(&self) -> &[Preference<'a>] {
        &self.all[..self.count]
    }

    /// Whether both prefer the same, in whatever order and case.
    pub(super) fn same(&self, other: &Self) -> bool {
        let times = |all: &[Preference<'_>], one: &Preference<'_>| {
            all.iter().filter(|other| one.same(other)).count()
        };
        self.count == other.count
            && self
                .list()
                .iter()
                .all(|one| times(self.list(), one) == times(other.list(), one))
    }

    /// Whether this value is preferred to all others.
    pub(super) fn prefer(&self, value: &[u8]) -> bool {
        let (mut best, mut rest) = (0, 0);
        for one in self.list() {
            let slot = if one.value.eq_ignore_ascii_case(value) {
                &mut best
            } else {
                &mut rest
            };
            *slot = one.weight.max(*slot);
        }
        best > rest
    }
}

impl<'a> Preference<'a> {
    fn parse(member: &'a [u8]) -> Option<Self> {
        let mut parts = member.split(|byte| *byte == b';').map(list::trim);
        let value = parts.next()?;
        let weight = match parts.next() {
            None => 1_000,
            Some([b'q' | b'Q', b'=', weight @ ..]) => thousandths(weight)?,
            Some(_) => return None,
        };
        parts.next().is_none().then_some(Self { value, weight })
    }

    fn same(&self, other: &Self) -> bool {
        self.weight == other.weight && self.value.eq_ignore_ascii_case(other.value)
    }
}

/// `0.5` as 500: at most three places, at most one.
fn thousandths(text: &[u8]) -> Option<u16> {
    let (whole, places) = match text {
        [whole @ (b'0' | b'1')] => (whole, &b""[..]),
        [whole @ (b'0' | b'1'), b'.', places @ ..] if places.len() <= 3 => (whole, places),
        _ => return None,
    };
    let digits = places.iter().chain(b"000").take(3);
    let part = digits.into_iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u16::from(byte - b'0'))
    })?;
    let weight = u16::from(whole - b'0') * 1_000 + part;
    (weight <= 1_000).then_some(weight)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<Preferences<'_>> {
        Preferences::parse([text.as_bytes()].into_iter())
    }

    fn same(one: &str, other: &str) -> bool {
        read(one).unwrap().same(&read(other).unwrap())
    }

    #[test]
    fn order_case_and_white_space_mean_nothing() {
        assert!(same("en, de", "de,en"));
        assert!(same("en, de", "eN ,  De"));
        assert!(same("en;q=0.5, de", "de;q=1.0, EN ; q=0.50"));
        assert!(same("", ""));
    }

    #[test]
    fn other_values_and_weights_are_others() {
        assert!(!same("en", "de"));
        assert!(!same("en, de", "en"));
        assert!(!same("en", "en, de"));
        assert!(!same("en;q=0.5", "en;q=0.6"));
        assert!(!same("en, en, de", "en, de, de"));
    }

    #[test]
    fn weights_have_three_places_and_are_at_most_one() {
        let table: [(&str, Option<u16>); 14] = [
            ("0", Some(0)),
            ("1", Some(1_000)),
            ("0.", Some(0)),
            ("0.5", Some(500)),
            ("0.25", Some(250)),
            ("0.125", Some(125)),
            ("1.000", Some(1_000)),
            ("1.001", None),
            ("0.1234", None),
            ("2", None),
            ("", None),
            (".5", None),
            ("0.x", None),
            ("-0", None),
        ];
        for (text, weight) in table {
            assert_eq!(thousandths(text.as_bytes()), weight, "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_not_compared() {
        assert!(read("en;q=x").is_none());
        assert!(read("en;level=1").is_none());
        assert!(read("en;q=1;level=1").is_none());
        assert!(read(&["x"; 16].join(",")).is_some());
        assert!(read(&["x"; 17].join(",")).is_none());
    }

    #[test]
    fn one_value_is_preferred_to_all_others() {
        let prefer = |list, value: &str| read(list).unwrap().prefer(value.as_bytes());
        assert!(prefer("fr;q=0.5, de;q=1.0", "de"));
        assert!(prefer("fr;q=0.5, de", "DE"));
        assert!(prefer("de", "de"));
        assert!(!prefer("fr;q=0.5, de", "fr"));
        assert!(!prefer("en, de", "de"));
        assert!(!prefer("de;q=0", "de"));
        assert!(!prefer("", "de"));
        assert!(!prefer("en", "de"));
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_parser(text in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Preferences::parse([text.as_slice()].into_iter());
        }

        #[test]
        fn a_shuffled_list_is_the_same(list in prop::collection::vec("[a-z]{2}(;q=0\\.[0-9])?", 0..10)) {
            let mut sorted = list.clone();
            sorted.sort();
            prop_assert!(same(&list.join(", "), &sorted.join(",")));
        }
    }
}
