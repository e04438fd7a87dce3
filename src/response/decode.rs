use buttress_kernel::BoxError;
use bytes::Bytes;
use http::response::Parts;

use super::charset;
use crate::StatusError;

/// What a response can become.
///
/// Everything that is [`DeserializeOwned`](serde::de::DeserializeOwned) is read as JSON (feature
/// `json`); an empty body is then JSON's `null`, so that `Option<T>` and `()` may be absent.
/// [`NoContent`], [`Text`] and [`Binary`] are read otherwise, and so is a type of yours: one that
/// chooses by status, for instance.
///
/// ```
/// use buttress::{BoxError, FromResponse};
/// use bytes::Bytes;
///
/// #[derive(Debug)]
/// enum NotCreated { Invalid(Vec<String>), Taken }
///
/// impl FromResponse for NotCreated {
///     fn from_response(head: &http::response::Parts, body: &Bytes) -> Result<Self, BoxError> {
///         match head.status.as_u16() {
///             409 => Ok(Self::Taken),
///             _ => FromResponse::from_response(head, body).map(Self::Invalid),
///         }
///     }
/// }
/// ```
pub trait FromResponse: Sized {
    /// Whether the type itself [asks](crate::RequestBuilder::optional) for a 404 as an answer, as
    /// [`Optional`](crate::Optional) does. It is then asked what is [absent](Self::absent), whatever the request says.
    const OPTIONAL: bool = false;

    /// Reads the body of a response. It is whole, and within the [limit](crate::Response::limit).
    ///
    /// # Errors
    ///
    /// When the body is not what was expected. The error becomes the cause of a
    /// [`DecodeError`](crate::DecodeError).
    fn from_response(head: &Parts, body: &Bytes) -> Result<Self, BoxError>;

    /// What a 404 becomes where it is [asked for as an answer](crate::RequestBuilder::optional); `None`, which it is
    /// unless a type says otherwise, leaves it an error. Whatever is read as JSON says what it makes of
    /// `null`: nothing, for an `Option`. Of anything else [`Optional`](crate::Optional) makes a type that can be absent.
    fn absent(head: &Parts) -> Option<Self> {
        let _ = head;
        None
    }

    /// Adds to the error of a response that is no success what its body tells, in an API's own shape for
    /// instance.
    fn refused(head: &Parts, error: StatusError) -> StatusError {
        let _ = head;
        error
    }
}

/// Nothing is expected, and whatever comes is passed over: a 204, an empty 200, or a page that says
/// `OK`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoContent;

impl FromResponse for NoContent {
    fn from_response(_: &Parts, _: &Bytes) -> Result<Self, BoxError> {
        Ok(Self)
    }
}

/// The body as text, in the charset that its content type names, else UTF-8.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub String);

impl FromResponse for Text {
    fn from_response(head: &Parts, body: &Bytes) -> Result<Self, BoxError> {
        Ok(Self(charset::text(&head.headers, body)?))
    }
}

/// The body as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Binary(pub Bytes);

impl FromResponse for Binary {
    fn from_response(_: &Parts, body: &Bytes) -> Result<Self, BoxError> {
        Ok(Self(body.clone()))
    }
}

/// The body as a form in URL encoding, read as a `T`.
#[cfg(feature = "form")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form<T>(pub T);

#[cfg(feature = "form")]
impl<T: serde::de::DeserializeOwned> FromResponse for Form<T> {
    fn from_response(_: &Parts, body: &Bytes) -> Result<Self, BoxError> {
        // The reader's error quotes the body, so it is given up.
        let value = serde_html_form::from_bytes(body);
        value
            .map(Self)
            .map_err(|_| "it is not the form that was expected".into())
    }
}

#[cfg(feature = "json")]
impl<T: serde::de::DeserializeOwned> FromResponse for T {
    fn from_response(_: &Parts, body: &Bytes) -> Result<Self, BoxError> {
        super::json::read(body)
    }

    fn absent(_: &Parts) -> Option<Self> {
        super::json::read(b"").ok()
    }
}
