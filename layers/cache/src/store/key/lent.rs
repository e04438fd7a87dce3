//! Keys on loan, so that a look-up costs no allocation.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};

use quick_cache::Equivalent;

use super::hex::hex;
use super::{Credentials, DIGEST, Hashing, Key};

/// A [`Key`] on loan, in pieces: to look something up costs no allocation.
#[derive(Clone, Copy)]
pub struct KeyRef<'a> {
    pub(super) hash: u64,
    pub(super) name: Name<'a>,
    pub(super) partition: &'a str,
    pub(super) credentials: Option<Credentials>,
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

    /// Everything that makes it this key and no other, piece by piece, the same in each process.
    #[cfg(feature = "disk")]
    pub(crate) fn each_piece(&self, mut give: impl FnMut(&[u8])) {
        let pieces = self.name.pieces();
        let length: usize = pieces.iter().map(|piece| piece.len()).sum();
        give(&(length as u64).to_be_bytes());
        give(&[self.credentials.is_some().into()]);
        for piece in pieces.iter().chain([&self.partition]) {
            give(piece.as_bytes());
        }
        for part in self.credentials.into_iter().flatten() {
            give(&hex(part));
        }
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
