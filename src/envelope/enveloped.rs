use std::fmt;
use std::marker::PhantomData;

use buttress_kernel::BoxError;
use bytes::Bytes;
use http::response::Parts;
use serde::de::DeserializeOwned;

use super::Envelope;
use crate::{FromResponse, StatusError};

/// A `T` that comes in an envelope of the type `E`: what an [`Endpoint`](crate::Endpoint) says it brings,
/// or what is asked of [`Response::decode`](crate::Response::decode).
///
/// An error in the envelope is an [`Error`](crate::Error), whatever the status, and
/// [`Error::api`](crate::Error::api) has what it says.
///
/// ```
/// use buttress::envelope::{Enveloped, tagged::Tagged};
/// # use buttress::Client;
/// # use buttress_testkit::{Scripted, Step};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = Scripted::new([Step::ok().body(r#"{"t":"single","data":7}"#)]);
/// # let client = Client::builder().base_uri("http://h").build_over(server)?;
/// let response = client.get("/luck").send().await?.decode::<Enveloped<u8, Tagged>>().await?;
/// assert_eq!(**response.body(), 7);
/// # Ok(())
/// # }
/// ```
pub struct Enveloped<T, E>(T, PhantomData<fn() -> E>);

impl<T, E> Enveloped<T, E> {
    /// The content.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T, E> std::ops::Deref for Enveloped<T, E> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug, E> fmt::Debug for Enveloped<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Enveloped").field(&self.0).finish()
    }
}

impl<T: DeserializeOwned, E: Envelope + Default> FromResponse for Enveloped<T, E> {
    fn from_response(head: &Parts, body: &Bytes) -> Result<Self, BoxError> {
        let content = super::open::content(&E::default(), head, body)?;
        Ok(Self(content, PhantomData))
    }

    /// As of JSON without an envelope: nothing, for an `Option`.
    fn absent(_: &Parts) -> Option<Self> {
        let content = crate::response::json::read(b"").ok()?;
        Some(Self(content, PhantomData))
    }

    fn refused(head: &Parts, error: StatusError) -> StatusError {
        super::open::told(&E::default(), head, error)
    }
}
