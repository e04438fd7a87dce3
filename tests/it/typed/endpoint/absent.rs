//! A 404 that is no error, for who says that what is asked for may be absent.

use buttress::envelope::{Enveloped, tagged::Tagged};
use buttress::{Binary, BoxError, Endpoint, FromResponse, NoContent, Optional, Options, Text};
use buttress_testkit::Step;
use bytes::Bytes;
use http::Method;
use serde::Serialize;

use super::User;
use crate::typed::scripted;

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
