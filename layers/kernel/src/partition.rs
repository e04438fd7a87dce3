use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;

/// Whose credentials a request carries, for cache keys and token slots; never the secret itself.
///
/// Two requests with equal partitions may share what one of them was given. Carried in a request's
/// extensions. Name it after something that is not secret (a tenant, a user's number), or let a
/// [`PartitionHasher`] derive it from a credential. A request without one is this program's own.
///
/// ```
/// use buttress_kernel::Partition;
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(Partition::named("tenant-42"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(Whose);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Whose {
    Anyones,
    Named(Arc<str>),
}

impl Partition {
    /// The partition of this name.
    #[must_use]
    pub fn named(name: impl Into<Arc<str>>) -> Self {
        Self(Whose::Named(name.into()))
    }

    /// The partition of all who have not said who they are: what one of them is given may be for him alone, as a
    /// cookie that begins his session, and the next one is somebody else. So a private cache, which takes a
    /// partition for one user, treats theirs by the rules for shared caches.
    ///
    /// It is for requests that are passed on for others; it has no name.
    ///
    /// ```
    /// use buttress_kernel::Partition;
    /// assert!(Partition::anyone().is_anyone());
    /// assert_ne!(Partition::anyone(), Partition::named(""));
    /// ```
    #[must_use]
    pub const fn anyone() -> Self {
        Self(Whose::Anyones)
    }

    /// Whether it is that of [all who have not said who they are](Self::anyone).
    #[must_use]
    pub const fn is_anyone(&self) -> bool {
        matches!(self.0, Whose::Anyones)
    }

    /// Its name; empty for that of anyone.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Whose::Anyones => "",
            Whose::Named(name) => name,
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Turns a credential into a [`Partition`] that does not give it away.
///
/// A keyed hash of 128 bits with random keys that never leave the process: who sees the partition
/// cannot test guesses of the secret against it, and nobody can choose two secrets that meet. Each
/// hasher has keys of its own, so the same secret has another partition elsewhere; clones agree.
///
/// ```
/// use buttress_kernel::PartitionHasher;
/// let hasher = PartitionHasher::new();
/// assert_eq!(hasher.of_secret(b"Bearer a"), hasher.of_secret(b"Bearer a"));
/// assert_ne!(hasher.of_secret(b"Bearer a"), hasher.of_secret(b"Bearer b"));
/// ```
#[derive(Clone)]
pub struct PartitionHasher([RandomState; 2]);

impl PartitionHasher {
    /// A hasher with keys of its own.
    #[must_use]
    pub fn new() -> Self {
        Self([RandomState::new(), RandomState::new()])
    }

    /// The partition of whoever holds `secret`.
    #[must_use]
    pub fn of_secret(&self, secret: &[u8]) -> Partition {
        let [high, low] = &self.0;
        let (high, low) = (high.hash_one(secret), low.hash_one(secret));
        Partition::named(format!("{high:016x}{low:016x}"))
    }
}

impl Default for PartitionHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PartitionHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartitionHasher").finish_non_exhaustive()
    }
}
