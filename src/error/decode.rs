use std::error::Error;
use std::fmt;

use buttress_kernel::{BoxError, Facts};
use bytes::Bytes;
use http::StatusCode;

use super::Answer;

/// The body of a success that is not what was expected; the status and the bytes are kept.
pub struct DecodeError {
    status: StatusCode,
    body: Bytes,
    place: Option<Place>,
    facts: Facts,
}

/// Where a document is at fault, in words that show nothing of what it holds.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Names and indices from the document's root on; empty for the root itself.
    pub(crate) path: String,
    /// The same with `*` for what somebody wrote into the document: a map's keys.
    pub(crate) shown: String,
    /// 0 where a value was read, which has no lines.
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) wanted: String,
}

impl DecodeError {
    pub(crate) fn new(answer: impl Into<Answer>, body: Bytes, source: BoxError) -> Self {
        let answer = answer.into();
        let place = source.downcast_ref::<Misplaced>().map(|m| m.0.clone());
        let facts = answer.facts();
        Self {
            status: answer.status,
            body,
            facts: match place {
                Some(_) => facts.told(source),
                None => facts.caused_by(source),
            },
            place,
        }
    }

    /// The status that the body came with.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The body as it came.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// Where in the document it went wrong, such as `items[3].id`; empty for the document itself.
    ///
    /// What is no field of the type that was expected, such as a map's key, stands here as it came, and as `*`
    /// in `Display` and `Debug`: it is part of the document, and may be anything.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.place.as_ref().map(|place| place.path.as_str())
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, bytes) = (self.status.as_u16(), self.body.len());
        write!(
            f,
            "the body of the {status} response ({bytes} bytes) is not what was expected"
        )?;
        self.place
            .as_ref()
            .map_or(Ok(()), |place| write!(f, ": {place}"))
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the body nor a foreign cause, which may quote from it.
        f.debug_struct("DecodeError")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl Error for DecodeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.shown.is_empty() {
            write!(f, "at `{}`, ", self.shown)?;
        }
        match self.line {
            // It was no text any more.
            0 => f.write_str(&self.wanted),
            line => write!(f, "line {line} column {}: {}", self.column, self.wanted),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}

/// What a reader says, reduced to the place: its own words quote the document.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "json"),
    allow(dead_code, reason = "JSON's reader makes them")
)]
pub(crate) struct Misplaced(pub(crate) Place);

impl fmt::Display for Misplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Misplaced {}

/// The body of a success is larger than [allowed](crate::Response::limit).
#[derive(Debug)]
pub struct TooLarge {
    status: StatusCode,
    limit: u64,
    facts: Facts,
}

impl TooLarge {
    pub(crate) fn new(answer: impl Into<Answer>, limit: u64) -> Self {
        let answer = answer.into();
        let facts = answer.facts();
        Self {
            status: answer.status,
            limit,
            facts,
        }
    }

    /// The status that the body came with.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The limit, in bytes.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.limit
    }
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, limit) = (self.status.as_u16(), self.limit);
        write!(
            f,
            "the body of the {status} response is larger than {limit} bytes; \
             raise the `limit`, or read it as a stream"
        )
    }
}

impl Error for TooLarge {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}
