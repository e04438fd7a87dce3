//! What the layers say about themselves.

use std::pin::pin;
use std::sync::{Arc, Mutex};

use buttress_kernel::{Explain, Trail};
use buttress_testkit::{Scripted, Step, channel};
use buttress_timeout::{DeadlineLayer, TimeoutLayer};
use http_body_util::BodyExt;
use tower::{Layer, ServiceBuilder, ServiceExt};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{get, get_with, millis, secs};

/// What was logged, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().expect("no panic under the lock");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic under the lock").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn listen() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_ansi(false)
        .without_time()
        .finish();
    (log, buttress_testkit::listen(subscriber))
}

#[tokio::test(start_paused = true)]
async fn an_event_says_which_limit_ran_out_and_nothing_about_the_request() {
    let (log, _guard) = listen();
    let service = TimeoutLayer::new(millis(1_500)).layer(Scripted::new([Step::hang()]));
    service.oneshot(get()).await.unwrap_err();
    let wanted = " WARN buttress_timeout: a time limit ran out phase=\"head\" after_ms=1500\n";
    assert_eq!(log.text(), wanted);
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_time_makes_no_event() {
    let (log, _guard) = listen();
    let service = TimeoutLayer::default().layer(Scripted::new([Step::ok().after(secs(1))]));
    service.oneshot(get()).await.unwrap();
    assert_eq!(log.text(), "");
}

#[tokio::test(start_paused = true)]
async fn a_trail_says_how_each_attempt_went() {
    let explain = Explain::new();
    let server = Scripted::new([
        Step::ok().after(secs(1)),
        Step::error(|| "broken").after(secs(1)),
        Step::hang(),
    ]);
    let service = TimeoutLayer::new(secs(2)).layer(server);
    let response = service
        .clone()
        .oneshot(get_with(explain.clone()))
        .await
        .unwrap();
    let shown = response
        .extensions()
        .get::<Trail>()
        .expect("the trail so far")
        .clone();
    assert_eq!(shown.summary(), "timeout: head in time");
    assert_eq!(shown.entries()[0].duration(), secs(1));

    service
        .clone()
        .oneshot(get_with(explain.clone()))
        .await
        .unwrap_err();
    service
        .oneshot(get_with(explain.clone()))
        .await
        .unwrap_err();
    let trail = explain.trail();
    assert_eq!(
        trail.summary(),
        "timeout: head in time; timeout: failed before the limit; timeout: no head within 2 s"
    );
    assert_eq!(trail.entries()[2].duration(), secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_trail_says_what_became_of_the_body() {
    let explain = Explain::new();
    let (_sender, body) = channel();
    let service = ServiceBuilder::new()
        .layer(DeadlineLayer::new(secs(60)))
        .layer(TimeoutLayer::default().body_idle(secs(2)))
        .service(Scripted::new([Step::ok().body(body)]));
    let response = service.oneshot(get_with(explain.clone())).await.unwrap();
    assert!(response.extensions().get::<Trail>().is_some());
    let mut body = pin!(response.into_body());
    body.frame().await.unwrap().unwrap_err();
    let trail = explain.trail();
    let last = &trail.entries()[2];
    assert_eq!(last.note(), "the response's body stood still for 2 s");
    assert_eq!(last.duration(), secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_trail_says_that_the_total_ran_out() {
    let explain = Explain::new();
    let service = DeadlineLayer::new(secs(2)).layer(Scripted::new([Step::hang()]));
    service
        .oneshot(get_with(explain.clone()))
        .await
        .unwrap_err();
    assert_eq!(
        explain.trail().summary(),
        "timeout: the total ran out after 2 s"
    );
}

#[tokio::test(start_paused = true)]
async fn a_trail_tells_the_total_from_the_attempt() {
    let server = Scripted::new([
        Step::ok().after(millis(250)),
        Step::error(|| "broken").after(secs(1)),
    ]);
    let service = ServiceBuilder::new()
        .layer(DeadlineLayer::new(secs(5)))
        .layer(TimeoutLayer::new(secs(2)))
        .service(server);
    let mut notes = Vec::new();
    for _ in 0..2 {
        let explain = Explain::new();
        let request = get_with(explain.clone());
        // How it ends is what the trail is asked.
        let _ = service.clone().oneshot(request).await;
        let mut said: Vec<_> = explain
            .trail()
            .entries()
            .iter()
            .map(|e| e.note().to_owned())
            .collect();
        said.sort();
        notes.push(said.join("; "));
    }
    assert_eq!(
        notes,
        [
            "head in time; total: head in time, 4.7 s left",
            "failed before the limit; total: failed, 4 s left",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_layer_without_a_deadline_writes_nothing_down() {
    let explain = Explain::new();
    let service = DeadlineLayer::none().layer(Scripted::new([Step::ok().after(secs(1))]));
    let response = service.oneshot(get_with(explain.clone())).await.unwrap();
    assert!(response.extensions().is_empty());
    assert_eq!(explain.trail().entries(), []);
}

#[tokio::test(start_paused = true)]
async fn without_the_wish_a_response_carries_no_trail() {
    let service = TimeoutLayer::default().layer(Scripted::new([Step::ok()]));
    let response = service.oneshot(get()).await.unwrap();
    assert!(response.extensions().is_empty());
}
