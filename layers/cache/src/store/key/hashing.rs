//! How keys are found.

use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::LazyLock;

use quick_cache::DefaultHashBuilder;

use super::Name;

/// How keys are hashed: with seeds that nobody can know, so that nobody can choose keys that meet.
#[derive(Clone)]
pub(crate) struct Hashing(DefaultHashBuilder);

impl Hashing {
    /// That of keys: one for the process, so that layers that are given one store find in it what the
    /// others put there.
    pub(crate) fn of_keys() -> Self {
        static KEYS: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);
        Self(KEYS.clone())
    }

    /// Another one, of what tells users apart.
    pub(crate) fn of_secrets() -> Self {
        static SECRETS: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);
        Self(SECRETS.clone())
    }

    /// Of all of a key but the credentials.
    #[inline]
    pub(crate) fn of_name(&self, name: Name<'_>, partition: &str) -> u64 {
        let mut hasher = self.0.build_hasher();
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
        hasher.finish()
    }

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
