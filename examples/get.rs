//! Fetches a URL through the standard stack and prints what every layer decided.
//!
//! ```text
//! cargo run --example get -- https://api.example.com/status
//! ```

use std::process::ExitCode;
use std::time::Duration;

use buttress::{BoxError, Client, Explain, Facts};
use http_body_util::BodyExt;

#[tokio::main]
async fn main() -> ExitCode {
    let Some(url) = std::env::args().nth(1) else {
        eprintln!("usage: get URL");
        return ExitCode::from(2);
    };
    match get(&url).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("get: {error}");
            let causes = std::iter::successors(error.source(), |cause| cause.source());
            for cause in causes.filter(|cause| !cause.is::<Facts>()) {
                eprintln!("  because: {cause}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn get(url: &str) -> Result<(), BoxError> {
    let client = Client::builder()
        .timeout(Duration::from_secs(10))
        .total(Duration::from_secs(30))
        .build()?;

    let explain = Explain::new();
    let end = client.get(url).explain(&explain).send().await;
    eprint!("{}", explain.trail());

    let response = end?;
    eprintln!("{:?} {}", response.version(), response.status());
    let body = response.into_body().collect().await?.to_bytes();
    println!("{}", String::from_utf8_lossy(&body));
    Ok(())
}
