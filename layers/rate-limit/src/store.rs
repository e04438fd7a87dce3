//! Limits that several processes share.

use std::future::Future;
use std::time::Duration;

use buttress_kernel::BoxError;

use crate::rate::Rate;

/// Buckets that several processes share, for
/// [`RateLimitLayer::store`](crate::RateLimitLayer::store).
///
/// A store holds a bucket for each key that it is asked about: full when the key is met first, refilled
/// at the `rate` that comes with each call, never fuller than its
/// [`capacity`](Rate::capacity). One number is enough, the instant at which the bucket will be full
/// (the *generic cell rate algorithm*): a cost fits in if that instant, or now if that is later, plus
/// `cost` times the [`interval`](Rate::interval) lies at most `capacity` intervals ahead, and then
/// becomes the new instant. What has passed can be forgotten. Instants must be those of one clock, the
/// store's own, since those of its callers differ.
///
/// [`InProcess`](crate::InProcess) is one; with feature `redis`, `redis::Redis` is another.
///
/// # Cancellation
///
/// A call to [`take`](Self::take) that has begun is not dropped with the request that it was for: it
/// runs on in a task of its own, and what it brings is given back. It is dropped when it takes longer
/// than [`store_timeout`](crate::RateLimitLayer::store_timeout). Its tokens are used then, since the
/// request goes on.
///
/// ```
/// use std::collections::HashMap;
/// use std::convert::Infallible;
/// use std::sync::Mutex;
/// use std::time::Duration;
/// use buttress_rate_limit::{Rate, Store, Verdict};
/// use tokio::time::Instant;
///
/// /// When each key's bucket will be full.
/// #[derive(Default)]
/// struct Map(Mutex<HashMap<String, Instant>>);
///
/// impl Store for Map {
///     type Error = Infallible;
///
///     async fn take(&self, key: &str, cost: u32, rate: Rate) -> Result<Verdict, Infallible> {
///         let mut map = self.0.lock().unwrap();
///         let now = Instant::now();
///         let full_at = map.get(key).map_or(now, |full_at| now.max(*full_at));
///         let paid = full_at + rate.interval() * cost;
///         let window = rate.interval() * rate.capacity();
///         let missing = paid - now;
///         if missing > window {
///             return Ok(Verdict::RetryIn(missing - window));
///         }
///         map.insert(key.to_owned(), paid);
///         let left = (window - missing).as_nanos() / rate.interval().as_nanos();
///         Ok(Verdict::Granted { remaining: left as u32 })
///     }
///
///     async fn refund(&self, key: &str, cost: u32, rate: Rate) -> Result<(), Infallible> {
///         if let Some(full_at) = self.0.lock().unwrap().get_mut(key) {
///             *full_at -= rate.interval() * cost;
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait Store: Send + Sync + 'static {
    /// Why it cannot say. The layer tells of it in an event and asks its own bucket, so it must not
    /// hold a secret.
    type Error: Into<BoxError>;

    /// Takes `cost` tokens from the bucket of `key` if they are all there, and none if they are not.
    /// The cost is never more than the rate's [`capacity`](Rate::capacity).
    fn take(
        &self,
        key: &str,
        cost: u32,
        rate: Rate,
    ) -> impl Future<Output = Result<Verdict, Self::Error>> + Send;

    /// Puts back what was taken for a request that was not sent. What does not fit in is lost.
    fn refund(
        &self,
        key: &str,
        cost: u32,
        rate: Rate,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What a [`Store`] answers.
// Closed: there is nothing else to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The tokens are taken.
    Granted {
        /// So many whole tokens are left.
        remaining: u32,
    },
    /// The tokens are not there, and will be after this time, if nobody else takes them.
    RetryIn(Duration),
}
