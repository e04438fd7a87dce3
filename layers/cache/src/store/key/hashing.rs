//! How keys are found.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

use super::Name;

/// How names are hashed: with seeds that nobody can know, so that nobody can choose names that meet.
///
/// A name comes in pieces, of which a general hasher makes one hash each, and remembers in between what
/// it may be given next; here they are folded into one, sixteen bytes a step.
#[derive(Clone, Copy)]
pub(crate) struct Hashing {
    start: u64,
    other: u64,
}

impl Hashing {
    /// That of keys: one for the process, so that layers that are given one store find in it what the
    /// others put there.
    pub(crate) fn of_keys() -> Self {
        static KEYS: LazyLock<Hashing> = LazyLock::new(Hashing::random);
        *KEYS
    }

    fn random() -> Self {
        let random = RandomState::new();
        Self {
            start: random.hash_one(0),
            other: random.hash_one(1),
        }
    }

    /// Of all of a key but the credentials. It is on the way of every request.
    #[inline(always)]
    pub(crate) fn of_name(&self, name: Name<'_>, partition: &str) -> u64 {
        let mut hash = self.start;
        match name {
            Name::Uri {
                scheme,
                authority,
                path,
            } => {
                // Which of those with so many letters it is, is found when keys are compared.
                hash = hash.wrapping_add(scheme.len() as u64);
                hash = self.and(hash, authority.as_bytes());
                hash = self.and(hash, path.as_bytes());
            }
            // A key has the hash of its pieces; whoever asks for it by its text need not find it.
            Name::Text(name) => hash = self.and(hash, name.as_bytes()),
            Name::Given(name) => hash = self.and(!hash, name.as_bytes()),
        }
        if !partition.is_empty() {
            hash = self.and(hash, partition.as_bytes());
        }
        // Tables take both ends of it.
        fold(hash, self.other)
    }

    /// Of the end of a secret, where random ones differ as much as anywhere: good enough to tell users
    /// apart as long as nobody comes to harm when it does not.
    #[inline]
    pub(crate) fn of_end(&self, secret: &[u8]) -> u64 {
        let end = secret.len().saturating_sub(STEP);
        self.and(self.start ^ secret.len() as u64, &secret[end..])
    }

    /// Of all of a secret.
    #[inline]
    pub(crate) fn of_secret(&self, secret: &[u8]) -> u64 {
        fold(self.and(!self.start, secret), self.other)
    }

    /// Folds a piece into a hash.
    #[inline(always)]
    fn and(&self, hash: u64, piece: &[u8]) -> u64 {
        // Where a piece ends makes a difference, too.
        let mut hash = hash.wrapping_add((piece.len() as u64).rotate_right(8));
        let Some(last) = piece.last_chunk() else {
            if piece.is_empty() {
                return hash;
            }
            let (low, high) = ends(piece);
            return fold(hash ^ low, self.other ^ high);
        };
        let mut rest = piece;
        while let Some((step, more)) = rest.split_first_chunk()
            && !more.is_empty()
        {
            hash = self.step(hash, step);
            rest = more;
        }
        // Some of it for the second time, unless nothing else is left.
        self.step(hash, last)
    }

    #[inline]
    fn step(&self, hash: u64, step: &[u8; STEP]) -> u64 {
        let (low, high) = halves(u128::from_le_bytes(*step));
        fold(hash ^ low, self.other ^ high)
    }
}

/// So many bytes are taken at once.
const STEP: usize = 16;

/// All of a piece that is shorter than a step, some of it twice.
#[inline]
fn ends(piece: &[u8]) -> (u64, u64) {
    if let (Some(first), Some(last)) = (piece.first_chunk(), piece.last_chunk()) {
        return (u64::from_ne_bytes(*first), u64::from_ne_bytes(*last));
    }
    if let (Some(first), Some(last)) = (piece.first_chunk(), piece.last_chunk()) {
        return (
            u32::from_ne_bytes(*first).into(),
            u32::from_ne_bytes(*last).into(),
        );
    }
    let short = piece
        .iter()
        .fold(0, |all, byte| all << 8 | u64::from(*byte));
    (short, 0)
}

/// Each bit of the one makes a difference to each of the other.
#[inline]
fn fold(one: u64, other: u64) -> u64 {
    let (low, high) = halves(u128::from(one) * u128::from(other));
    low ^ high
}

#[inline]
fn halves(number: u128) -> (u64, u64) {
    #[allow(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    let low = number as u64;
    #[allow(
        clippy::cast_possible_truncation,
        reason = "nothing but the upper half is left"
    )]
    let high = (number >> 64) as u64;
    (low, high)
}

impl fmt::Debug for Hashing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hashing")
    }
}

/// Finds keys by the hash that they carry.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Carried(u64);

impl Hasher for Carried {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    #[inline]
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

impl BuildHasher for Carried {
    type Hasher = Self;

    #[inline]
    fn build_hasher(&self) -> Self {
        *self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn uri<'a>(scheme: &'a str, authority: &'a str, path: &'a str) -> Name<'a> {
        Name::Uri {
            scheme,
            authority,
            path,
        }
    }

    #[test]
    fn each_byte_of_a_name_makes_a_difference_whatever_its_length() {
        let hashing = Hashing::of_keys();
        let mut hashes = HashSet::new();
        for length in 0..70 {
            let path = "/".repeat(length);
            assert!(hashes.insert(hashing.of_name(Name::Given(&path), "")));
            for at in 0..length {
                let mut other = path.clone();
                other.replace_range(at..=at, "x");
                assert!(
                    hashes.insert(hashing.of_name(Name::Given(&other), "")),
                    "{at} of {length}"
                );
            }
        }
    }

    #[test]
    fn it_matters_where_a_piece_ends() {
        let hashing = Hashing::of_keys();
        let names = [
            (uri("https", "a.example", "/b/c"), ""),
            (uri("https", "a.example/b", "/c"), ""),
            (uri("http", "a.example", "/b/c"), ""),
            (uri("", "a.example", "/b/c"), ""),
            (uri("https", "a.example", "/b"), "/c"),
            (Name::Given("https://a.example/b/c"), ""),
            (uri("", "", "/b/c"), ""),
            (Name::Given("/b/c"), ""),
        ];
        let hashes = names.map(|(name, partition)| hashing.of_name(name, partition));
        assert_eq!(HashSet::from(hashes).len(), names.len());
    }

    #[test]
    fn hashes_are_spread_over_both_ends() {
        let hashing = Hashing::of_keys();
        let mut seen = [[0_u32; 64]; 2];
        for number in 0..6_400 {
            let path = format!("/users/{number}");
            let hash = hashing.of_name(uri("https", "api.example.com", &path), "");
            for (end, place) in [hash & 63, hash >> 58].into_iter().enumerate() {
                seen[end][usize::try_from(place).expect("below 64")] += 1;
            }
        }
        // A hundred are expected in each place.
        assert!(seen.iter().flatten().all(|count| (40..200).contains(count)));
    }

    #[test]
    fn secrets_are_told_apart_by_their_ends_and_lengths_and_as_a_whole() {
        let hashing = Hashing::of_keys();
        let ends = [
            "",
            "a",
            "Bearer a",
            "Bearer b",
            "Bearer 00123456789abcdef",
            "Bearer 10123456789abcdef",
        ];
        let marks: HashSet<_> = ends.map(|secret| hashing.of_end(secret.as_bytes())).into();
        assert_eq!(marks.len(), ends.len() - 1, "two end in the same way");
        let wholes: HashSet<_> = ends
            .map(|secret| hashing.of_secret(secret.as_bytes()))
            .into();
        assert_eq!(wholes.len(), ends.len());
    }
}
