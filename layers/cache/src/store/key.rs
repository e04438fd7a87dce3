//! What a response is stored under: a name and a partition.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use quick_cache::{DefaultHashBuilder, Equivalent};

/// What a response is stored under: the URI of its request, or a name that the caller gave, and the
/// partition. Cheap to clone.
///
/// Two keys are equal when all of it is equal; the hash only helps to find them.
#[derive(Clone)]
pub struct Key {
    hash: u64,
    /// Name and partition, one behind the other.
    text: Arc<str>,
    /// Where the name ends. No name is so long that this is too small for it.
    name: u32,
    /// Whether the partition ends with a digest of credentials.
    proved: bool,
}

/// How many characters a digest of credentials has.
const DIGEST: usize = 32;

impl Key {
    /// The URI, or the name that the caller gave.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.text[..self.name as usize]
    }

    /// Whose responses these are; empty when they are everybody's. Never a secret.
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.text[self.name as usize..]
    }

    /// A number that is the same for equal keys of one layer, and differs from process to process.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// The key, lent.
    #[must_use]
    pub fn lend(&self) -> KeyRef<'_> {
        let (partition, credentials) = self.owner();
        KeyRef {
            hash: self.hash,
            name: Name::Whole(self.name()),
            partition,
            credentials,
        }
    }

    /// The partition in its parts: its name, and the credentials.
    pub(crate) fn owner(&self) -> (&str, Option<Credentials>) {
        let partition = self.partition();
        let Some(at) = partition.len().checked_sub(DIGEST).filter(|_| self.proved) else {
            return (partition, None);
        };
        let (name, digest) = partition.split_at(at);
        let number = |text: &str| u64::from_str_radix(text, 16).unwrap_or_default();
        let (high, low) = digest.split_at(DIGEST / 2);
        (name, Some([number(high), number(low)]))
    }

    /// How many bytes it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.text.len()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.name == other.name && self.text == other.text
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the query: it may hold secrets.
        let path = self.name().split('?').next().unwrap_or_default();
        f.debug_tuple("Key").field(&path).finish()
    }
}

/// A [`Key`] on loan, in pieces: to look something up costs no allocation.
#[derive(Clone, Copy)]
pub struct KeyRef<'a> {
    hash: u64,
    name: Name<'a>,
    partition: &'a str,
    credentials: Option<Credentials>,
}

/// A digest of what a request proves itself with.
pub(crate) type Credentials = [u64; 2];

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
    Whole(&'a str),
}

impl<'a> Name<'a> {
    /// The pieces whose sequence is the name.
    const fn pieces(&self) -> [&'a str; 4] {
        match *self {
            Self::Uri {
                scheme,
                authority,
                path,
            } => {
                let mark = if scheme.is_empty() { "//" } else { "://" };
                [scheme, mark, authority, path]
            }
            Self::Whole(name) => [name, "", "", ""],
        }
    }
}

impl<'a> KeyRef<'a> {
    #[inline]
    pub(crate) fn new(
        hashing: &Hashing,
        name: Name<'a>,
        partition: &'a str,
        credentials: Option<Credentials>,
    ) -> Self {
        let mut hasher = hashing.0.build_hasher();
        match name {
            Name::Uri {
                scheme,
                authority,
                path,
            } => {
                hasher.write(scheme.as_bytes());
                hasher.write(authority.as_bytes());
                hasher.write(path.as_bytes());
            }
            Name::Whole(name) => hasher.write(name.as_bytes()),
        }
        if !partition.is_empty() {
            hasher.write(partition.as_bytes());
        }
        if let Some([high, low]) = credentials {
            hasher.write_u64(high);
            hasher.write_u64(low);
        }
        Self {
            hash: hasher.finish(),
            name,
            partition,
            credentials,
        }
    }

    /// A number that is the same for equal keys of one layer, and differs from process to process.
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
        }
    }

    pub(crate) const fn name_pieces(&self) -> [&'a str; 4] {
        self.name.pieces()
    }

    /// Whether the pieces are those of `key`.
    fn is(&self, key: &Key) -> bool {
        let mut name = key.name();
        for piece in self.name.pieces() {
            match name.strip_prefix(piece) {
                Some(rest) => name = rest,
                None => return false,
            }
        }
        let Some(rest) = key.partition().strip_prefix(self.partition) else {
            return false;
        };
        name.is_empty()
            && match self.credentials {
                None => rest.is_empty(),
                Some([high, low]) => {
                    let rest = rest.as_bytes();
                    rest.len() == DIGEST && rest[..16] == hex(high) && rest[16..] == hex(low)
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

/// How a layer's keys are hashed: with seeds of its own, so that nobody can choose keys that meet.
#[derive(Clone, Default)]
pub(crate) struct Hashing(DefaultHashBuilder);

impl Hashing {
    #[inline]
    pub(crate) fn hash(&self, bytes: &[u8]) -> u64 {
        let mut hasher = self.0.build_hasher();
        hasher.write(bytes);
        hasher.finish()
    }
}

impl fmt::Debug for Hashing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hashing")
    }
}

/// Each byte in two digits.
static PAIRS: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    pairs
};

#[inline]
fn hex(number: u64) -> [u8; 16] {
    let mut text = [0; 16];
    for (pair, byte) in text.chunks_exact_mut(2).zip(number.to_be_bytes()) {
        pair.copy_from_slice(&PAIRS[usize::from(byte)]);
    }
    text
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
