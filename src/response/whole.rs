//! A body and what becomes of it.

use buttress_kernel::BoxError;
use bytes::Bytes;
#[cfg(feature = "json")]
use http::StatusCode;
use http::response::Parts;
use http_body::Body as _;
use http_body_util::BodyExt;

use super::read::{Gathered, Unread};
use super::{charset, disposition};
use crate::error::{BrokenBody, DecodeError, TooLarge};
use crate::{Error, FromResponse, Response, StatusError};

impl Response {
    /// The body of a success, read as JSON.
    ///
    /// # Errors
    ///
    /// When the response is no success, when its body is larger than the [limit](Self::limit) or
    /// breaks off, and when it is not the JSON of a `T`: the error says where in the document, and
    /// keeps the bytes.
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the response.
    #[cfg(feature = "json")]
    pub async fn json<T: serde::de::DeserializeOwned>(self) -> Result<T, Error> {
        Ok(self.decode().await?.into_body())
    }

    /// The same, and `None` for a 404.
    ///
    /// # Errors
    ///
    /// As [`json`](Self::json).
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the response.
    #[cfg(feature = "json")]
    pub async fn json_or_none<T: serde::de::DeserializeOwned>(self) -> Result<Option<T>, Error> {
        if self.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        self.json().await.map(Some)
    }

    /// The body of a success as a `T`, with status and headers around it.
    ///
    /// # Errors
    ///
    /// When the response is no success, when its body is larger than the [limit](Self::limit) or
    /// breaks off, and when it is no `T`.
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the response.
    pub async fn decode<T: FromResponse>(self) -> Result<Response<T>, Error> {
        let response = if self.is_absent::<T>() {
            match self.absent() {
                Ok(absent) => return Ok(absent),
                Err(response) => *response,
            }
        } else {
            self
        };
        response.read_as(T::from_response, T::refused).await
    }

    /// The same for a response of whatever status, for a `T` that tells them apart.
    ///
    /// # Errors
    ///
    /// When the body is larger than the [limit](Self::limit) or breaks off, and when it is no `T`.
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the response.
    pub async fn decode_any<T: FromResponse>(self) -> Result<Response<T>, Error> {
        self.read_any(T::from_response).await
    }

    /// The body of a success as `read` reads it; `refine` adds to the error of any other response.
    pub(crate) async fn read_as<T>(
        self,
        read: impl FnOnce(&Parts, &Bytes) -> Result<T, BoxError>,
        refine: impl FnOnce(&Parts, StatusError) -> StatusError,
    ) -> Result<Response<T>, Error> {
        if !self.status().is_success() {
            let (call, response, head) = self.refused().await;
            return Err(Error::new(call, refine(&head, response).into()));
        }
        self.read_any(read).await
    }

    async fn read_any<T>(
        mut self,
        read: impl FnOnce(&Parts, &Bytes) -> Result<T, BoxError>,
    ) -> Result<Response<T>, Error> {
        let bytes = self.gather().await?;
        let Self {
            call,
            inner,
            accepts,
        } = self;
        let (head, _) = inner.into_parts();
        match read(&head, &bytes) {
            Ok(body) => Ok(Response {
                call,
                inner: http::Response::from_parts(head, body),
                accepts,
            }),
            Err(fault) => Err(Error::unread(call, &head, bytes, fault)),
        }
    }

    /// The body, of whatever status.
    ///
    /// # Errors
    ///
    /// When it is larger than the [limit](Self::limit), or breaks off.
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the response.
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        self.gather().await
    }

    /// The body, of whatever status, as text in the charset that its content type names, else UTF-8.
    /// What cannot be read becomes U+FFFD, as in a browser.
    ///
    /// # Errors
    ///
    /// When it is larger than the [limit](Self::limit), or breaks off, or its charset is not known.
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the response.
    pub async fn text(mut self) -> Result<String, Error> {
        let bytes = self.gather().await?;
        let Self { call, inner, .. } = self;
        let (head, _) = inner.into_parts();
        charset::text(&head.headers, &bytes).map_err(|fault| {
            let fault = DecodeError::new(&head, bytes, fault.into());
            Error::new(call, fault.into())
        })
    }

    /// The next piece of the body as it comes, of whatever status; `None` at its end.
    ///
    /// # Errors
    ///
    /// When the body breaks off.
    ///
    /// # Cancellation
    ///
    /// Safe: no piece is lost when the future is dropped.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(frame) = self.inner.body_mut().frame().await {
            let frame = frame.map_err(|source| {
                let fault = BrokenBody::new(self.answer(), source);
                Error::new(self.call.clone(), fault.into())
            })?;
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// The file name that the server suggests ([RFC 6266](https://www.rfc-editor.org/rfc/rfc6266)),
    /// made safe: the last segment of whatever path was given, without what a file system may take
    /// for more than a name.
    #[must_use]
    pub fn file_name(&self) -> Option<String> {
        disposition::file_name(self.headers())
    }

    /// What is left of the body. The response stays where it is, for it is not small.
    async fn gather(&mut self) -> Result<Bytes, Error> {
        let limit = self.accepts.limit;
        let body = self.inner.body_mut();
        let mut gathered = Gathered::default();
        let end = if body.size_hint().lower() > limit {
            Err(Unread::TooLarge)
        } else {
            gathered.read(body, limit).await
        };
        let fault = match end {
            Ok(()) => return Ok(gathered.into_bytes()),
            Err(Unread::TooLarge) => TooLarge::new(self.answer(), limit).into(),
            Err(Unread::Broken(source)) => BrokenBody::new(self.answer(), source).into(),
        };
        Err(Error::new(self.call.clone(), fault))
    }
}
