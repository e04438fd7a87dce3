//! An HTTP/1.1 and HTTP/2 egress gateway made of the layers.
//!
//! ```text
//! cargo run --release --example gateway -- --listen 127.0.0.1:8080 \
//!     --upstream http://127.0.0.1:9000 --retry 3 --timeout 5000 --explain
//! ```
//!
//! Each flag adds a layer; with none it is a bare streaming reverse proxy.

mod flags;
mod forward;
mod problem;
mod proxy;
mod serve;
mod stack;

use std::process::ExitCode;

use buttress::BoxError;
use clap::Parser;
use tokio::net::TcpListener;

use crate::flags::Flags;

#[tokio::main]
async fn main() -> ExitCode {
    // A wrong flag ends the program here, with exit code 2.
    let flags = Flags::parse();
    let stack = match stack::build(&flags) {
        Ok(stack) => stack,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    if flags.events {
        events();
    }
    match run(flags, stack).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gateway: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags, stack: stack::Stack) -> Result<(), BoxError> {
    let listener = TcpListener::bind(flags.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", flags.listen))?;
    println!("listening on {}", listener.local_addr()?);
    let proxy = proxy::Proxy::new(flags.upstream, flags.explain, stack);
    serve::serve(listener, proxy).await?;
    Ok(())
}

/// One JSON line for each decision of a layer on standard output.
fn events() {
    let layers = "off,buttress_circuit_breaker=debug,buttress_idempotency=debug,buttress_retry=debug,\
        buttress_retry_after=debug,buttress_timeout=debug";
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(layers)
        .init();
}
