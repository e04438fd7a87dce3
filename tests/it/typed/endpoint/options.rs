//! Each option of an endpoint, where it can be seen.

use std::time::Duration;

use buttress::cache::Mode;
use buttress::{ArrayStyle, CacheLayer, Endpoint, NoContent, Options, Tags};
use buttress_testkit::Step;
use http::Method;
use serde::Serialize;
use tokio::time::Instant;

use crate::typed::{scripted, scripted_with};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn w53_timeout_and_total_and_body_idle_are_seen_in_the_clock() {
    endpoint!(Timed: NoContent = Options::new().timeout(SECOND));
    endpoint!(Bounded: NoContent = Options::new().total(SECOND.saturating_mul(2)));
    endpoint!(Idle: NoContent = Options::new().body_idle(SECOND.saturating_mul(3)));
    let (client, _) = scripted_with([Step::hang()], |b| b.retry(None));
    let start = Instant::now();
    assert!(client.call(Timed).await.unwrap_err().is_timeout());
    assert_eq!(start.elapsed(), SECOND);
    assert!(client.call(Bounded).await.unwrap_err().is_timeout());
    assert_eq!(start.elapsed(), 3 * SECOND);
    let stalls = Step::ok().body_with(|| {
        let (frames, body) = buttress_testkit::channel();
        tokio::spawn(async move { frames.data(hold().await) });
        body
    });
    let (client, _) = scripted([stalls]);
    let start = Instant::now();
    assert!(client.call(Idle).await.unwrap_err().is_timeout());
    assert_eq!(start.elapsed(), 3 * SECOND);
}

async fn hold() -> &'static str {
    tokio::time::sleep(60 * SECOND).await;
    ""
}

#[tokio::test(start_paused = true)]
async fn w53_retry_and_idempotent_are_seen_in_the_number_of_calls() {
    endpoint!(Often: NoContent = Options::new().idempotent(true).retry(5));
    endpoint!(Twice: NoContent = Options::new().idempotent(true));
    endpoint!(Once: NoContent = Options::new());
    let (client, server) = scripted([Step::status(503)]);
    assert_eq!(client.call(Often).await.unwrap_err().attempts(), 5);
    client.call(Twice).await.unwrap_err();
    assert_eq!(server.calls().len(), 5 + 3);
    client.call(Once).await.unwrap_err();
    assert_eq!(
        server.calls().len(),
        5 + 3 + 1,
        "a POST is not repeated unless it says so"
    );
}

#[tokio::test]
async fn w53_bq37_tags_and_priority_reach_every_layer_and_never_the_wire() {
    endpoint!(Tagged: NoContent = Options::new().tags(&["billing", "slow"]).priority(7));
    let (client, server) = scripted([Step::ok()]);
    client.call(Tagged).await.unwrap();
    let call = &server.calls()[0];
    assert_eq!(call.extensions.get(), Some(&Tags(&["billing", "slow"])));
    assert_eq!(
        call.extensions
            .get::<buttress::priority::Priority>()
            .map(|p| p.0),
        Some(7)
    );
    assert!(call.headers.is_empty(), "{:?}", call.headers);
}

#[tokio::test]
async fn w53_the_label_is_told() {
    endpoint!(Labelled: NoContent = Options::new().label("create user"));
    let (events, _guard) = crate::support::events::capture();
    let (client, _) = scripted([Step::ok()]);
    client.call(Labelled).await.unwrap();
    assert!(events.text().contains("label=\"create user\""));
}

#[tokio::test]
async fn w53_d10_lists_are_written_as_the_endpoint_says() {
    endpoint!(Commas: NoContent = Options::new().arrays(ArrayStyle::Comma));
    let (client, server) = scripted([Step::ok()]);
    client.call(Commas).await.unwrap();
    assert_eq!(server.calls()[0].uri.query(), Some("id=1,2"));
}

#[tokio::test]
async fn w53_bq07_an_open_endpoint_takes_more() {
    endpoint!(Open: NoContent = Options::new().open());
    let (client, server) = scripted([Step::ok()]);
    client.call(Open).await.unwrap();
    assert_eq!(server.calls()[0].uri.query(), Some("extra=1&id=1&id=2"));
}

#[tokio::test]
async fn w53_the_limit_holds_for_the_body() {
    endpoint!(Limited: String = Options::new().limit(3));
    let (client, _) = scripted([Step::ok().body("\"long\"")]);
    assert!(client.call(Limited).await.unwrap_err().is_too_large());
}

#[tokio::test]
async fn w53_bq35_an_anonymous_endpoint_sends_no_credentials() {
    endpoint!(Anonymous: NoContent = Options::new().anonymous());
    endpoint!(Known: NoContent = Options::new());
    let (client, server) = scripted_with([Step::ok()], |b| {
        let mut signature = http::HeaderValue::from_static("s3cret");
        signature.set_sensitive(true);
        b.header("authorization", "Bearer s3cret")
            .header("x-api-key", "s3cret")
            .header("x-signature", signature)
            .cookie("session", "s3cret")
            .header("accept", "text/plain")
    });
    client.call(Anonymous).await.unwrap();
    client.call(Known).await.unwrap();
    let calls = server.calls();
    let names: Vec<_> = calls[0]
        .headers
        .keys()
        .map(http::HeaderName::as_str)
        .collect();
    assert_eq!(names, ["accept"]);
    assert_eq!(calls[1].headers.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn w53_the_cache_is_used_as_the_endpoint_says() {
    struct Fresh;
    struct Reloaded;
    macro_rules! cached {
        ($name:ident, $options:expr) => {
            impl Endpoint for $name {
                const METHOD: Method = Method::GET;
                const PATH: &'static str = "/a";
                const OPTIONS: Options = $options;
                type Ok = u8;
                type Err = NoContent;
            }
        };
    }
    cached!(Fresh, Options::new().fresh_for(SECOND));
    cached!(
        Reloaded,
        Options::new().cache(Mode::Reload).fresh_for(SECOND)
    );
    let steps = ["1", "2", "3"].map(|body| Step::ok().body(body));
    let (client, server) = scripted_with(steps, |b| b.cache(CacheLayer::private()));
    assert_eq!(client.call(Fresh).await.unwrap().into_body(), 1);
    assert_eq!(client.call(Fresh).await.unwrap().into_body(), 1);
    assert_eq!(server.calls().len(), 1);
    assert_eq!(client.call(Reloaded).await.unwrap().into_body(), 2);
    assert_eq!(client.call(Fresh).await.unwrap().into_body(), 2);
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn w53_ap31_redirects_are_followed_as_far_as_the_endpoint_says() {
    endpoint!(Once: NoContent = Options::new().redirects(1));
    let moved = |to: &str| Step::status(307).header("location", to);
    let (client, server) = scripted([moved("/b"), Step::ok()]);
    assert_eq!(client.call(Once).await.unwrap().uri().path(), "/b");
    let (client, _) = scripted([moved("/b"), moved("/c"), Step::ok()]);
    assert!(client.call(Once).await.unwrap_err().is_redirect());
    assert_eq!(server.calls().len(), 2);
}
