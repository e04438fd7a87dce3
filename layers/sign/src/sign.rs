use std::sync::Arc;
use std::time::SystemTime;

use http::request::Parts;

use crate::SignError;

/// One way of signing a request: changes its head so that the receiver can tell who sent it.
///
/// A pure function of the head, the body and the time, apart from random numbers where a scheme
/// needs some. It is called once for each attempt, after every wait, so a date in the signature is
/// never stale. A head that carries an earlier signature of the same signer is signed anew: the
/// earlier one is replaced.
///
/// # Example
///
/// A scheme of your own:
///
/// ```
/// use std::time::SystemTime;
/// use buttress_sign::{Payload, Sign, SignError, SignLayer};
/// use http::request::Parts;
///
/// struct LengthOnly;
///
/// impl Sign for LengthOnly {
///     fn scheme(&self) -> &'static str {
///         "length-only"
///     }
///
///     fn sign(&self, head: &mut Parts, body: Payload<'_>, _: SystemTime) -> Result<(), SignError> {
///         let Payload::Bytes(bytes) = body else {
///             return Err(SignError::unknown_body());
///         };
///         head.headers.insert("x-length", bytes.len().into());
///         Ok(())
///     }
/// }
///
/// let layer = SignLayer::new(LengthOnly, "https://api.example.com".parse()?);
/// # Ok::<_, buttress_sign::InvalidSettings>(())
/// ```
pub trait Sign: Send + Sync {
    /// The scheme's name, in lower-case words joined by hyphens, as events and metrics carry it.
    fn scheme(&self) -> &'static str;

    /// Signs the request.
    ///
    /// # Errors
    ///
    /// If the request cannot be signed: the scheme needs the body's bytes and has none, or a part that
    /// it covers is missing. Nothing is sent then. The head may have been changed.
    fn sign(&self, head: &mut Parts, body: Payload<'_>, now: SystemTime) -> Result<(), SignError>;
}

impl<T: Sign + ?Sized> Sign for Arc<T> {
    fn scheme(&self) -> &'static str {
        (**self).scheme()
    }

    fn sign(&self, head: &mut Parts, body: Payload<'_>, now: SystemTime) -> Result<(), SignError> {
        (**self).sign(head, body, now)
    }
}

impl<T: Sign + ?Sized> Sign for Box<T> {
    fn scheme(&self) -> &'static str {
        (**self).scheme()
    }

    fn sign(&self, head: &mut Parts, body: Payload<'_>, now: SystemTime) -> Result<(), SignError> {
        (**self).sign(head, body, now)
    }
}

/// What a signer can know of a body before it is sent.
// Closed: bytes are there or they are not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Payload<'a> {
    /// All of it, in memory; empty for a request without a body.
    Bytes(&'a [u8]),
    /// It will be streamed, so nobody knows its bytes yet.
    Stream,
}

impl<'a> Payload<'a> {
    /// The bytes, for a scheme that cannot do without.
    ///
    /// # Errors
    ///
    /// For a stream.
    pub fn bytes(self) -> Result<&'a [u8], SignError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Stream => Err(SignError::unknown_body()),
        }
    }
}

impl std::fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the bytes: bodies hold secrets.
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Stream => f.write_str("Stream"),
        }
    }
}
