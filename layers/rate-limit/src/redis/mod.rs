//! Buckets in a Redis server.

use std::error::Error;
use std::fmt;
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError, Script};

use crate::rate::Rate;
use crate::store::{Store, Verdict};

/// Buckets in a Redis server, version 5 or later, for limits that several processes or machines share.
///
/// Each bucket is one key, which expires when the bucket is full. A call is one round trip: a script
/// takes the tokens there, by the server's clock, all or none.
///
/// Nothing is connected before the first call, and a connection that is lost is made anew. Calls wait
/// for it as long as they are allowed to: within a layer that is
/// [`store_timeout`](crate::RateLimitLayer::store_timeout), and else a second. It belongs to the
/// runtime of the first call. There is no TLS in it: put a tunnel in between, or write a [`Store`] over
/// a client that has it.
///
/// ```
/// use buttress_rate_limit::RateLimitLayer;
/// use buttress_rate_limit::redis::Redis;
///
/// let store = Redis::new("redis://127.0.0.1/")?.prefix("shop:limits:");
/// let layer = RateLimitLayer::per_second(50)?.store(store);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// # Cancellation
///
/// See [`Store`]. A call that was dropped may have reached the server.
pub struct Redis {
    client: Client,
    prefix: String,
    /// Made in the first call, since it needs a runtime.
    connection: OnceLock<ConnectionManager>,
}

static BUCKET: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("bucket.lua")));

/// The most that a call takes where nobody is less patient.
const PATIENCE: Duration = Duration::from_secs(1);

impl Redis {
    /// The server with this address, such as `redis://user:password@host:6379/0` or
    /// `redis+unix:///run/redis.sock`.
    ///
    /// # Errors
    ///
    /// If it is no address of a server.
    pub fn new(address: &str) -> Result<Self, InvalidAddress> {
        // What the library says of it may repeat a part of it, and so a password.
        let client = Client::open(address).map_err(|_| InvalidAddress(()))?;
        Ok(Self {
            client,
            prefix: "buttress:rate-limit:".to_owned(),
            connection: OnceLock::new(),
        })
    }

    /// What the names of all buckets begin with, in place of `buttress:rate-limit:`. Layers with
    /// different prefixes share no limit.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    fn connection(&self) -> Result<ConnectionManager, RedisError> {
        if let Some(connection) = self.connection.get() {
            return Ok(connection.clone());
        }
        // The layer asks again after a pause, so each call tries once.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let new = ConnectionManager::new_lazy_with_config(self.client.clone(), config)?;
        Ok(self.connection.get_or_init(|| new).clone())
    }

    async fn run(&self, key: &str, cost: i64, rate: Rate) -> Result<(i64, u64), RedisError> {
        let key = format!("{}{key}", self.prefix);
        let interval = u64::try_from(rate.interval().as_nanos()).unwrap_or(u64::MAX);
        let mut call = BUCKET.key(key);
        call.arg(interval).arg(rate.capacity()).arg(cost);
        call.invoke_async(&mut self.connection()?).await
    }
}

impl Store for Redis {
    type Error = Unavailable;

    async fn take(&self, key: &str, cost: u32, rate: Rate) -> Result<Verdict, Unavailable> {
        let (granted, figure) = self.run(key, cost.into(), rate).await?;
        Ok(if granted == 1 {
            let remaining = u32::try_from(figure).unwrap_or(u32::MAX);
            Verdict::Granted { remaining }
        } else {
            Verdict::RetryIn(Duration::from_nanos(figure))
        })
    }

    async fn refund(&self, key: &str, cost: u32, rate: Rate) -> Result<(), Unavailable> {
        self.run(key, -i64::from(cost), rate).await?;
        Ok(())
    }
}

/// Without the address, which may hold a password.
impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// The Redis server did not do what it was asked; the source says why.
#[derive(Debug)]
pub struct Unavailable(RedisError);

impl From<RedisError> for Unavailable {
    fn from(error: RedisError) -> Self {
        Self(error)
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the Redis server is of no use: ")?;
        f.write_str(self.0.category())
    }
}

impl Error for Unavailable {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// An address that leads to no Redis server. It is not repeated here: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidAddress(());

impl fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the address must be of the form redis://host:port/database")
    }
}

impl Error for InvalidAddress {}
