//! The stacks of this tour: the defaults, with limits short enough to be watched.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use buttress::auth::oauth2::{ClientAuth, ClientCredentials, TokenEndpoint};
use buttress::auth::{AuthLayer, Origins, Tokens};
use buttress::circuit_breaker::{CircuitBreakerLayer, Handle};
use buttress::kernel::key::Authority;
use buttress::rate_limit::RateLimitLayer;
use buttress::retry::{Backoff, RetryLayer};
use buttress::{BoxError, Client, ClientBuilder};
use tokio::task::JoinHandle;

use crate::server::Server;

/// A client, and the handle of its circuit breaker where it has one.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) client: Client,
    breaker: Option<Handle>,
}

/// Retries what fails.
pub(crate) fn patient(_: &Server) -> Result<Stack, BoxError> {
    let backoff = Backoff::exponential(Duration::from_millis(50));
    let retry = RetryLayer::builder().backoff(backoff).build()?;
    Ok(Stack {
        client: limits().retry(retry).idempotency_keys(true).build()?,
        breaker: None,
    })
}

/// Fails fast instead, and leaves a server alone that keeps failing.
pub(crate) fn prudent(_: &Server) -> Result<Stack, BoxError> {
    let breaker = CircuitBreakerLayer::consecutive(5)
        .open_for(Duration::from_millis(300))
        .close_after(2)
        .build()?;
    let handle = breaker.handle();
    Ok(Stack {
        client: limits().retry(None).circuit_breaker(breaker).build()?,
        breaker: Some(handle),
    })
}

/// Keeps to the server's limit by itself, well within it.
pub(crate) fn orderly(_: &Server) -> Result<Stack, BoxError> {
    let limit = RateLimitLayer::per_second(90)?.burst(5)?.key(Authority);
    Ok(Stack {
        client: limits().retry(None).rate_limit(limit).build()?,
        breaker: None,
    })
}

/// Signs in for itself, and again whenever that is needed.
pub(crate) fn signed_in(server: &Server) -> Result<Stack, BoxError> {
    // Tokens come through a stack of their own: one that carried them would wait for itself.
    let identity = limits().build()?;
    let url = format!("{}/token", server.uri());
    let endpoint = TokenEndpoint::new(identity, &url, ClientAuth::basic("tour", "a secret")?)?;
    let tokens = Tokens::new(ClientCredentials::new(endpoint));
    let auth = AuthLayer::new(tokens, Origins::only(server.uri())?);
    Ok(Stack {
        client: limits().retry(None).auth(auth).build()?,
        breaker: None,
    })
}

fn limits() -> ClientBuilder {
    Client::builder()
        .timeout(Duration::from_millis(250))
        .body_idle(Duration::from_millis(250))
        .total(Duration::from_secs(5))
}

impl Stack {
    /// Keeps a diary of the circuit's states from now on.
    pub(crate) fn watch(&self, server: &Server) -> Option<Diary> {
        let mut watch = self.breaker.as_ref()?.watch(&server.authority());
        let states = Arc::new(Mutex::new(vec![watch.state().as_str()]));
        let pages = Arc::clone(&states);
        let writer = tokio::spawn(async move {
            loop {
                let state = watch.changed().await;
                pages.lock().expect("nobody panics").push(state.as_str());
            }
        });
        Some(Diary { states, writer })
    }
}

/// The states of a circuit, written down as they change.
pub(crate) struct Diary {
    states: Arc<Mutex<Vec<&'static str>>>,
    writer: JoinHandle<()>,
}

impl Diary {
    /// What has been written.
    pub(crate) fn close(self) -> Vec<&'static str> {
        self.writer.abort();
        std::mem::take(&mut self.states.lock().expect("nobody panics"))
    }
}
