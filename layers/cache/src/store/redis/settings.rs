use std::fmt;
use std::time::Duration;

use redis::{Client, IntoConnectionInfo};

use super::Redis;
use super::line::Line;
use crate::store::{OpenFailed, events};

/// How [`Redis`] is used.
#[derive(Clone)]
pub struct RedisSettings {
    url: Box<str>,
    pub(super) prefix: Box<str>,
    pub(super) limit: Duration,
    pub(super) stale: Duration,
}

impl RedisSettings {
    pub(super) fn new(url: &str) -> Self {
        Self {
            url: url.into(),
            prefix: "buttress-cache-1:".into(),
            limit: Duration::from_millis(200),
            stale: Duration::from_secs(24 * 60 * 60),
        }
    }

    /// What everything in Redis begins with: `buttress-cache-1:` unless set. Caches with the same share
    /// their content.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long one command may take, 200 ms unless set; later, it has failed. That is for each piece
    /// of a body too. The layer's [`store_timeout`](crate::CacheLayer::store_timeout) counts as well.
    #[must_use]
    pub const fn time_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// How long a response is kept after it has become stale, to be validated or to stand in for one
    /// that cannot be had: a day unless set, and longer where the response says so itself. As long as it is
    /// fresh, also by [`Override::fresh_for`](crate::Override::fresh_for), it is kept anyway.
    #[must_use]
    pub const fn keep_stale(mut self, time: Duration) -> Self {
        self.stale = time;
        self
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// If the URL is none, a setting makes no sense, or Redis cannot be reached, does not answer in
    /// time, or wants another password. What it says does not tell the password.
    pub async fn open(self) -> Result<Redis, OpenFailed> {
        if self.prefix.is_empty() {
            return Err(OpenFailed::new(
                "an empty prefix would take all of Redis for this cache; leave it as it is, or set one",
            ));
        }
        if self.limit.is_zero() {
            return Err(OpenFailed::new(
                "Redis cannot answer within no time; set a time_limit above 0",
            ));
        }
        // What is wrong with a URL is not repeated: it may be the password.
        let info = (&*self.url).into_connection_info().map_err(|_| {
            OpenFailed::new(
                "this is no Redis URL: write redis://HOST:PORT/DATABASE, with :PASSWORD@ before the host if there is one",
            )
        })?;
        let address = info.addr().to_string();
        let failed = |error| {
            let what = format!(
                "Redis at {address} cannot be used: see that it runs there and lets this user in"
            );
            OpenFailed::new(what).because(error)
        };
        let client = Client::open(info).map_err(|error| failed(error.into()))?;
        let line = Line::open(client, self.limit).await.map_err(failed)?;
        if is_unbounded(&line).await {
            events::unbounded(&address);
        }
        Ok(Redis::new(line, &self))
    }
}

/// Whether Redis says that it has no bound for its memory. It may as well not say.
async fn is_unbounded(line: &Line) -> bool {
    let question = redis::cmd("CONFIG").arg("GET").arg("maxmemory").to_owned();
    let answer: Result<Vec<String>, _> = line.ask(&question).await;
    answer.is_ok_and(|answer| answer.get(1).is_some_and(|bytes| bytes == "0"))
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URL: it holds a password.
        f.debug_struct("RedisSettings")
            .field("prefix", &self.prefix)
            .field("time_limit", &self.limit)
            .field("keep_stale", &self.stale)
            .finish_non_exhaustive()
    }
}
