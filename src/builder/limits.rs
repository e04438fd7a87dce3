//! How long things may take.

use std::time::Duration;

use super::ClientBuilder;

impl ClientBuilder {
    /// The time until each attempt's response head: 30 s unless set, `None` for no limit. It includes the time
    /// in which the request's body is sent. Where it runs out while a streamed body has nothing to send, that is the
    /// caller's fault ([`Error::is_request_body`](crate::Error::is_request_body)), and says nothing about the server.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.head = limit.into();
        self.limits.head_is_set = true;
        self
    }

    /// The time in which nothing of a response's body comes: 30 s unless set, `None` for no limit. Only the
    /// time in which somebody waits for it counts. Set it higher, or off, for streams of events that may be
    /// silent for long.
    pub fn body_idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.body_idle = limit.into();
        self.limits.body_idle_is_set = true;
        self
    }

    /// The time in which the server may take nothing of a request's body: no limit unless set. The
    /// [`timeout`](Self::timeout) then leaves the time of the upload out, so that it may take as long as it moves. A
    /// body of yours may be silent for as long as the timeout, each time.
    pub fn upload_idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.upload_idle = limit.into();
        self
    }

    /// The time for everything: waiting, all attempts, and the response's body. No limit unless set.
    pub fn total(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.total = limit.into();
        self
    }
}
