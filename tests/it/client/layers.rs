//! Layers of the user's: where they stand and what they see.

use std::sync::{Arc, Mutex};

use buttress::Body;
use buttress_testkit::Step;
use http::{Request, Response};
use tower::util::{MapRequestLayer, MapResponseLayer};

use super::scripted_with;

type Log = Arc<Mutex<Vec<String>>>;

fn note(log: &Log, what: String) {
    log.lock().unwrap().push(what);
}

fn told(log: &Log) -> Vec<String> {
    std::mem::take(&mut *log.lock().unwrap())
}

#[tokio::test(start_paused = true)]
async fn ic07_outer_layers_see_a_call_once_and_attempt_layers_see_each_attempt() {
    let log = Log::default();
    let (outer, inner) = (Arc::clone(&log), Arc::clone(&log));
    let (client, _) = scripted_with([Step::status(503), Step::ok()], |b| {
        b.layer(MapRequestLayer::new(move |request: Request<Body>| {
            note(&outer, format!("call {}", request.uri()));
            request
        }))
        .attempt_layer(MapRequestLayer::new(move |request: Request<Body>| {
            note(&inner, "attempt".to_owned());
            request
        }))
    });
    client.get("/a").send().await.unwrap();
    assert_eq!(
        told(&log),
        ["call http://api.example/v1/a", "attempt", "attempt"]
    );
}

#[tokio::test(start_paused = true)]
async fn d18_requests_meet_layers_in_order_and_responses_in_reverse() {
    let log = Log::default();
    let layer = |name: &'static str| {
        let (there, back) = (Arc::clone(&log), Arc::clone(&log));
        tower::ServiceBuilder::new()
            .layer(MapRequestLayer::new(move |request: Request<Body>| {
                note(&there, format!("{name} there"));
                request
            }))
            .layer(MapResponseLayer::new(move |response: Response<Body>| {
                note(&back, format!("{name} back"));
                response
            }))
            .into_inner()
    };
    let (client, _) = scripted_with([Step::ok()], |b| {
        b.layer(layer("first"))
            .layer(layer("second"))
            .attempt_layer(layer("third"))
            .attempt_layer(layer("fourth"))
    });
    client.get("/").send().await.unwrap();
    assert_eq!(
        told(&log),
        [
            "first there",
            "second there",
            "third there",
            "fourth there",
            "fourth back",
            "third back",
            "second back",
            "first back",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn ic08_ic09_a_response_layer_sees_every_status() {
    let log = Log::default();
    let seen = Arc::clone(&log);
    let (client, _) = scripted_with([Step::status(401), Step::status(404)], |b| {
        b.layer(MapResponseLayer::new(move |response: Response<Body>| {
            note(&seen, response.status().as_u16().to_string());
            response
        }))
    });
    client.get("/").send().await.unwrap();
    client.get("/").send().await.unwrap();
    assert_eq!(told(&log), ["401", "404"]);
}

#[tokio::test(start_paused = true)]
async fn a_key_under_any_name_makes_a_post_repeatable() {
    let name = http::HeaderName::from_static("x-request-token");
    let layer = buttress::idempotency::IdempotencyKeyLayer::new().header(name);
    let (client, server) = scripted_with([Step::status(503), Step::ok()], |b| b.idempotency(layer));
    let answer = client.post("/a").text("x").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let calls = server.calls();
    let [first, second] = [0, 1].map(|at: usize| calls[at].header("x-request-token"));
    assert!(first.is_some() && first == second);
}
