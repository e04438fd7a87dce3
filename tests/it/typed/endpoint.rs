//! Endpoints: what they send, what they become, and each of their options where it can be seen.

use std::time::Duration;

use buttress::cache::Mode;
use buttress::envelope::{Enveloped, tagged::Tagged};
use buttress::{
    ArrayStyle, Binary, BoxError, CacheLayer, Endpoint, FromResponse, MissingParameters, NoContent,
    Optional, Options, Payload, Sent, Tags, Text,
};
use buttress_testkit::{Step, channel};
use bytes::Bytes;
use futures_util::StreamExt;
use http::Method;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{scripted, scripted_with};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct User {
    name: String,
}

/// Why a user was not created.
#[derive(Debug, PartialEq)]
enum NotCreated {
    Invalid(Vec<String>),
    Taken { by: u64 },
}

impl FromResponse for NotCreated {
    fn from_response(head: &http::response::Parts, body: &Bytes) -> Result<Self, BoxError> {
        match head.status.as_u16() {
            409 => FromResponse::from_response(head, body).map(|by| Self::Taken { by }),
            _ => FromResponse::from_response(head, body).map(Self::Invalid),
        }
    }
}

struct CreateUser<'a> {
    team: &'a str,
    notify: Vec<u8>,
    user: User,
}

impl Endpoint for CreateUser<'_> {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/teams/{team}/users";
    type Ok = User;
    type Err = NotCreated;

    fn path(&self) -> impl Serialize {
        [("team", self.team)]
    }

    fn query(&self) -> impl Serialize {
        [("notify", &self.notify)]
    }

    fn body(&self) -> Payload {
        Payload::json(&self.user)
    }

    fn validate(&self) -> Result<(), BoxError> {
        if self.user.name.is_empty() {
            return Err("a user needs a name".into());
        }
        Ok(())
    }
}

fn create(team: &str, name: &str) -> CreateUser<'static> {
    CreateUser {
        team: if team == "a" { "a/b" } else { ".." },
        notify: vec![1, 2],
        user: User { name: name.into() },
    }
}

#[tokio::test]
async fn ic48_bq01_an_endpoint_says_what_is_sent_and_what_comes_back() {
    let answer = Step::status(201)
        .header("location", "/u/1")
        .body(r#"{"name":"Ada"}"#);
    let (client, server) = scripted([answer]);
    let created = client.call(create("a", "Ada")).await.unwrap();
    assert_eq!(created.status(), 201);
    assert_eq!(created.headers()["location"], "/u/1");
    assert_eq!(created.body().name, "Ada");
    let call = &server.calls()[0];
    assert_eq!(call.method, Method::POST);
    assert_eq!(
        call.uri,
        "http://api.example/v1/teams/a%2Fb/users?notify=1&notify=2"
    );
    assert_eq!(call.header("content-type"), Some("application/json"));
    assert_eq!(call.body, r#"{"name":"Ada"}"#);
}

#[tokio::test]
async fn ic50_the_body_of_an_error_has_a_type_for_each_status() {
    let invalid = Step::status(400).body(r#"["too short"]"#);
    let (client, _) = scripted([
        invalid,
        Step::status(409).body("7"),
        Step::status(502).body("<p>"),
    ]);
    let call = async || client.call(create("a", "Ada")).await.unwrap_err();
    let error = call().await;
    assert!(error.is_validation());
    assert_eq!(
        error.body(),
        Some(&NotCreated::Invalid(vec!["too short".into()]))
    );
    assert_eq!(error.body::<String>(), None);
    let error = call().await;
    assert!(error.is_conflict());
    assert_eq!(error.body(), Some(&NotCreated::Taken { by: 7 }));
    // What a gateway says is not what the endpoint says, and does not hide the status.
    let error = call().await;
    assert!(error.is_server());
    assert_eq!(error.body::<NotCreated>(), None);
    assert_eq!(error.response().unwrap().body(), "<p>");
}

/// A part of a text is a text, but not what was said.
#[tokio::test]
async fn the_body_of_an_error_that_broke_off_has_no_type() {
    struct Get;
    impl Endpoint for Get {
        const METHOD: Method = Method::GET;
        const PATH: &'static str = "/";
        type Ok = NoContent;
        type Err = Text;
    }
    let breaks = Step::status(400).body_with(|| {
        let (frames, body) = channel();
        frames.data("half");
        frames.error("reset");
        body
    });
    let (client, _) = scripted([breaks, Step::status(400).body("whole")]);
    let error = client.call(Get).await.unwrap_err();
    assert_eq!(error.body::<Text>(), None);
    assert_eq!(error.response().unwrap().body(), "half");
    let error = client.call(Get).await.unwrap_err();
    assert_eq!(error.body(), Some(&Text("whole".into())));
}

#[tokio::test]
async fn a_call_that_is_given_away_can_give_its_stream_away() {
    struct Upload(Option<Payload>);
    impl Endpoint for Upload {
        const METHOD: Method = Method::PUT;
        const PATH: &'static str = "/";
        type Ok = NoContent;
        type Err = NoContent;

        fn path(&self) -> impl Serialize {
            assert!(self.0.is_some(), "it was validated first");
        }

        fn into_body(self) -> Payload {
            self.0.unwrap_or_default()
        }

        fn validate(&self) -> Result<(), BoxError> {
            self.0
                .as_ref()
                .map(drop)
                .ok_or_else(|| "nothing to send".into())
        }
    }
    let (client, server) = scripted([Step::ok()]);
    let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>("ab"), Ok("c")]);
    let upload = Upload(Some(Payload::stream(pieces)));
    client.call(upload).await.unwrap();
    assert_eq!(server.calls()[0].body, "abc");
    assert!(client.call(Upload(None)).await.unwrap_err().is_request());
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn w37_a_body_that_can_be_given_away_only_is_sent_by_batches_and_refused_by_what_keeps_it() {
    struct Upload(&'static str);
    impl Endpoint for Upload {
        const METHOD: Method = Method::PUT;
        const PATH: &'static str = "/";
        type Ok = NoContent;
        type Err = NoContent;

        fn body(&self) -> Payload {
            Payload::once()
        }

        fn into_body(self) -> Payload {
            let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>(self.0)]);
            Payload::stream(pieces)
        }
    }
    let (client, server) = scripted([Step::ok()]);
    let (one,) = client.batch((Upload("a"),)).all().await;
    one.unwrap();
    let both = client.batch_of([Upload("b"), Upload("c")]).concurrency(1);
    both.try_all().await.unwrap();
    let bodies: Vec<_> = server
        .calls()
        .iter()
        .map(|call| call.body.clone())
        .collect();
    assert_eq!(bodies, ["a", "b", "c"]);

    let error = client.endpoint(&Upload("d")).send().await.unwrap_err();
    assert!(error.is_request() && error.sent() == Sent::No, "{error}");
    let mut polling = client.poll(Upload("d"));
    let error = polling.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("given away only"), "{error}");
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test]
async fn ic51_what_is_not_valid_is_not_sent_and_is_no_servers_400() {
    let (client, server) = scripted([Step::ok()]);
    let error = client.call(create("a", "")).await.unwrap_err();
    assert!(error.is_request() && !error.is_validation() && error.sent() == Sent::No);
    assert!(error.to_string().contains("a user needs a name"), "{error}");
    assert!(
        client
            .call(create("b", "Ada"))
            .await
            .unwrap_err()
            .is_request()
    );
    assert!(server.calls().is_empty());
}

#[tokio::test]
async fn bq18_one_use_can_differ_from_its_endpoint() {
    let (client, server) = scripted([Step::ok().body(r#"{"name":"Ada"}"#)]);
    let create = create("a", "Ada");
    let call = client
        .endpoint(&create)
        .with(|request| request.header("x-once", "1"));
    call.send().await.unwrap();
    assert_eq!(server.calls()[0].header("x-once"), Some("1"));
}

#[tokio::test]
async fn a_call_can_be_spawned_whatever_its_endpoint_holds() {
    struct Local(std::rc::Rc<u64>);
    impl Endpoint for Local {
        const METHOD: Method = Method::GET;
        const PATH: &'static str = "/users/{id}";
        type Ok = NoContent;
        type Err = NoContent;

        fn path(&self) -> impl Serialize {
            [("id", *self.0)]
        }
    }
    let (client, _) = scripted([Step::ok()]);
    let local = Local(std::rc::Rc::new(1));
    let call = client.endpoint(&local).send();
    tokio::spawn(call).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_place_that_an_endpoint_forgets_is_told() {
    struct Forgetful;
    impl Endpoint for Forgetful {
        const METHOD: Method = Method::GET;
        const PATH: &'static str = "/users/{id}";
        type Ok = NoContent;
        type Err = NoContent;
    }
    let (client, server) = scripted([Step::ok()]);
    let error = client.call(Forgetful).await.unwrap_err();
    assert!(error.failure().find::<MissingParameters>().is_some());
    assert!(server.calls().is_empty());
}

/// An endpoint with these options.
macro_rules! endpoint {
    ($name:ident: $ok:ty = $options:expr) => {
        struct $name;
        impl Endpoint for $name {
            const METHOD: Method = Method::POST;
            const PATH: &'static str = "/a";
            const OPTIONS: Options = $options;
            type Ok = $ok;
            type Err = NoContent;

            fn path(&self) -> impl Serialize {
                Self::OPTIONS.is_open().then_some([("extra", "1")])
            }

            fn query(&self) -> impl Serialize {
                [("id", [1, 2])]
            }
        }
    };
}

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

/// An empty text is a text, and nothing that is expected is not an absence.
#[tokio::test]
async fn d06_a_404_stays_an_error_for_what_cannot_be_absent() {
    endpoint!(AsText: Text = Options::new().optional());
    endpoint!(AsNothing: NoContent = Options::new().optional());
    endpoint!(AsUnit: () = Options::new().optional());
    let (client, _) = scripted([Step::status(404).body("nobody")]);
    assert!(client.call(AsText).await.unwrap_err().is_not_found());
    assert!(client.call(AsNothing).await.unwrap_err().is_not_found());
    client.call(AsUnit).await.unwrap();
}

#[tokio::test]
async fn d06_a_404_is_none_for_an_optional_text_bytes_form_or_json() {
    /// Refuses to be read.
    #[derive(Debug, PartialEq)]
    struct Never;

    impl FromResponse for Never {
        fn from_response(_: &http::response::Parts, _: &Bytes) -> Result<Self, BoxError> {
            Err("it cannot be read".into())
        }
    }

    endpoint!(AsText: Optional<Text> = Options::new());
    endpoint!(AsBytes: Optional<Binary> = Options::new());
    endpoint!(AsUser: Optional<Option<User>> = Options::new());
    endpoint!(AsNever: Optional<Never> = Options::new().optional());
    let (client, _) = scripted([
        Step::status(404).body("nobody"),
        Step::status(404).body("nobody"),
        Step::status(404).body("null"),
        Step::status(404).body("nobody"),
        Step::ok(),
        Step::ok(),
        Step::ok().body("null"),
        Step::ok(),
        Step::status(403).body("nobody"),
    ]);
    let none = client.call(AsText).await.unwrap();
    assert_eq!(
        (none.status().as_u16(), none.body()),
        (404, &Optional(None))
    );
    assert_eq!(client.call(AsBytes).await.unwrap().into_body().0, None);
    assert_eq!(client.call(AsUser).await.unwrap().into_body().0, None);
    assert_eq!(client.call(AsNever).await.unwrap().into_body().0, None);
    let there = client.call(AsText).await.unwrap().into_body();
    assert_eq!(Option::from(there), Some(Text::default()));
    let there = client.call(AsBytes).await.unwrap().into_body();
    assert_eq!(there, Optional(Some(Binary::default())));
    let null = client.call(AsUser).await.unwrap().into_body();
    assert_eq!(null, Optional(Some(None)));
    assert!(client.call(AsNever).await.unwrap_err().is_decode());
    assert!(client.call(AsText).await.unwrap_err().is_forbidden());
}

/// What a body tells of an error is told by what is in the `Optional`.
#[tokio::test]
async fn d06_a_response_is_read_as_an_optional_envelope_as_well() {
    type Found = Optional<Enveloped<u8, Tagged>>;

    let error = r#"{"t":"error","error":{"title":"not yours"}}"#;
    let (client, _) = scripted([Step::status(404).body(error), Step::status(403).body(error)]);
    let none = client.get("/").send().await.unwrap().decode::<Found>();
    assert!(none.await.unwrap().body().0.is_none());
    let refused = client.get("/").send().await.unwrap().decode::<Found>();
    let refused = refused.await.unwrap_err();
    assert_eq!(refused.api().unwrap().message(), Some("not yours"));
}

#[tokio::test]
async fn d06_a_404_is_none_where_the_endpoint_says_so_and_its_type_can_be() {
    endpoint!(Optional: Option<User> = Options::new().optional());
    endpoint!(Required: Option<User> = Options::new());
    endpoint!(Contradictory: User = Options::new().optional());
    let (client, _) = scripted([Step::status(404).body("nobody")]);
    let none = client.call(Optional).await.unwrap();
    assert_eq!((none.status().as_u16(), none.body()), (404, &None));
    assert!(client.call(Required).await.unwrap_err().is_not_found());
    assert!(client.call(Contradictory).await.unwrap_err().is_not_found());
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
