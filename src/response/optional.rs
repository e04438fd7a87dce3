use buttress_kernel::BoxError;
use bytes::Bytes;
use http::response::Parts;

use crate::{FromResponse, StatusError};

/// A body that may not be there: a 404 is `None`, of whatever type the body is.
///
/// What is read as JSON can be an [`Option`], which takes the document `null` and an empty body for nothing,
/// and a 404 where it is [asked for](crate::RequestBuilder::optional). A [`Text`](crate::Text), a
/// [`Binary`](crate::Binary), a form or a type of yours has no `null`, and an empty text is a text: this
/// type adds the absence from outside. It asks by itself, so that nothing need be set, and it means
/// the 404 alone: an `Optional<Option<T>>` tells it from `null`.
///
/// ```
/// use buttress::{Client, Endpoint, NoContent, Optional, Text};
/// use http::Method;
/// # use buttress_testkit::{Scripted, Step};
///
/// struct Readme;
///
/// impl Endpoint for Readme {
///     const METHOD: Method = Method::GET;
///     const PATH: &'static str = "/readme.txt";
///     type Ok = Optional<Text>;
///     type Err = NoContent;
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = Scripted::new([Step::ok().body("hello"), Step::status(404).body("no such file")]);
/// # let client = Client::builder().base_uri("http://h").build_over(server)?;
/// assert_eq!(client.call(Readme).await?.into_body().0, Some(Text("hello".into())));
/// assert_eq!(client.call(Readme).await?.into_body().0, None);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Optional<T>(pub Option<T>);

impl<T> Default for Optional<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> From<Optional<T>> for Option<T> {
    fn from(optional: Optional<T>) -> Self {
        optional.0
    }
}

impl<T: FromResponse> FromResponse for Optional<T> {
    const OPTIONAL: bool = true;

    fn from_response(head: &Parts, body: &Bytes) -> Result<Self, BoxError> {
        T::from_response(head, body).map(|there| Self(Some(there)))
    }

    fn absent(_: &Parts) -> Option<Self> {
        Some(Self(None))
    }

    fn refused(head: &Parts, error: StatusError) -> StatusError {
        T::refused(head, error)
    }
}
