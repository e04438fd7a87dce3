use std::time::Duration;

use buttress_kernel::{Kind, Sent};
use http::{Method, Request, StatusCode};
use tokio::time::Instant;

use crate::Tags;
use crate::error::redacted;
use crate::observe::Label;

/// What an observer is told. It holds no header, no body and no query.
#[derive(Clone, Debug)]
pub struct Event {
    method: Method,
    url: String,
    label: Option<&'static str>,
    tags: Tags,
    start: Instant,
    elapsed: Duration,
    stage: Stage,
    pub(super) attempts: u32,
    pub(super) is_fallback: bool,
}

/// Where a call is.
// Open: a stage to come may lie between these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// It begins; nothing has been sent.
    Started,
    /// A response's head came, of whatever status. Its body may still be on its way.
    Answered(StatusCode),
    /// No response came.
    #[non_exhaustive]
    Failed {
        /// What went wrong.
        kind: Kind,
        /// Whether the request can have reached the server.
        sent: Sent,
    },
    /// The caller lost interest.
    Cancelled,
}

impl Stage {
    /// Whether the call is over.
    #[must_use]
    pub const fn is_end(self) -> bool {
        !matches!(self, Self::Started)
    }

    /// Whether it failed: without a response, or with one of status 400 or above.
    #[must_use]
    pub fn is_failure(self) -> bool {
        match self {
            Self::Answered(status) => status.as_u16() >= 400,
            Self::Failed { .. } => true,
            Self::Started | Self::Cancelled => false,
        }
    }
}

impl Event {
    pub(super) fn started<B>(request: &Request<B>) -> Self {
        let extensions = request.extensions();
        Self {
            method: request.method().clone(),
            url: redacted(request.uri()),
            label: extensions.get::<Label>().map(|label| label.0),
            tags: extensions.get::<Tags>().copied().unwrap_or_default(),
            start: Instant::now(),
            elapsed: Duration::ZERO,
            stage: Stage::Started,
            attempts: 0,
            is_fallback: false,
        }
    }

    /// Goes on to a stage, now.
    pub(super) fn reach(&mut self, stage: Stage) {
        self.stage = stage;
        self.elapsed = self.start.elapsed();
    }

    /// Where the call is.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// The method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// The URI without user info and query.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The request's [label](crate::RequestBuilder::label).
    #[must_use]
    pub const fn label(&self) -> Option<&'static str> {
        self.label
    }

    /// The endpoint's [tags](crate::Options::tags).
    #[must_use]
    pub const fn tags(&self) -> &'static [&'static str] {
        self.tags.0
    }

    /// When the call began, by tokio's clock.
    #[must_use]
    pub const fn start(&self) -> Instant {
        self.start
    }

    /// The time from then to this stage: of an end, how long the call took.
    #[must_use]
    pub const fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// How many attempts were made; 0 before the end, and of a call that was cancelled, when nobody knows.
    /// An answer that a cache had counts as none where the cache
    /// [says so](buttress_cache::CacheLayer::status_extension), else as one.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether the answer is a [substitute](crate::fallback).
    #[must_use]
    pub const fn is_fallback(&self) -> bool {
        self.is_fallback
    }
}
