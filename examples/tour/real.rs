//! The stack against a real API.

use std::time::Duration;

use buttress::{BoxError, Client, Explain};
use http_body_util::BodyExt;
use tokio::time::Instant;

/// How many requests a real API is asked for: enough to see connections reused.
const REQUESTS: u32 = 5;

/// Sends a few GET requests and prints their trails; whether all were answered.
pub(crate) async fn visit(url: &str) -> Result<bool, BoxError> {
    let client = Client::builder()
        .timeout(Duration::from_secs(10))
        .total(Duration::from_secs(60))
        .build()?;
    let mut answered = 0;
    for n in 1..=REQUESTS {
        let explain = Explain::new();
        let start = Instant::now();
        let end = client.get(url).explain(&explain).send().await;
        let head = start.elapsed().as_millis();
        match end {
            Ok(response) => {
                let status = response.status();
                let body = response.into_body().collect().await?.to_bytes();
                println!("{n}. {status}, {} bytes, head after {head} ms", body.len());
                answered += 1;
            }
            Err(error) => println!("{n}. {error}, after {head} ms"),
        }
        for line in explain.trail().to_string().lines() {
            println!("   {line}");
        }
    }
    Ok(answered == REQUESTS)
}
