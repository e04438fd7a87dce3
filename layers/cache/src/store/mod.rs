//! Where responses are kept.
//!
//! [`Memory`] is the usual place. A [`Store`] of your own keeps them elsewhere: on disk, in another
//! process. The layer decides what to store, for how long and for whom; a store only keeps it.
//!
//! A store that fails, or takes longer than the layer's
//! [`store_timeout`](crate::CacheLayer::store_timeout), is as good as empty: the layer asks the
//! origin, and tells of it in an event.

mod answer;
mod key;
mod memory;
mod packed;
mod selector;
#[cfg(test)]
pub(crate) mod suite;
mod variant;
mod written;

use std::ops::Range;

use buttress_kernel::Body;

pub use self::answer::{Answer, Pending};
pub(crate) use self::key::{Credentials, Hashing, Name};
pub use self::key::{Key, KeyRef};
pub use self::memory::Memory;
pub use self::selector::Selector;
pub use self::variant::{Head, Tags, Variant, Variants};

/// Keeps responses.
///
/// Heads and bodies are apart, so that a head can be updated without its body. Under one key there
/// are several responses, told apart by number: the variants of one resource
/// ([RFC 9111 §4.1](https://www.rfc-editor.org/rfc/rfc9111#section-4.1)).
///
/// Each method answers [at once](Answer::Now), or [later](Answer::Later) with a future, which the
/// layer may drop when it takes too long. Dropped or not, what it was to do must be done whole or not
/// at all.
///
/// The calls for one key can come in any order and at the same time; a response that is put while
/// another one is put must not be lost.
pub trait Store: Send + Sync + 'static {
    /// Everything stored under a key, the newest first. Bodies may come along
    /// ([`Variant::body`]) or stay behind.
    fn get(&self, key: KeyRef<'_>) -> Answer<Variants>;

    /// These bytes of the body of a response that came without it, or `None` if it is gone.
    fn body(&self, key: &Key, id: u64, range: Range<u64>) -> Answer<Option<Body>>;

    /// Adds a response, which has a body, and forgets those of the numbers in `replaces` and any of
    /// the same number.
    fn put(&self, key: &Key, variant: Variant, replaces: &[u64]) -> Answer<()>;

    /// Gives a response another head. Does nothing when it is gone.
    fn update(&self, key: &Key, id: u64, head: Head) -> Answer<()>;

    /// Forgets the responses of these numbers.
    fn remove(&self, key: &Key, ids: &[u64]) -> Answer<()>;

    /// Forgets whatever the selector picks, and says how many responses that were.
    fn invalidate(&self, selector: &Selector) -> Answer<usize>;
}
