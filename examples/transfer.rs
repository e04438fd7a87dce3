//! An upload with a progress bar, and a download that is cut half-way and taken up again:
//!
//! ```text
//! cargo run --example transfer --features fs
//! ```

#[path = "transfer/server.rs"]
mod server;

use std::fs;

use buttress::progress::{self, Counts, Meter};
use buttress::{BoxError, Client};
use futures_util::StreamExt;
use indicatif::ProgressBar;
use tokio::task::JoinHandle;

const LENGTH: usize = 8 << 20;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let client = Client::builder().base_uri(server::start().await?).build()?;
    let folder = std::env::temp_dir().join(format!("transfer-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let (sent, got) = (folder.join("sent.bin"), folder.join("got.bin"));
    let bytes: Vec<u8> = (0..=250).cycle().take(LENGTH).collect();
    fs::write(&sent, &bytes)?;

    let (meter, bar) = bar("up");
    let upload = client.put("/file").file(&sent).progress(meter);
    upload.send().await?.error_for_status().await?;
    bar.await?;

    let (meter, bar) = self::bar("down");
    let download = client.get("/file").download(&got).progress(meter);
    let done = download.send().await?;
    bar.await?;

    println!("{} bytes in {} requests", done.bytes(), done.requests());
    let is_same = fs::read(&got)? == bytes;
    fs::remove_dir_all(&folder)?;
    if !is_same || done.requests() != 2 {
        return Err("the file is not what was sent, or was not cut".into());
    }
    Ok(())
}

/// A bar that follows a transfer, drawn by a task of its own.
fn bar(name: &'static str) -> (Meter, JoinHandle<()>) {
    let (meter, counts) = progress::meter();
    (meter, tokio::spawn(draw(name, counts)))
}

async fn draw(name: &'static str, mut counts: Counts) {
    let bar = ProgressBar::new(0).with_prefix(name);
    while let Some(count) = counts.next().await {
        bar.set_length(count.total().unwrap_or(count.done()));
        bar.set_position(count.done());
    }
    bar.finish();
    println!(
        "{name}: {} of {:?} bytes",
        counts.latest().done(),
        counts.latest().total()
    );
}
