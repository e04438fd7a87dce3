//! The connection, and how long it may take.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use buttress_kernel::BoxError;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue, Pipeline, RedisError, ScriptInvocation};
use tokio::time::{Instant, timeout};

use crate::store::lock::lock;

/// A connection that connects again when it was lost.
pub(super) struct Line {
    client: Client,
    limit: Duration,
    current: Mutex<Current>,
}

struct Current {
    manager: ConnectionManager,
    /// When it was begun.
    since: Instant,
}

/// A connection that does not answer is given up, but not more often than this.
const PATIENCE: Duration = Duration::from_secs(5);

impl Line {
    /// Connects.
    pub(super) async fn open(client: Client, limit: Duration) -> Result<Self, BoxError> {
        let manager = manager(&client, limit)?;
        let line = Self {
            client,
            limit,
            current: Mutex::new(Current {
                manager,
                since: Instant::now(),
            }),
        };
        let _: String = line.ask(&redis::cmd("PING")).await?;
        Ok(line)
    }

    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, BoxError> {
        let mut manager = self.manager();
        self.within(command.query_async(&mut manager)).await
    }

    pub(super) async fn ask_all<T: FromRedisValue>(
        &self,
        commands: &Pipeline,
    ) -> Result<T, BoxError> {
        let mut manager = self.manager();
        self.within(commands.query_async(&mut manager)).await
    }

    pub(super) async fn run<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, BoxError> {
        let mut manager = self.manager();
        self.within(script.invoke_async(&mut manager)).await
    }

    fn manager(&self) -> ConnectionManager {
        lock(&self.current).manager.clone()
    }

    async fn within<T>(
        &self,
        answer: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, BoxError> {
        match timeout(self.limit, answer).await {
            Ok(Err(error)) if error.is_timeout() => Err(self.give_up()),
            Ok(answer) => Ok(answer?),
            Err(_) => Err(self.give_up()),
        }
    }

    /// A connection may be dead without a word, and would be for minutes: the next who asks gets another.
    fn give_up(&self) -> BoxError {
        let mut current = lock(&self.current);
        if current.since.elapsed() >= PATIENCE
            && let Ok(manager) = manager(&self.client, self.limit)
        {
            *current = Current {
                manager,
                since: Instant::now(),
            };
        }
        format!("Redis did not answer within {:?}", self.limit).into()
    }
}

fn manager(client: &Client, limit: Duration) -> Result<ConnectionManager, RedisError> {
    let config = ConnectionManagerConfig::new()
        // Whoever asks next tries again; nobody waits for a row of attempts.
        .set_number_of_retries(0)
        .set_connection_timeout(Some(limit))
        .set_response_timeout(Some(limit));
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without what the client was made of: it holds a password.
        let address = &self.client.get_connection_info().addr();
        f.debug_tuple("Line").field(&address.to_string()).finish()
    }
}
