//! What APIs wrap around what they say.
//!
//! Many an API puts its content into an object of its own, and not a few report errors in a response
//! of status 200. An [`Envelope`] says where content and errors are: [`Pointers`] for what JSON
//! pointers can find, [`tagged`] for responses that name their shape, or a type of yours.
//!
//! Where a type opens its envelope by itself ([`Enveloped`]), everything that reads bodies takes it:
//! [`Response::decode`](crate::Response::decode), and an [`Endpoint`](crate::Endpoint)'s `Ok`.
//!
//! ```
//! use buttress::envelope::{Envelope, Enveloped, Pointers};
//! use buttress::{ApiError, BoxError, Client, Pointer};
//! use bytes::Bytes;
//! use http::response::Parts;
//! use serde::de::DeserializeOwned;
//! # use buttress_testkit::{Scripted, Step};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! # let server = Scripted::new([
//! #     Step::ok().body(r#"{"ok":true,"result":[1,2]}"#),
//! #     Step::ok().body(r#"{"ok":false,"error":{"code":"gone","text":"no such channel"}}"#),
//! # ]);
//! # let client = Client::builder().base_uri("http://h").build_over(server)?;
//! // `{"ok":true,"result":…}`, or `{"ok":false,"error":{"code":…,"text":…}}` whatever the status.
//! let shape = Pointers::new()
//!     .content(Pointer::from_static("/result"))
//!     .flag(Pointer::from_static("/ok"))
//!     .error(Pointer::from_static("/error"))
//!     .code(Pointer::from_static("/error/code"))
//!     .message(Pointer::from_static("/error/text"));
//!
//! let numbers = client.get("/numbers").send().await?.open::<Vec<u8>>(&shape).await?;
//! assert_eq!(numbers.body(), &[1, 2]);
//!
//! let error = client.get("/numbers").send().await?.open::<Vec<u8>>(&shape).await.unwrap_err();
//! let told: &ApiError = error.api().unwrap();
//! assert_eq!((told.code(), told.message()), (Some("gone"), Some("no such channel")));
//! # Ok(())
//! # }
//! ```

use buttress_kernel::BoxError;
use bytes::Bytes;
use http::response::Parts;
use serde::de::DeserializeOwned;

mod api_error;
mod enveloped;
mod open;
mod pointers;
pub mod tagged;

pub use self::api_error::ApiError;
pub use self::enveloped::Enveloped;
pub(crate) use self::open::{content, told};
pub use self::pointers::Pointers;
pub(crate) use self::pointers::missing;

/// How an API wraps content and errors. What is not said otherwise is as if there were no envelope.
///
/// ```
/// use buttress::envelope::{Envelope, Enveloped};
/// use buttress::{ApiError, BoxError};
/// use bytes::Bytes;
/// use http::response::Parts;
/// use serde::Deserialize;
/// use serde::de::DeserializeOwned;
///
/// /// `{"payload": …}`, or `{"fault": "…"}`.
/// #[derive(Default)]
/// struct Soap;
///
/// #[derive(Deserialize)]
/// struct Payload<T> { payload: T }
///
/// #[derive(Deserialize)]
/// struct Fault { fault: String }
///
/// impl Envelope for Soap {
///     fn error(&self, _: &Parts, body: &Bytes) -> Option<ApiError> {
///         let fault: Fault = serde_json::from_slice(body).ok()?;
///         Some(ApiError::new().with_message(fault.fault))
///     }
///
///     fn content<T: DeserializeOwned>(&self, _: &Parts, body: &Bytes) -> Result<T, BoxError> {
///         Ok(serde_json::from_slice::<Payload<T>>(body)?.payload)
///     }
/// }
///
/// // As an endpoint's `Ok`, or for `Response::decode`:
/// type Numbers = Enveloped<Vec<u8>, Soap>;
/// ```
pub trait Envelope {
    /// The error that the answer holds, whatever its status. An answer of a success status that holds one
    /// is an [`Error`](crate::Error) all the same; one of another status is an error with or without it.
    fn error(&self, head: &Parts, body: &Bytes) -> Option<ApiError> {
        let _ = (head, body);
        None
    }

    /// The content of a success.
    ///
    /// # Errors
    ///
    /// When there is none, or it is no `T`. The error becomes the cause of a
    /// [`DecodeError`](crate::DecodeError).
    fn content<T: DeserializeOwned>(&self, head: &Parts, body: &Bytes) -> Result<T, BoxError> {
        let _ = head;
        crate::response::json::read(body)
    }
}

impl<E: Envelope + ?Sized> Envelope for &E {
    fn error(&self, head: &Parts, body: &Bytes) -> Option<ApiError> {
        (**self).error(head, body)
    }

    fn content<T: DeserializeOwned>(&self, head: &Parts, body: &Bytes) -> Result<T, BoxError> {
        (**self).content(head, body)
    }
}
