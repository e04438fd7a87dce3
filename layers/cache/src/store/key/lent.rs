//! Keys on loan, so that a look-up costs no allocation.

use std::fmt;
use std::hash::{Hash, Hasher};

use quick_cache::Equivalent;

use super::hex::hex;
use super::{Credentials, DIGEST, Hashing, Key, Whose};

/// A [`Key`] on loan, in pieces: to look something up costs no allocation.
#[derive(Clone, Copy)]
pub struct KeyRef<'a> {
    pub(super) hash: u64,
    pub(super) name: Name<'a>,
    pub(super) partition: &'a str,
    pub(super) credentials: Option<Credentials>,
    pub(super) whose: Whose,
}

/// The name in a key.
#[derive(Clone, Copy)]
pub(crate) enum Name<'a> {
    /// Of a URI.
    Uri {
        /// Empty when nobody knows it.
        scheme: &'a str,
        authority: &'a str,
        /// With the query.
        path: &'a str,
    },
    /// The same in one piece.
    Text(&'a str),
    /// That a caller gave, which is no URI's.
    Given(&'a str),
}

impl<'a> Name<'a> {
    /// Whether the sequence of the pieces is this text.
    #[inline]
    fn is(&self, text: &[u8]) -> bool {
        match *self {
            Self::Uri {
                scheme: "https",
                authority,
                path,
            } => text
                .strip_prefix(b"https://")
                .is_some_and(|rest| is_both(rest, authority, path)),
            Self::Uri {
                scheme,
                authority,
                path,
            } => {
                let rest = text.strip_prefix(scheme.as_bytes());
                let rest = rest.and_then(|rest| rest.strip_prefix(mark(scheme).as_bytes()));
                rest.is_some_and(|rest| is_both(rest, authority, path))
            }
            Self::Text(name) | Self::Given(name) => name.as_bytes() == text,
        }
    }

    /// The pieces whose sequence is the name.
    pub(crate) const fn pieces(&self) -> [&'a str; 4] {
        match *self {
            Self::Uri {
                scheme,
                authority,
                path,
            } => [scheme, mark(scheme), authority, path],
            Self::Text(name) | Self::Given(name) => [name, "", "", ""],
        }
    }

    const fn is_given(&self) -> bool {
        matches!(self, Self::Given(_))
    }
}

/// What stands between a scheme, if there is one, and the authority.
const fn mark(scheme: &str) -> &'static str {
    if scheme.is_empty() { "//" } else { "://" }
}

#[inline]
fn is_both(text: &[u8], first: &str, second: &str) -> bool {
    text.strip_prefix(first.as_bytes()) == Some(second.as_bytes())
}

impl<'a> KeyRef<'a> {
    #[inline]
    pub(crate) fn new(
        hashing: &Hashing,
        name: Name<'a>,
        partition: &'a str,
        credentials: Option<Credentials>,
    ) -> Self {
        Self::at(
            hashing.of_name(name, partition),
            name,
            partition,
            credentials,
        )
    }

    /// With the hash of name and partition.
    #[inline]
    pub(crate) fn at(
        hash: u64,
        name: Name<'a>,
        partition: &'a str,
        credentials: Option<Credentials>,
    ) -> Self {
        Self {
            // Half of the digest is as good as random.
            hash: hash ^ credentials.map_or(0, |[high, _]| high),
            name,
            partition,
            credentials,
            whose: Whose::Own,
        }
    }

    /// The same by these rules.
    #[inline]
    pub(crate) const fn of(mut self, whose: Whose) -> Self {
        self.whose = whose;
        self
    }

    /// A number that is the same for equal keys of one process, and differs from process to process.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// The key at rest.
    #[must_use]
    pub fn keep(&self) -> Key {
        let mut text = self.name.pieces().concat();
        // A longer one is cut, at a place where no character is cut with it.
        let mut end = text.len().min(u32::MAX as usize);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        let name = u32::try_from(end).unwrap_or(u32::MAX);
        text.push_str(self.partition);
        for part in self.credentials.into_iter().flatten() {
            text.extend(hex(part).map(char::from));
        }
        Key {
            hash: self.hash,
            text: text.into(),
            name,
            proved: self.credentials.is_some(),
            whose: self.whose,
            given: self.name.is_given(),
        }
    }

    pub(crate) const fn name(&self) -> Name<'a> {
        self.name
    }

    /// Everything that makes it this key and no other, piece by piece, the same in each process.
    #[cfg(feature = "disk")]
    pub(crate) fn each_piece(&self, mut give: impl FnMut(&[u8])) {
        let pieces = self.name.pieces();
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        give(&(length as u64).to_be_bytes());
        let proved = self.credentials.is_some();
        give(&[super::kind(proved, self.whose, self.name.is_given())]);
        for piece in pieces.iter().chain([&self.partition]) {
            give(piece.as_bytes());
        }
        for part in self.credentials.into_iter().flatten() {
            give(&hex(part));
        }
    }

    /// Whether the pieces are those of a `key` with the same hash.
    fn is(&self, key: &Key) -> bool {
        let (name, mut rest) = key.text.as_bytes().split_at(key.name as usize);
        let alike = self.whose == key.whose && self.name.is_given() == key.given;
        if !alike || !self.name.is(name) {
            return false;
        }
        match rest.strip_prefix(self.partition.as_bytes()) {
            Some(others) => rest = others,
            None => return false,
        }
        match self.credentials {
            None => rest.is_empty(),
            // The other half is in the hashes, which are equal, as are the names.
            Some([_, low]) => {
                rest.len() == DIGEST && rest.last_chunk::<{ DIGEST / 2 }>() == Some(&hex(low))
            }
        }
    }
}

impl Hash for KeyRef<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Equivalent<Key> for KeyRef<'_> {
    #[inline]
    fn equivalent(&self, key: &Key) -> bool {
        self.hash == key.hash && self.is(key)
    }
}

impl fmt::Debug for KeyRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.keep().fmt(f)
    }
}
