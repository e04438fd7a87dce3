//! What a response is stored under: a name and a partition.

mod hashing;
mod hex;
mod lent;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

pub(super) use self::hashing::Carried;
pub(crate) use self::hashing::Hashing;
pub use self::lent::KeyRef;
pub(crate) use self::lent::Name;

/// What a response is stored under: the URI of its request, or a name that the caller gave, and the
/// partition. Cheap to clone.
///
/// Two keys are equal when all of it is equal; the hash only helps to find them. A name that a caller gave
/// is never that of a URI, even where their texts are equal.
#[derive(Clone)]
pub struct Key {
    hash: u64,
    /// Name and partition, one behind the other.
    text: Arc<str>,
    /// Where the name ends. No name is so long that this is too small for it.
    name: u32,
    /// Whether the partition ends with a digest of credentials.
    proved: bool,
    whose: Whose,
    /// Whether a caller gave the name.
    given: bool,
}

/// How many characters a digest of credentials has.
const DIGEST: usize = 32;

/// By what rules it was stored: none of them takes what is stored by others for its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// In a private cache, of one user.
    Own,
    /// In a shared cache.
    All,
    /// In a private cache, of those who have not said who they are.
    Anyones,
}

/// Whether credentials are at the end of a partition, by what rules it was stored, and whether a caller gave the
/// name, in one byte.
#[cfg(any(feature = "disk", feature = "redis"))]
const fn kind(proved: bool, whose: Whose, given: bool) -> u8 {
    let whose = match whose {
        Whose::Own => 0,
        Whose::All => 1 << 1,
        Whose::Anyones => 1 << 3,
    };
    proved as u8 | whose | (given as u8) << 2
}

/// A digest of what a request proves itself with.
pub(crate) type Credentials = [u64; 2];

impl Key {
    /// The URI, or the name that the caller gave.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.text[..self.name as usize]
    }

    #[inline]
    pub(crate) const fn whose(&self) -> Whose {
        self.whose
    }

    /// Whose responses these are; empty when they are everybody's. Never a secret.
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.text[self.name as usize..]
    }

    /// A number that is the same for equal keys of one process, and differs from process to process.
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
            name: if self.given {
                Name::Given(self.name())
            } else {
                Name::Text(self.name())
            },
            partition,
            credentials,
            whose: self.whose,
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

    /// Name and partition as one text, where the name ends in it, and of which kind it is: what tells a
    /// key from all others in each process.
    #[cfg(any(feature = "disk", feature = "redis"))]
    pub(crate) fn identity(&self) -> (&str, u32, u8) {
        let kind = kind(self.proved, self.whose, self.given);
        (&self.text, self.name, kind)
    }

    /// How many bytes it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.text.len()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
            && self.name == other.name
            && self.whose == other.whose
            && self.given == other.given
            && self.text == other.text
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
