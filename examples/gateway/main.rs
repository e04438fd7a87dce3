//! An HTTP/1.1 and HTTP/2 egress gateway made of the layers.
//!
//! ```text
//! cargo run --release --example gateway -- --listen 127.0.0.1:8080 \
//!     --upstream http://127.0.0.1:9000 --retry 3 --timeout 5000 --explain
//! ```
//!
//! Each flag adds a layer; with none it is a bare streaming reverse proxy.

mod credentials;
mod flags;
mod proxy;
mod serve;
mod stack;
mod stop;
mod store;

use std::process::ExitCode;

use buttress::{BaseUri, BoxError};
use clap::Parser;
use tokio::net::TcpListener;

use crate::flags::Flags;
use crate::proxy::Proxy;
use crate::stop::Stop;

#[tokio::main]
async fn main() -> ExitCode {
    // A wrong flag ends the program here, with exit code 2.
    let flags = Flags::parse();
    let proxy = match proxy(&flags).await {
        Ok(proxy) => proxy,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    if flags.events {
        events();
    }
    match run(&flags, proxy).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gateway: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the flags ask for; an error is a flag that is wrong or contradicts another.
async fn proxy(flags: &Flags) -> Result<Proxy, BoxError> {
    // An error says what is wrong with it and does not repeat it, since it may hold a password.
    let upstream: BaseUri =
        (flags.upstream.parse()).map_err(|error| format!("--upstream cannot be used: {error}"))?;
    Ok(Proxy::new(
        upstream,
        flags.explain,
        stack::build(flags).await?,
    ))
}

async fn run(flags: &Flags, proxy: Proxy) -> Result<(), BoxError> {
    let listener = TcpListener::bind(flags.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", flags.listen))?;
    // Whoever reads the line below may ask for the end right then.
    let stop = Stop::new()?;
    println!("listening on {}", listener.local_addr()?);
    serve::serve(listener, proxy, stop).await;
    Ok(())
}

/// One JSON line for each decision of a layer, and for each call that failed, on standard output.
fn events() {
    // Every layer's target begins so; the transport's does not.
    let layers = "off,buttress_=debug,buttress::proxy=debug";
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(layers)
        .init();
}
