//! How keys are found.

use std::fmt;
use std::hash::{BuildHasher, Hasher};

use quick_cache::DefaultHashBuilder;

/// How a layer's keys are hashed: with seeds of its own, so that nobody can choose keys that meet.
#[derive(Clone, Default)]
pub(crate) struct Hashing(pub(super) DefaultHashBuilder);

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
