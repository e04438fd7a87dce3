//! The main job in one go: real traffic, over real sockets, through a badly behaved server.
//!
//! ```text
//! cargo run --release --example tour
//! cargo run --release --example tour -- --url https://api.example.com/status
//! ```
//!
//! Starts the server on loopback, sends it the same load with the stack and without, and prints what
//! each layer did. Exits with 1 if a promise was broken.

mod load;
mod real;
mod report;
mod scene;
mod scenes;
mod server;
mod stack;
mod tokens;

use std::process::ExitCode;

use buttress::BoxError;
use clap::Parser;

/// A tour of Buttress: what the stack makes of a server that fails, throttles and stalls.
#[derive(Debug, Parser)]
#[command(name = "tour")]
struct Flags {
    /// Run the stack against a real API instead: a few GET requests to this URI
    #[arg(long, value_name = "URI")]
    url: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    let tour = match flags.url {
        Some(url) => real::visit(&url).await,
        None => loopback().await,
    };
    match tour {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("tour: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Every scene with the stack and without; whether all promises were kept.
async fn loopback() -> Result<bool, BoxError> {
    let server = server::Server::start().await?;
    println!("A badly behaved API listens on {}.\n", server.uri());

    let progress = indicatif::MultiProgress::new();
    let mut results = Vec::new();
    for scene in &scenes::ALL {
        results.push(scene::play(scene, &server, &progress).await?);
    }
    progress.clear()?;
    Ok(report::print(&results))
}
