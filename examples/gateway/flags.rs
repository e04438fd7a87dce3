//! The command line.

use std::time::Duration;

use clap::{Parser, ValueEnum, value_parser};

use crate::credentials::Given;

/// An HTTP egress gateway made of Buttress's layers. Each flag adds a layer; with none it is a bare
/// streaming reverse proxy.
#[derive(Debug, Parser)]
#[command(name = "gateway", version)]
pub(crate) struct Flags {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) listen: std::net::SocketAddr,

    /// Where requests go, such as `http://127.0.0.1:9000`
    // Read later: clap repeats a value that it cannot read, and this one may hold a password.
    #[arg(long, value_name = "URI")]
    pub(crate) upstream: String,

    /// Answer from a store what may be answered from one: for one user, or for many
    #[arg(long, value_name = "KIND", help_heading = "Cache")]
    pub(crate) cache: Option<Storing>,

    /// How many bytes of responses are kept: 64 MiB in memory, 1 GiB on disk unless set
    #[arg(
        long,
        value_name = "BYTES",
        requires = "cache",
        value_parser = value_parser!(u64).range(1..),
        help_heading = "Cache"
    )]
    pub(crate) cache_size: Option<u64>,

    /// Where responses are kept: `memory`, `disk:DIR`, or `redis:URL` (or a `redis://` URL alone)
    // Read later: clap repeats a value that it cannot read, and this one may hold a password.
    #[arg(long, value_name = "STORE", requires = "cache", help_heading = "Cache")]
    pub(crate) cache_store: Option<String>,

    /// Where the secret is that users are told apart by, so that a store knows them again: `file:PATH`
    /// or `env:NAME`. At least 32 random bytes, the same for all gateways of one store
    // Read later: whoever gives the secret itself by mistake is not to find it repeated.
    #[arg(long, value_name = "PLACE", requires = "cache", help_heading = "Cache")]
    pub(crate) cache_secret: Option<String>,

    /// Retry: attempts in all, the first one included
    #[arg(long, value_name = "ATTEMPTS", help_heading = "Retry")]
    pub(crate) retry: Option<u32>,

    /// First backoff, in milliseconds
    #[arg(long, value_name = "MS", requires = "retry", help_heading = "Retry")]
    pub(crate) retry_base: Option<u64>,

    /// Longest backoff, in milliseconds
    #[arg(long, value_name = "MS", requires = "retry", help_heading = "Retry")]
    pub(crate) retry_cap: Option<u64>,

    /// Retries allowed for each hundred first attempts
    #[arg(
        long,
        value_name = "PERCENT",
        requires = "retry",
        help_heading = "Retry"
    )]
    pub(crate) retry_budget: Option<u32>,

    /// Time until the head of each attempt's response, in milliseconds
    #[arg(long, value_name = "MS", value_parser = value_parser!(u64).range(1..), help_heading = "Timeout")]
    pub(crate) timeout: Option<u64>,

    /// Time for everything, the body included, in milliseconds
    #[arg(long, value_name = "MS", value_parser = value_parser!(u64).range(1..), help_heading = "Timeout")]
    pub(crate) total: Option<u64>,

    /// Time between two pieces of the response's body, in milliseconds
    #[arg(long, value_name = "MS", value_parser = value_parser!(u64).range(1..), help_heading = "Timeout")]
    pub(crate) body_idle: Option<u64>,

    /// Send the upstream at most so many requests a second
    #[arg(long, value_name = "N", help_heading = "Rate limit")]
    pub(crate) rate: Option<u32>,

    /// How many may go at once after a rest; as many as the rate unless set
    #[arg(long, value_name = "N", requires = "rate", help_heading = "Rate limit")]
    pub(crate) burst: Option<u32>,

    /// What becomes of requests above the rate: they wait, first come first served, or are answered
    /// 429 at once
    #[arg(
        long,
        value_name = "MODE",
        requires = "rate",
        default_value = "wait",
        help_heading = "Rate limit"
    )]
    pub(crate) rate_mode: Excess,

    /// Longest wait for the rate limit, in milliseconds; who would wait longer is answered 429 at
    /// once. 60,000 unless set
    #[arg(
        long,
        value_name = "MS",
        requires = "rate",
        help_heading = "Rate limit"
    )]
    pub(crate) max_wait: Option<u64>,

    /// Stop calling an upstream that keeps failing
    #[arg(long, help_heading = "Circuit breaker")]
    pub(crate) breaker: bool,

    /// The time over which failures are counted, in milliseconds
    #[arg(
        long,
        value_name = "MS",
        requires = "breaker",
        value_parser = value_parser!(u64).range(1..),
        help_heading = "Circuit breaker"
    )]
    pub(crate) breaker_window: Option<u64>,

    /// Calls in the window before their failure rate means anything
    #[arg(
        long,
        value_name = "N",
        requires = "breaker",
        help_heading = "Circuit breaker"
    )]
    pub(crate) breaker_min: Option<u32>,

    /// Failures among a hundred calls that open the circuit
    #[arg(
        long,
        value_name = "PERCENT",
        requires = "breaker",
        help_heading = "Circuit breaker"
    )]
    pub(crate) breaker_rate: Option<u32>,

    /// Failures in a row that open the circuit
    #[arg(
        long,
        value_name = "N",
        requires = "breaker",
        help_heading = "Circuit breaker"
    )]
    pub(crate) breaker_consecutive: Option<u32>,

    /// How long the circuit stays open the first time, in milliseconds
    #[arg(
        long,
        value_name = "MS",
        requires = "breaker",
        value_parser = value_parser!(u64).range(1..),
        help_heading = "Circuit breaker"
    )]
    pub(crate) breaker_open: Option<u64>,

    /// Calls that are let through at once to find out whether the upstream is well again
    #[arg(
        long,
        value_name = "N",
        requires = "breaker",
        help_heading = "Circuit breaker"
    )]
    pub(crate) breaker_probes: Option<u32>,

    /// Honour the server's wish for a pause: hold later requests, reject them, or spread what the
    /// server still allows over its window
    #[arg(long, value_name = "MODE", help_heading = "Retry-After")]
    pub(crate) retry_after: Option<Pushback>,

    /// Longest hold, in milliseconds; beyond it requests are answered 503 at once
    #[arg(
        long,
        value_name = "MS",
        requires = "retry_after",
        help_heading = "Retry-After"
    )]
    pub(crate) max_hold: Option<u64>,

    #[command(flatten)]
    pub(crate) credentials: Given,

    /// Add an Idempotency-Key to POST and PATCH requests that have none
    #[arg(long)]
    pub(crate) idempotency: bool,

    /// Tell every decision in a Buttress-Trail response header
    #[arg(long)]
    pub(crate) explain: bool,

    /// Print one JSON line for each decision on standard output
    #[arg(long)]
    pub(crate) events: bool,
}

/// What becomes of requests to a server that asked for a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pushback {
    /// They wait
    Hold,
    /// They fail at once
    Reject,
    /// They wait, and what remains of the quota is spread over its window
    Pace,
}

/// Whom a cache is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Storing {
    /// One user, or several that their Authorization tells apart: cookies tell nobody apart here
    Private,
    /// Everybody
    Shared,
}

/// What becomes of requests above the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Excess {
    /// They wait for their turn
    Wait,
    /// They are answered 429 at once
    Reject,
}

/// A number of milliseconds from the command line.
pub(crate) fn millis(ms: Option<u64>) -> Option<Duration> {
    ms.map(Duration::from_millis)
}
