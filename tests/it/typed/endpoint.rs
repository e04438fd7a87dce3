//! Endpoints: what they send, what they become, and each of their options where it can be seen.

use buttress::{
    BoxError, Endpoint, FromResponse, MissingParameters, NoContent, Payload, Sent, Text,
};
use buttress_testkit::{Step, channel};
use bytes::Bytes;
use futures_util::StreamExt;
use http::Method;
use serde::{Deserialize, Serialize};

use super::scripted;

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

mod absent;
mod options;

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
