//! An export of a long list, page by page, that goes on where it broke off, with a bar that shows how far
//! it is. The server starts itself, on loopback, and fails once in the middle.
//!
//! ```text
//! cargo run --example export
//! ```

#[path = "export/server.rs"]
mod server;

use buttress::pages::{self, Position};
use buttress::{BoxError, Client};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;

use self::server::ORDERS;

#[derive(Deserialize)]
struct Order {
    cents: u64,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let client = Client::builder()
        .base_uri(server::start().await?)
        .retry(None)
        .build()?;
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template(
        "{bar:40} {pos} of {len} orders, {per_sec}",
    )?);
    let (mut cents, mut from) = (0, Position::default());
    loop {
        let orders = client.get("/orders").query(&[("year", 2026)]);
        let list = orders.paginate(pages::Cursor::new().size(100)).prefetch();
        let mut items = list.start_at(from).items::<Order>();
        from = loop {
            match items.next().await {
                Some(Ok(order)) => {
                    cents += order.cents;
                    bar.set_length(items.total().unwrap_or_default());
                    bar.inc(1);
                }
                None => {
                    bar.finish();
                    println!("{} orders, {cents} cents", bar.position());
                    return if bar.position() == ORDERS {
                        Ok(())
                    } else {
                        Err("some are missing".into())
                    };
                }
                // Here it goes on at once; the position could as well be written to a file.
                Some(Err(error)) => {
                    bar.println(format!("going on after: {error}"));
                    break error.page().ok_or("no page")?.position().clone();
                }
            }
        };
    }
}
