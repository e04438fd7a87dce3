//! localstripe: nested forms, typed errors, credentials.

use buttress::{Client, Credential, Endpoint, Options, Payload};
use buttress_testkit::peer::Peer;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Deserialize)]
struct Customer {
    id: String,
    email: String,
    metadata: Value,
}

#[derive(Debug, Deserialize)]
struct Refused {
    error: Problem,
}

#[derive(Debug, Deserialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: String,
    code: Option<String>,
}

#[derive(Serialize)]
struct CreateCustomer<'a> {
    email: &'a str,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    plan: &'a str,
}

impl Endpoint for CreateCustomer<'_> {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/customers";
    type Ok = Customer;
    type Err = Refused;

    fn body(&self) -> Payload {
        Payload::form(self, buttress::ArrayStyle::default())
    }
}

struct GetCustomer<'a>(&'a str);

impl Endpoint for GetCustomer<'_> {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/customers/{id}";
    const OPTIONS: Options = Options::new().optional();
    type Ok = Option<Customer>;
    type Err = Refused;

    fn path(&self) -> impl Serialize {
        [("id", self.0)]
    }
}

fn start(key: &'static str) -> Option<(Client, Peer)> {
    let peer = Peer::python("localstripe")?;
    let client = Client::builder()
        .base_uri(peer.url("/v1"))
        .credentials(Credential::bearer(key).unwrap())
        .idempotency_keys(true);
    Some((client.build().unwrap(), peer))
}

#[tokio::test]
async fn ic21_a_form_with_a_structure_is_understood_and_read_back() {
    let Some((client, _peer)) = start("sk_test_12345") else {
        return;
    };
    let create = CreateCustomer {
        email: "ada+1@example.org",
        metadata: Metadata { plan: "a & b" },
    };
    let made = client.call(create).await.unwrap().into_body();
    assert_eq!(made.email, "ada+1@example.org");
    assert_eq!(made.metadata["plan"], "a & b");
    let found = client
        .call(GetCustomer(&made.id))
        .await
        .unwrap()
        .into_body();
    assert_eq!(found.unwrap().id, made.id);
}

#[tokio::test]
async fn ic50_ic63_refusals_are_typed() {
    let Some((client, peer)) = start("sk_test_12345") else {
        return;
    };
    assert!(
        client
            .call(GetCustomer("cus_none"))
            .await
            .unwrap()
            .body()
            .is_none()
    );
    let card = [
        ("type", "card"),
        ("card[number]", "4000000000000002"),
        ("card[exp_month]", "12"),
        ("card[exp_year]", "2040"),
        ("card[cvc]", "123"),
    ];
    let method: Value = client
        .post("/payment_methods")
        .form(&card)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let create = CreateCustomer {
        email: "ada@example.org",
        metadata: Metadata { plan: "a" },
    };
    let customer = client.call(create).await.unwrap().into_body();
    let attach = client.post("/payment_methods/{id}/attach");
    let attach = attach.path("id", method["id"].as_str().unwrap());
    let attach = attach.form(&[("customer", &customer.id)]);
    let declined = attach.send().await.unwrap();
    let error = declined.json::<Value>().await.unwrap_err();
    assert_eq!(
        (error.status().unwrap().as_u16(), error.code()),
        (402, "client")
    );
    let refused: Refused = error.json().unwrap();
    assert_eq!(
        (&*refused.error.kind, refused.error.code.as_deref()),
        ("invalid_request_error", Some("card_declined"))
    );

    let stranger = Client::builder().base_uri(peer.url("/v1")).build().unwrap();
    let error = stranger.call(GetCustomer("cus_x")).await.unwrap_err();
    assert!(error.is_unauthorized());
    assert_eq!(
        error.body::<Refused>().unwrap().error.kind,
        "invalid_request_error"
    );
}
