//! Values on their way out and back: what is sent is what was said, and what fails is an error.

use std::collections::BTreeMap;
use std::time::Duration;

use buttress::envelope::Envelope;
use buttress::{ApiError, BoxError, Error, NoContent, Replay, RequestBuilder, Text};
#[cfg(feature = "multipart")]
use buttress::{Multipart, Part};
use buttress_testkit::Step;
use bytes::Bytes;
use http::response::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{scripted, scripted_with};

/// A client whose server answers with this body.
fn answered(body: &'static str) -> buttress::Client {
    scripted([Step::ok().body(body)]).0
}

async fn read<T: DeserializeOwned + Send>(body: &'static str) -> Result<T, Error> {
    let response = answered(body).get("/").send().await?;
    response.json().await
}

#[tokio::test]
async fn w30_absence_is_real_or_an_error_and_never_stands_for_a_value() {
    assert_eq!(read::<Option<u8>>("0").await.unwrap(), Some(0));
    assert_eq!(read::<Option<bool>>("false").await.unwrap(), Some(false));
    assert_eq!(
        read::<Option<String>>("\"\"").await.unwrap().as_deref(),
        Some("")
    );
    assert_eq!(read::<Option<Vec<u8>>>("[]").await.unwrap(), Some(vec![]));
    assert_eq!(read::<Option<u8>>("null").await.unwrap(), None);
    assert_eq!(read::<Option<u8>>("").await.unwrap(), None);
    assert!(read::<u8>("null").await.unwrap_err().is_decode());
    assert!(read::<u8>("").await.unwrap_err().is_decode());
    // A URI that cannot be located is the same kind of end as any other.
    let homeless = buttress::Client::new();
    assert!(homeless.get("users").send().await.unwrap_err().is_request());
    assert!(homeless.get("").send().await.unwrap_err().is_request());
}

#[tokio::test(start_paused = true)]
async fn ic59_d07_every_way_to_fail_is_a_value() {
    type Make = fn(&buttress::Client) -> RequestBuilder;
    type Way = (Step, Make, fn(&Error) -> bool);
    let get: Make = |client| client.get("/");
    let refused = || std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "refused");
    let ways: [Way; 9] = [
        (Step::error(refused), get, |error| error.status().is_none()),
        (Step::hang(), get, Error::is_timeout),
        (Step::status(404), get, Error::is_not_found),
        (Step::status(500), get, Error::is_server),
        (Step::status(302), get, |error| error.status().is_some()),
        (Step::ok().body("{"), get, Error::is_decode),
        (Step::ok().body("\u{0}"), get, Error::is_decode),
        (Step::ok(), |client| client.get("/{"), Error::is_request),
        (
            Step::ok(),
            |client| client.get("/").header("a", "\n"),
            Error::is_request,
        ),
    ];
    for (index, (step, request, is_it)) in ways.into_iter().enumerate() {
        let (client, _) = scripted_with([step], |builder| builder.retry(None));
        let end = match request(&client).send().await {
            Ok(response) => response.json::<u8>().await,
            Err(error) => Err(error),
        };
        let error = end.unwrap_err();
        assert!(is_it(&error), "way {index}: {error}");
        assert!(!error.to_string().is_empty());
    }
}

#[tokio::test]
async fn bq31_each_encoder_is_chosen_and_what_it_cannot_hold_is_told() {
    #[derive(Serialize)]
    struct Order {
        id: Option<u8>,
        ship: BTreeMap<&'static str, &'static str>,
        lines: Vec<u8>,
    }
    let order = Order {
        id: None,
        ship: BTreeMap::from([("city", "a b"), ("zip", "1&2")]),
        lines: vec![1, 2],
    };
    let (client, server) = scripted([Step::ok()]);
    let sent = async |request: RequestBuilder| {
        request.send().await.unwrap();
        let call = server.calls().pop().unwrap();
        String::from_utf8(call.body.to_vec()).unwrap()
    };
    let post = || client.post("/");
    let body = sent(post().json(&order)).await;
    assert_eq!(
        body,
        r#"{"id":null,"ship":{"city":"a b","zip":"1&2"},"lines":[1,2]}"#
    );
    assert_eq!(sent(post().json(&json!({}))).await, "{}");
    let body = sent(post().form(&order)).await;
    assert_eq!(
        body,
        "ship%5Bcity%5D=a+b&ship%5Bzip%5D=1%262&lines=1&lines=2"
    );
    assert_eq!(sent(post().bytes("raw")).await, "raw");
    assert_eq!(
        sent(post()).await,
        "",
        "nothing is nothing, and no empty object"
    );
    #[cfg(feature = "multipart")]
    {
        let file = Part::bytes("x,y").file_name("a.csv");
        let form = Multipart::new()
            .text("ship[city]", "a b")
            .part("files[0]", file);
        let body = sent(post().multipart(form)).await;
        assert!(body.contains("name=\"ship[city]\"\r\n"), "{body}");
        assert!(
            body.contains("name=\"files[0]\"; filename=\"a.csv\"\r\n"),
            "{body}"
        );
    }
    let before = server.calls().len();
    let unsupported = BTreeMap::from([((1, 2), 3)]);
    for request in [
        post().json(&unsupported),
        post().form(&unsupported),
        post().form(&7),
    ] {
        assert!(request.send().await.unwrap_err().is_request());
    }
    assert_eq!(server.calls().len(), before);
}

/// JSON behind the words that keep it from being run as a script.
struct Guarded;

impl Envelope for Guarded {
    fn error(&self, _: &Parts, _: &Bytes) -> Option<ApiError> {
        None
    }

    fn content<T: DeserializeOwned>(&self, _: &Parts, body: &Bytes) -> Result<T, BoxError> {
        let json = body.strip_prefix(b")]}',\n").unwrap_or(body);
        Ok(serde_json::from_slice(json)?)
    }
}

#[tokio::test]
async fn bq32_a_prefix_against_hijacking_is_an_envelope_and_nothing_is_no_object() {
    let opened = async |body| {
        let response = answered(body).get("/").send().await?;
        response
            .open::<Vec<u8>>(&Guarded)
            .await
            .map(buttress::Response::into_body)
    };
    assert_eq!(opened(")]}',\n[1,2]").await.unwrap(), [1, 2]);
    assert_eq!(opened("[1]").await.unwrap(), [1]);
    // Without it the prefix is what it is: no JSON.
    assert!(
        read::<Vec<u8>>(")]}',\n[1,2]")
            .await
            .unwrap_err()
            .is_decode()
    );
    read::<()>("").await.unwrap();
    assert!(
        read::<BTreeMap<String, Value>>("")
            .await
            .unwrap_err()
            .is_decode()
    );
    // No bracket makes JSON of a text, and no content type a text of JSON.
    let page = Step::ok()
        .header("content-type", "application/json")
        .body("[1]");
    let (client, _) = scripted([page]);
    let text = client
        .get("/")
        .send()
        .await
        .unwrap()
        .decode::<Text>()
        .await
        .unwrap();
    assert_eq!(text.body().0, "[1]");
}

#[tokio::test]
async fn bq33_a_name_of_a_header_is_one_name_in_every_spelling() {
    let (client, server) = scripted([Step::ok().header("X-Request-ID", "7")]);
    let request = client
        .get("/")
        .header("X-Trace", "a")
        .header("x-trace", "b");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["x-request-id"], "7");
    assert_eq!(response.headers().get("X-REQUEST-ID").unwrap(), "7");
    let call = &server.calls()[0];
    let traces: Vec<_> = call.headers.get_all("X-Trace").iter().collect();
    assert_eq!(traces, ["b"]);
}

#[tokio::test]
async fn bq20_a_request_is_the_same_however_it_is_made_and_can_be_sent_again() {
    let (client, server) = scripted([Step::ok()]);
    let builder = || {
        client
            .put("/users/{id}")
            .path("id", 7)
            .json(&json!({"a": 1}))
    };
    let (head, mut body) = builder().build().unwrap().into_parts();
    let again = body.replay().expect("bytes can be sent again");
    for body in [body, again] {
        let request = http::Request::from_parts(head.clone(), body);
        client.execute(request).await.unwrap();
    }
    builder().send().await.unwrap();
    let calls = server.calls();
    assert_eq!(calls.len(), 3);
    for call in &calls {
        assert_eq!(call.uri, "http://api.example/v1/users/7");
        assert_eq!(call.method, http::Method::PUT);
        assert_eq!(call.header("content-type"), Some("application/json"));
        assert_eq!(call.body, r#"{"a":1}"#);
    }
}

#[tokio::test]
async fn sp15_a_server_has_no_origin_and_asks_nobody_for_leave() {
    let (client, server) = scripted([Step::ok().body("7")]);
    let request = client
        .put("http://other.example/x")
        .header("x-own", "1")
        .json(&1);
    // An answer that allows no origin is read all the same.
    let answer = request.send().await.unwrap().json::<u8>().await.unwrap();
    assert_eq!(answer, 7);
    let calls = server.calls();
    assert_eq!(calls.len(), 1, "no preflight");
    let names: Vec<_> = calls[0]
        .headers
        .keys()
        .map(http::HeaderName::as_str)
        .collect();
    assert!(
        names
            .iter()
            .all(|name| ["x-own", "content-type", "content-length"].contains(name)),
        "{names:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn sp16_dropping_the_future_ends_the_call() {
    let (client, server) = scripted([Step::hang()]);
    let call = client.get("/").timeout(None).send();
    let gave_up = tokio::time::timeout(Duration::from_secs(1), call).await;
    assert!(gave_up.is_err());
    assert_eq!((server.calls().len(), server.in_flight()), (1, 0));
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "its shape is what is asked for")]
struct User {
    name: String,
}

#[tokio::test]
async fn ic53_d16_a_type_is_strict_and_a_looser_one_has_to_be_said() {
    let odd = r#"{"nickname":"Ada"}"#;
    let error = read::<User>(odd).await.map(|user| user.name).unwrap_err();
    assert!(
        error.is_decode() && error.to_string().contains("missing field `name`"),
        "{error}"
    );
    assert_eq!(error.status().unwrap(), 200);
    let raw = read::<Value>(odd).await.unwrap();
    assert_eq!(raw["nickname"], "Ada");
}

#[tokio::test]
async fn ic55_bq29_what_a_response_is_read_as_is_what_it_must_be() {
    let client = answered(r#"{"name":"Ada"}"#);
    let response = async || client.get("/").send().await.unwrap();
    let user = response().await.decode::<BTreeMap<String, String>>().await;
    assert_eq!(user.unwrap().body()["name"], "Ada");
    let error = response().await.decode::<Vec<u8>>().await.unwrap_err();
    assert!(error.is_decode() && !error.is_server() && !error.is_validation());
    assert!(error.to_string().contains("expected a sequence"), "{error}");
    response().await.decode::<NoContent>().await.unwrap();
}
