//! Endpoints by `#[derive(Endpoint)]`: what each field becomes on the wire.

use buttress::kernel::TransportError;
use buttress::{ArrayStyle, Endpoint, Multipart, Options, Payload};
use buttress_testkit::Step;
use http::Method;
use serde::{Deserialize, Serialize};

use super::scripted;

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct User {
    name: String,
}

#[derive(Endpoint)]
#[endpoint(POST "/teams/{team}/users/{+path}{?page}", ok = User, err = Vec<String>, options = Options::new().retry(1).arrays(ArrayStyle::Comma))]
struct CreateUser<'a, T: Serialize> {
    team: &'a str,
    path: String,
    page: u8,
    notify: Option<bool>,
    tags: Vec<u8>,
    #[endpoint(rename = "x-source")]
    source: &'a str,
    r#type: &'a str,
    #[endpoint(json)]
    user: T,
    #[endpoint(skip)]
    note: &'a str,
}

#[tokio::test]
async fn bq17_each_field_goes_to_its_place() {
    let (client, server) = scripted([
        Step::ok().body(r#"{"name":"Ada"}"#),
        Step::status(503).body(r#"["no"]"#),
        Step::error(|| TransportError::connect("refused")),
    ]);
    let create = || CreateUser {
        team: "r/d",
        path: "a/b".into(),
        page: 2,
        notify: None,
        tags: vec![1, 2],
        source: "a&b",
        r#type: "t",
        user: User { name: "Ada".into() },
        note: "not sent",
    };
    assert_eq!(create().note, "not sent");
    let made = client.call(create()).await.unwrap();
    assert_eq!(made.body().name, "Ada");
    let call = &server.calls()[0];
    assert_eq!(call.method, Method::POST);
    assert_eq!(
        call.uri,
        "http://api.example/v1/teams/r%2Fd/users/a/b?page=2&tags=1,2&x-source=a%26b&type=t"
    );
    assert_eq!(call.body, r#"{"name":"Ada"}"#);
    let error = client.call(create()).await.unwrap_err();
    assert_eq!(error.body(), Some(&vec!["no".to_owned()]));
    // What never left would be sent again, were it not for its options.
    assert!(client.call(create()).await.unwrap_err().is_connect());
    assert_eq!(server.calls().len(), 3, "its options are honoured");
}

/// The façade under another name, and told from it by what stands in the place of no content.
mod elsewhere {
    pub(super) use buttress::{__private, Endpoint, Text as NoContent};
}

#[derive(Endpoint)]
#[endpoint(GET "/motto", crate = "elsewhere")]
struct Motto;

#[tokio::test]
async fn bq17_the_facade_is_where_crate_says() {
    let (client, _) = scripted([Step::ok().body("hold up")]);
    let motto = client.call(Motto).await.unwrap();
    assert_eq!(motto.body().0, "hold up");
}

#[derive(Endpoint)]
#[endpoint(DELETE "/users{?soft}")]
struct RemoveAll;

#[derive(Endpoint)]
#[endpoint(PUT "/users")]
struct Replace {
    #[endpoint(form)]
    user: User,
}

#[derive(Endpoint)]
#[endpoint(PUT "/users/{id}",)]
struct Store {
    id: u8,
    #[endpoint(query, rename = "id")]
    version: u8,
    #[endpoint(body)]
    bytes: &'static [u8],
}

#[derive(Endpoint)]
#[endpoint(POST "/albums/{album}/photos", validate = Self::check)]
struct AddPhotos {
    album: &'static str,
    #[endpoint(into_body)]
    photos: Multipart,
}

impl AddPhotos {
    fn check(&self) -> Result<(), String> {
        match self.album {
            "" => Err("an album has a name".to_owned()),
            _ => Ok(()),
        }
    }
}

#[derive(Endpoint)]
#[endpoint(PUT "/log", validate = never)]
struct Refused<'a> {
    line: &'a str,
}

fn never(refused: &Refused<'_>) -> Result<(), buttress::BoxError> {
    Err(format!("not {}", refused.line).into())
}

#[tokio::test]
async fn ic51_what_is_derived_is_validated_and_gives_its_body_away() {
    let (client, server) = scripted([Step::status(204)]);
    let add = |album| AddPhotos {
        album,
        photos: Multipart::new().text("title", "at sea"),
    };
    let (one,) = client.batch((add("a"),)).all().await;
    one.unwrap();
    client.call(add("a")).await.unwrap();
    let calls = server.calls();
    for call in &calls {
        assert!(
            call.header("content-type")
                .unwrap()
                .starts_with("multipart/form-data; boundary=")
        );
        assert!(String::from_utf8_lossy(&call.body).contains("at sea"));
    }
    let error = client.call(add("")).await.unwrap_err();
    assert!(
        error.is_request() && error.to_string().contains("an album has a name"),
        "{error}"
    );
    let error = client.call(Refused { line: "now" }).await.unwrap_err();
    assert!(
        error.is_request() && error.to_string().contains("not now"),
        "{error}"
    );
    let kept = client.endpoint(&add("a")).send().await.unwrap_err();
    assert!(
        kept.is_request() && kept.to_string().contains("given away only"),
        "{kept}"
    );
    assert_eq!((calls.len(), server.calls().len()), (2, 2));
}

#[tokio::test]
async fn bq02_what_is_not_said_is_nothing() {
    let (client, server) = scripted([Step::status(204)]);
    client.call(RemoveAll).await.unwrap();
    let user = User { name: "a b".into() };
    client.call(Replace { user }).await.unwrap();
    client
        .call(Store {
            id: 7,
            version: 8,
            bytes: b"raw",
        })
        .await
        .unwrap();
    let calls = server.calls();
    assert_eq!(
        (calls[0].method.as_str(), calls[0].body.len()),
        ("DELETE", 0)
    );
    assert_eq!(calls[1].body, "name=a+b");
    assert_eq!(
        (calls[2].uri.path(), calls[2].uri.query()),
        ("/v1/users/7", Some("id=8"))
    );
    assert_eq!(calls[2].body, "raw");
    assert!(Payload::from(&b"x"[..]).replayable());
}
