//! Functions that are told of calls.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use buttress::fallback::FallbackLayer;
use buttress::observers::{Event, Observers, Pattern, Stage};
use buttress::{CacheLayer, Client, Endpoint, Kind, NoContent, Options, Sent};
use buttress_testkit::{Scripted, Step};
use http::Method;
use tokio::time::timeout;
use tower::{Layer, ServiceExt};

use super::{Number, Word, scripted_with};
use crate::support::events::capture;

/// What was told, in words.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn listener(&self, name: &'static str) -> impl Fn(&Event) + Send + Sync + 'static {
        let told = self.clone();
        move |event| {
            let words = format!(
                "{name}: {} {} {:?}",
                event.method(),
                event.url(),
                event.stage()
            );
            told.0.lock().unwrap().push(words);
        }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn observed(steps: impl IntoIterator<Item = Step>) -> (Client, Observers, Scripted) {
    let observers = Observers::new();
    let (client, server) = scripted_with(steps, |b| b.observers(&observers));
    (client, observers, server)
}

#[tokio::test(start_paused = true)]
async fn ic72_bq36_an_observer_is_told_of_the_beginning_and_the_end() {
    let (client, observers, _) =
        observed([Step::status(503), Step::ok().after(Duration::from_secs(2))]);
    let seen: Arc<Mutex<Vec<Event>>> = Arc::default();
    let events = Arc::clone(&seen);
    observers
        .on(Pattern::any(), move |event| {
            events.lock().unwrap().push(event.clone());
        })
        .forever();
    let begin = tokio::time::Instant::now();
    client
        .get("/a?token=s3cret")
        .label("find")
        .send()
        .await
        .unwrap();

    let seen = std::mem::take(&mut *seen.lock().unwrap());
    let [started, ended] = &seen[..] else {
        panic!("{seen:?}")
    };
    assert_eq!((started.stage(), started.attempts()), (Stage::Started, 0));
    assert_eq!(started.method(), Method::GET);
    assert_eq!(started.url(), "http://api.example/v1/a");
    assert_eq!((started.label(), started.start()), (Some("find"), begin));
    assert_eq!(ended.stage(), Stage::Answered(http::StatusCode::OK));
    assert_eq!(ended.attempts(), 2, "one call, whatever it took");
    let (took, answered) = (ended.elapsed(), begin.elapsed());
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!((ended.elapsed(), started.elapsed()), (took, Duration::ZERO));
    assert!(
        took >= Duration::from_secs(2) && took <= answered,
        "{took:?}"
    );
    assert!(!ended.is_fallback() && ended.stage().is_end() && !ended.stage().is_failure());
    assert!(!format!("{seen:?}").contains("s3cret"));
}

#[tokio::test(start_paused = true)]
async fn ic72_patterns_choose_by_template_endpoint_method_and_tag() {
    struct Tagged;
    impl Endpoint for Tagged {
        const METHOD: Method = Method::PUT;
        const PATH: &'static str = "/tagged";
        const OPTIONS: Options = Options::new().tags(&["billing"]);
        type Ok = NoContent;
        type Err = NoContent;
    }

    let (client, observers, _) = observed([Step::ok().body("1")]);
    let told = Told::default();
    let path = |template| Pattern::path(template).unwrap().ends();
    let _subscriptions = [
        observers.on(path("/numbers/{n}"), told.listener("template")),
        observers.on(
            path("http://api.example/v1/numbers/7"),
            told.listener("exact"),
        ),
        observers.on(
            path("http://other.example/{+any}"),
            told.listener("elsewhere"),
        ),
        observers.on(
            Pattern::endpoint::<Number>().ends(),
            told.listener("endpoint"),
        ),
        observers.on(
            Pattern::any().method(Method::PUT).ends(),
            told.listener("method"),
        ),
        observers.on(Pattern::any().tag("billing").ends(), told.listener("tag")),
    ];
    let names = |told: Vec<String>| -> Vec<String> {
        told.iter()
            .map(|words| words.split(':').next().unwrap().to_owned())
            .collect()
    };

    client.call(Number(7)).await.unwrap();
    assert_eq!(names(told.take()), ["template", "exact", "endpoint"]);
    client.get("/numbers/8?a=b").send().await.unwrap();
    assert_eq!(names(told.take()), ["template", "endpoint"]);
    client.put("/numbers/7").send().await.unwrap();
    assert_eq!(names(told.take()), ["template", "exact", "method"]);
    client.call(Tagged).await.unwrap();
    assert_eq!(names(told.take()), ["method", "tag"], "bq37: tags filter");
    client.get("http://other.example/a/b").send().await.unwrap();
    assert_eq!(names(told.take()), ["elsewhere"]);
    client.get("/numbers/7/more").send().await.unwrap();
    assert_eq!(names(told.take()), [""; 0]);
    assert!(Pattern::path("/{").is_err());
}

#[tokio::test(start_paused = true)]
async fn sp18_failures_alone_can_be_asked_for() {
    let steps = [Step::ok(), Step::status(404), Step::error(|| "broken")];
    let (client, observers, _) = observed(steps);
    let told = Told::default();
    let _subscription = observers.on(Pattern::any().failures(), told.listener("failed"));
    for _ in 0..3 {
        // How it ends is what the observer says.
        let _ = client.get("/a").no_retry().send().await;
    }
    assert_eq!(
        told.take(),
        [
            "failed: GET http://api.example/v1/a Answered(404)",
            "failed: GET http://api.example/v1/a Failed { kind: Other, sent: Maybe }",
        ]
    );
    assert!(Stage::Answered(http::StatusCode::NOT_FOUND).is_failure());
}

#[tokio::test(start_paused = true)]
async fn ic72_an_observer_is_gone_with_its_subscription() {
    let (client, observers, _) = observed([Step::ok()]);
    let told = Told::default();
    let first = observers.on(Pattern::any().ends(), told.listener("first"));
    let second = observers.on(Pattern::any().ends(), told.listener("second"));
    client.get("/a").send().await.unwrap();
    assert_eq!(told.take().len(), 2);
    drop(first);
    client.get("/a").send().await.unwrap();
    assert_eq!(
        told.take(),
        ["second: GET http://api.example/v1/a Answered(200)"]
    );
    drop(second);
    client.get("/a").send().await.unwrap();
    assert_eq!(told.take(), [""; 0]);
    assert_eq!(format!("{observers:?}"), "[]");
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_goes_during_a_call_is_not_told_of_its_end() {
    let (client, observers, _) = observed([Step::ok().after(Duration::from_secs(1))]);
    let told = Told::default();
    let gone = observers.on(Pattern::any(), told.listener("gone"));
    let call = tokio::spawn(client.get("/a").send());
    tokio::task::yield_now().await;
    drop(gone);
    let _late = observers.on(Pattern::any(), told.listener("late"));
    call.await.unwrap().unwrap();
    assert_eq!(told.take(), ["gone: GET http://api.example/v1/a Started"]);
}

#[tokio::test(start_paused = true)]
async fn an_observer_may_subscribe_and_unsubscribe_while_it_is_told() {
    let (client, observers, _) = observed([Step::ok()]);
    let told = Told::default();
    let slot = Arc::new(Mutex::new(None));
    let (inner, mine, listener) = (observers.clone(), Arc::clone(&slot), told.clone());
    let once = observers.on(Pattern::any(), move |_| {
        drop(mine.lock().unwrap().take());
        inner
            .on(Pattern::any(), listener.listener("next"))
            .forever();
    });
    *slot.lock().unwrap() = Some(once);
    client.get("/a").send().await.unwrap();
    assert_eq!(told.take(), [""; 0]);
    client.get("/a").send().await.unwrap();
    assert_eq!(told.take().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn ic72_an_observer_that_panics_harms_nobody() {
    let (client, observers, _) = observed([Step::ok()]);
    let told = Told::default();
    let _panics = observers.on(Pattern::any(), |event| panic!("at {:?}", event.stage()));
    let _well = observers.on(Pattern::any(), told.listener("well"));
    let (events, _guard) = capture();
    for _ in 0..2 {
        assert_eq!(
            client.get("/a?b=s3cret").send().await.unwrap().status(),
            200
        );
    }
    assert_eq!(told.take().len(), 4);
    let text = events.text();
    assert_eq!(text.matches("an observer panicked").count(), 4, "{text}");
    assert!(!text.contains("s3cret"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn nor_does_one_that_panics_with_what_panics_when_it_is_dropped() {
    struct Grudge;
    impl Drop for Grudge {
        fn drop(&mut self) {
            panic!("and once more");
        }
    }
    let (client, observers, _) = observed([Step::ok()]);
    let told = Told::default();
    let _panics = observers.on(Pattern::any(), |_| std::panic::panic_any(Grudge));
    let _well = observers.on(Pattern::any(), told.listener("well"));
    client.get("/a").send().await.unwrap();
    assert_eq!(told.take().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_is_told_as_cancelled() {
    let (client, observers, server) = observed([Step::hang()]);
    let told = Told::default();
    let _subscription = observers.on(Pattern::any().ends(), told.listener("end"));
    timeout(Duration::from_secs(1), client.get("/a").send())
        .await
        .unwrap_err();
    assert_eq!(told.take(), ["end: GET http://api.example/v1/a Cancelled"]);
    assert_eq!(server.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn ic39_an_observer_learns_that_an_answer_is_a_substitute() {
    let observers = Observers::new();
    let (client, _) = scripted_with([Step::status(503)], |b| {
        let value = FallbackLayer::value(http::Response::new("1".into()));
        b.observers(&observers).fallback(value).retry(None)
    });
    let seen: Arc<Mutex<Vec<bool>>> = Arc::default();
    let flags = Arc::clone(&seen);
    let _subscription = observers.on(Pattern::any().ends(), move |event| {
        flags.lock().unwrap().push(event.is_fallback());
    });
    client.call(Number(1)).await.unwrap();
    client.post("/numbers").send().await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [true, false]);
}

#[tokio::test(start_paused = true)]
async fn ic70_an_answer_that_a_cache_had_made_no_attempt_where_the_cache_says_so() {
    for says_so in [true, false] {
        let observers = Observers::new();
        let kept = Step::ok().header("cache-control", "max-age=60").body("1");
        let (client, server) = scripted_with([kept], |b| {
            let cache = CacheLayer::private().status_extension(says_so);
            b.observers(&observers).cache(cache)
        });
        let seen: Arc<Mutex<Vec<u32>>> = Arc::default();
        let attempts = Arc::clone(&seen);
        let _subscription = observers.on(Pattern::any().ends(), move |event| {
            attempts.lock().unwrap().push(event.attempts());
        });
        for _ in 0..3 {
            client.call(Number(1)).await.unwrap();
        }
        let hit = u32::from(!says_so);
        assert_eq!(*seen.lock().unwrap(), [1, hit, hit]);
        assert_eq!(server.calls().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_template_under_a_base_does_not_reach_beside_it() {
    let (client, observers, _) = observed([Step::ok()]);
    let told = Told::default();
    let _all = observers.on(
        Pattern::path("{+rest}").unwrap().ends(),
        told.listener("all"),
    );
    let _one = observers.on(Pattern::path("{id}").unwrap().ends(), told.listener("one"));
    client.get("http://api.example/v10").send().await.unwrap();
    client
        .get("http://api.example/v10/users")
        .send()
        .await
        .unwrap();
    assert_eq!(told.take(), [""; 0]);
    client.get("/7").send().await.unwrap();
    assert_eq!(told.take().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn ic72_each_client_has_observers_of_its_own() {
    let (one, observers, _) = observed([Step::ok().body("\"a\"")]);
    let (two, _, _) = observed([Step::ok().body("\"a\"")]);
    let told = Told::default();
    let _subscription = observers.on(Pattern::any().ends(), told.listener("one"));
    two.call(Word).await.unwrap();
    assert_eq!(told.take(), [""; 0]);
    one.clone().call(Word).await.unwrap();
    assert_eq!(told.take().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn observers_are_a_layer_for_any_stack() {
    let observers = Observers::new();
    let told = Told::default();
    let pattern = Pattern::path("/a").unwrap().ends();
    let _subscription = observers.on(pattern, told.listener("any"));
    let service = observers.layer(Scripted::new([Step::error(|| {
        buttress::kernel::TransportError::connect("refused")
    })]));
    let request = http::Request::get("http://u:p@h/a?b=c").body(()).unwrap();
    service.oneshot(request).await.unwrap_err();
    let words = format!(
        "any: GET http://h/a Failed {{ kind: {:?}, sent: {:?} }}",
        Kind::Connect,
        Sent::No
    );
    assert_eq!(told.take(), [words]);
}
