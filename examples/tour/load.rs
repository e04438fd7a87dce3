//! The same load for both sides: so many calls, so many at a time.

use std::time::Duration;

use buttress::{Client, Explain, RequestBuilder, Trail};
use futures_util::{StreamExt, stream};
use http::Method;
use http_body_util::BodyExt;
use indicatif::ProgressBar;
use tokio::time::{Instant, sleep_until, timeout};

/// Nobody waits longer than this for the side that has no time limits of its own.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is sent in a scene.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) calls: u32,
    pub(crate) at_once: usize,
    /// The time from one call to the next; zero for as fast as it goes.
    pub(crate) every: Duration,
}

impl Load {
    /// So many calls, one after the other.
    pub(crate) const fn new(method: Method, path: &'static str, calls: u32) -> Self {
        Self {
            method,
            path,
            calls,
            at_once: 1,
            every: Duration::ZERO,
        }
    }

    /// So many of them at a time.
    pub(crate) const fn at_once(mut self, at_once: usize) -> Self {
        self.at_once = at_once;
        self
    }

    /// One every so many milliseconds, and not as fast as it goes.
    pub(crate) const fn every_ms(mut self, ms: u64) -> Self {
        self.every = Duration::from_millis(ms);
        self
    }
}

/// How one call ended.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) end: End,
    pub(crate) took: Duration,
    pub(crate) trail: Trail,
}

/// The three ways in which a call ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Answered with a success, whole.
    Well,
    /// Answered otherwise, or failed; in a word.
    Badly(String),
    /// Given up by the one who waited.
    Hung,
}

/// Sends the load through `client`; every call carries an [`Explain`].
pub(crate) async fn send(client: &Client, uri: &str, load: &Load, bar: &ProgressBar) -> Vec<Call> {
    let start = Instant::now();
    let calls = (0..load.calls).map(|n| {
        let uri = format!("{uri}/{}/{n}", load.path);
        async move {
            sleep_until(start + load.every * n).await;
            let call = one(client, load.method.clone(), &uri).await;
            bar.inc(1);
            call
        }
    });
    stream::iter(calls)
        .buffer_unordered(load.at_once)
        .collect()
        .await
}

async fn one(client: &Client, method: Method, uri: &str) -> Call {
    let explain = Explain::new();
    let order = method == Method::POST;
    let mut request = client.request(method, uri).explain(&explain);
    if order {
        request = request.body(r#"{"item":"a tower"}"#);
    }
    let start = Instant::now();
    let end = timeout(PATIENCE, to_the_end(request)).await;
    Call {
        end: end.unwrap_or(End::Hung),
        took: start.elapsed(),
        trail: explain.trail(),
    }
}

/// Sends a request and reads the response's body to its end.
async fn to_the_end(request: RequestBuilder) -> End {
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => return End::Badly(error.to_string()),
    };
    let status = response.status();
    match response.into_body().collect().await {
        Ok(_) if status.is_success() => End::Well,
        Ok(_) => End::Badly(format!("answered {status}")),
        Err(error) => End::Badly(format!("half a body: {error}")),
    }
}
