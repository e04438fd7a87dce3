use buttress_kernel::BoxError;
use bytes::Bytes;
use http::response::Parts;
use http::{HeaderMap, Uri};
use serde::de::DeserializeOwned;

use crate::Pointer;
use crate::query::value_of;

/// Which way a list is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From its beginning to its end.
    #[default]
    Forwards,
    /// From its end to its beginning.
    Backwards,
}

/// A page that has arrived, as a [`Paginator`](super::Paginator) is shown it.
#[derive(Clone, Copy, Debug)]
pub struct Arrived<'a> {
    uri: &'a Uri,
    found_at: &'a Uri,
    head: &'a Parts,
    body: &'a Bytes,
    count: usize,
    number: u32,
    direction: Direction,
}

impl<'a> Arrived<'a> {
    /// A page of so many items that was asked for at `uri`, as the first one.
    #[must_use]
    pub const fn new(uri: &'a Uri, head: &'a Parts, body: &'a Bytes, count: usize) -> Self {
        Self {
            uri,
            found_at: uri,
            head,
            body,
            count,
            number: 1,
            direction: Direction::Forwards,
        }
    }

    /// Sets which page of the walk it is, counted from 1, and which way the walk goes.
    #[must_use]
    pub const fn on_walk(mut self, number: u32, direction: Direction) -> Self {
        self.number = number;
        self.direction = direction;
        self
    }

    /// Sets the URI that answered, where redirects led elsewhere.
    #[must_use]
    pub const fn found_at(mut self, uri: &'a Uri) -> Self {
        self.found_at = uri;
        self
    }

    /// The URI that the page's own references are relative to: the one that answered.
    #[must_use]
    pub const fn base(&self) -> &'a Uri {
        self.found_at
    }

    /// The URI that was asked for, with the caller's own parameters.
    #[must_use]
    pub const fn uri(&self) -> &'a Uri {
        self.uri
    }

    /// The headers of the response.
    #[must_use]
    pub const fn headers(&self) -> &'a HeaderMap {
        &self.head.headers
    }

    /// The body of the response.
    #[must_use]
    pub const fn body(&self) -> &'a Bytes {
        self.body
    }

    /// How many items came.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Which page of the walk it is, counted from 1.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Which way the list is read.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// What the request asked for under this name, decoded.
    #[must_use]
    pub fn asked(&self, name: &str) -> Option<String> {
        value_of(self.uri.query().unwrap_or_default(), name)
    }

    /// What stands at a place of the body, where it is not `null`.
    ///
    /// # Errors
    ///
    /// When the body is no JSON, or what stands there is no `T`.
    pub fn at<T: DeserializeOwned>(&self, place: &Pointer) -> Result<Option<T>, BoxError> {
        Ok(place.find::<Option<T>>(self.body)?.flatten())
    }
}

impl Arrived<'_> {
    pub(super) fn number_at(&self, place: Option<&Pointer>) -> Result<Option<u64>, BoxError> {
        place.map_or(Ok(None), |place| self.at(place))
    }

    /// A number that nothing depends on: one that cannot be read is as good as none.
    pub(super) fn hint_at(&self, place: Option<&Pointer>) -> Option<u64> {
        self.number_at(place).ok().flatten()
    }

    /// What is known of the page behind and of the one before: that of the way that is gone must be
    /// readable, the other is a hint.
    pub(super) fn ways<T>(
        &self,
        next: Result<Option<T>, BoxError>,
        prev: Result<Option<T>, BoxError>,
    ) -> Result<(Option<T>, Option<T>), BoxError> {
        match self.direction {
            Direction::Forwards => Ok((next?, prev.ok().flatten())),
            Direction::Backwards => Ok((next.ok().flatten(), prev?)),
        }
    }

    /// # Errors
    ///
    /// When the request asked for what is no number.
    pub(super) fn asked_number(&self, name: &str) -> Result<Option<u64>, BoxError> {
        let Some(text) = self.asked(name) else {
            return Ok(None);
        };
        let wrong = |_| format!("the request's `{}` is no number", name.escape_debug());
        Ok(Some(text.parse().map_err(wrong)?))
    }
}
