//! A payments client: forms, idempotency keys, typed errors. Any server will do that speaks Stripe's API, as
//! `pip install localstripe && localstripe` does: `cargo run --example payments -- http://127.0.0.1:8420`.

use std::collections::BTreeMap;
use std::env::args;

use buttress::{ArrayStyle, BoxError, Client, Credential, Endpoint, Options, Payload, Response};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Deserialize)]
struct Payment {
    id: String,
    status: String,
}

/// Why a card was not charged; `error.message` says it.
#[derive(Debug, Deserialize)]
struct Refusal {
    error: BTreeMap<String, Value>,
}

/// Charges a card, once, however often it has to be sent.
#[derive(Serialize)]
struct Pay<'a> {
    amount: u64,
    currency: &'a str,
    payment_method: &'a str,
    confirm: bool,
}

impl Endpoint for Pay<'_> {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/payment_intents";
    const OPTIONS: Options = Options::new().retry(4).label("pay");
    type Ok = Payment;
    type Err = Refusal;

    fn body(&self) -> Payload {
        Payload::form(self, ArrayStyle::default())
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let server = args().nth(1).ok_or("usage: payments http://HOST:PORT")?;
    let client = Client::builder()
        .base_uri(format!("{server}/v1"))
        .credentials(Credential::bearer("sk_test_12345")?)
        .idempotency_keys(true)
        .build()?;
    for amount in [1999, 0] {
        // A structure's fields stand in brackets: `card[number]=…`.
        let card = json!({ "number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123" });
        let card = client
            .post("/payment_methods")
            .form(&json!({ "type": "card", "card": card }));
        let card: Value = card.send().await?.json().await?;
        let payment_method = card["id"].as_str().ok_or("a card has an id")?;
        let pay = Pay {
            amount,
            currency: "eur",
            payment_method,
            confirm: true,
        };
        match client.call(pay).await.map(Response::into_body) {
            Ok(Payment { id, status }) => println!("{id}: {status}"),
            Err(error) => {
                let refusal = error.body::<Refusal>().ok_or(error.to_string())?;
                println!("refused: {}", refusal.error["message"]);
            }
        }
    }
    Ok(())
}
