//! Envelopes: pointers for foreign shapes, and the tagged one.

mod pointers;
mod shapes;
mod tagged;

use buttress::{Client, ErrorKind};
use buttress_testkit::{Scripted, Step};
use serde_json::Value;

/// A client that gets this answer.
fn answered(status: u16, body: &str) -> Client {
    let server = Scripted::new([Step::status(status).body(body.to_owned())]);
    let builder = Client::builder().base_uri("http://api.example").retry(None);
    builder.build_over(server).unwrap()
}

/// What an envelope makes of an answer.
async fn opened<T: serde::de::DeserializeOwned + std::fmt::Debug>(
    envelope: &impl buttress::Envelope,
    status: u16,
    body: &Value,
) -> Result<T, buttress::Error> {
    let client = answered(status, &body.to_string());
    let response = client.get("/a?q=s3cret").send().await.unwrap();
    Ok(response.open(envelope).await?.into_body())
}

fn kind<T: std::fmt::Debug>(end: Result<T, buttress::Error>) -> ErrorKind {
    end.unwrap_err().kind()
}
