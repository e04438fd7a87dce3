use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_kernel::PartitionHasher;
use http::{Extensions, HeaderMap, HeaderName};

use super::cookies::Cookies;
use super::{ClientAddress, Forwarded, InvalidForward, check, read};

/// Which fields of incoming requests go along with outgoing calls: none, until they are named.
///
/// Made once and cheap to clone; put it into the application's state. See the [module](crate::forward).
#[derive(Clone, Default)]
pub struct Forward(pub(super) Arc<Policy>);

#[derive(Clone, Default)]
pub(super) struct Policy {
    pub(super) cookies: Cookies,
    pub(super) headers: Vec<HeaderName>,
    pub(super) request_id: Option<HeaderName>,
    pub(super) trace: bool,
    pub(super) baggage: bool,
    pub(super) address: Option<ClientAddress>,
    pub(super) deadline: Option<(HeaderName, Duration)>,
    pub(super) hasher: PartitionHasher,
}

impl Forward {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The cookie of this name. Others stay behind.
    ///
    /// # Errors
    ///
    /// When no cookie can have the name.
    pub fn cookie(self, name: &str) -> Result<Self, InvalidForward> {
        Cookies::check(name)?;
        Ok(self.set(|policy| policy.cookies.add(name)))
    }

    /// All cookies, whatever their names: only for an upstream that is a part of the same application.
    #[must_use]
    pub fn every_cookie(self) -> Self {
        self.set(|policy| policy.cookies = Cookies::All)
    }

    /// `traceparent` and `tracestate` ([W3C Trace Context](https://www.w3.org/TR/trace-context/)), as they come. Where
    /// there is not one `traceparent` that is well-formed, neither of them; a `tracestate` of more than 512 bytes stays
    /// behind. A program that makes spans of its own writes
    /// these fields itself.
    #[must_use]
    pub fn trace_context(self) -> Self {
        self.set(|policy| policy.trace = true)
    }

    /// `baggage` ([W3C](https://www.w3.org/TR/baggage/)), as it comes, but none of more than 8,192 bytes. Anybody can write anything there, and whoever
    /// reads it along the way will believe it.
    #[must_use]
    pub fn baggage(self) -> Self {
        self.set(|policy| policy.baggage = true)
    }

    /// `X-Request-Id`, where there is one of at most 128 visible ASCII characters, so that it is fit for a log.
    #[must_use]
    pub fn request_id(self) -> Self {
        let name = HeaderName::from_static("x-request-id");
        self.set(|policy| policy.request_id = Some(name))
    }

    /// The same in a field of this name.
    ///
    /// # Errors
    ///
    /// As [`header`](Self::header), and when the field holds credentials.
    pub fn request_id_in(self, name: HeaderName) -> Result<Self, InvalidForward> {
        check::request_id(&name)?;
        Ok(self.set(|policy| policy.request_id = Some(name)))
    }

    /// A field of this name, with all its values: an `Authorization` whose token is for the upstream as well, or a
    /// tenant. Its values are treated as secrets, and as what tells users apart.
    ///
    /// # Errors
    ///
    /// When the field is about one message or connection (`Host`, `Content-…`, `Connection`), when it decides what the
    /// answer to one request is like (`Range`, `If-…`, `Accept-Encoding`, `Cache-Control`), or when it has a
    /// setting of its own here.
    pub fn header(self, name: HeaderName) -> Result<Self, InvalidForward> {
        check::header(&name)?;
        Ok(self.set(|policy| policy.headers.push(name)))
    }

    /// `X-Forwarded-For`: the peer's address, and before it what [trusted](ClientAddress::trusting) peers say.
    #[must_use]
    pub fn client_address(self, address: ClientAddress) -> Self {
        self.set(|policy| policy.address = Some(address))
    }

    /// The time that the one who asks has left, in whole milliseconds, as
    /// [`DeadlineLayer::forward_in`](crate::DeadlineLayer::forward_in) writes it. It becomes the
    /// [`Deadline`](crate::Deadline) of all calls that are made for the request: never later than `most` from now,
    /// whatever is asked for. A field that is not one number above 0 says nothing, and sets none.
    ///
    /// A deadline that the request carries in its extensions, as from a [`DeadlineLayer`](crate::DeadlineLayer) around
    /// the server's handlers, holds in any case.
    #[must_use]
    pub fn deadline_in(self, name: HeaderName, most: Duration) -> Self {
        self.set(|policy| policy.deadline = Some((name, most)))
    }

    /// What a request brings of it. A field that its `Connection` names was for the one connection alone
    /// ([RFC 9110 §7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1)), and is none.
    #[must_use]
    pub fn read(&self, headers: &HeaderMap, extensions: &Extensions) -> Forwarded {
        read::read(
            &self.0,
            headers,
            extensions,
            tokio::time::Instant::now().into_std(),
        )
    }

    fn set<T>(mut self, set: impl FnOnce(&mut Policy) -> T) -> Self {
        set(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Debug for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = &self.0;
        f.debug_struct("Forward")
            .field("cookies", &policy.cookies)
            .field("headers", &policy.headers)
            .field("request_id", &policy.request_id)
            .field("trace_context", &policy.trace)
            .field("baggage", &policy.baggage)
            .field("client_address", &policy.address.is_some())
            .field("deadline", &policy.deadline)
            .finish_non_exhaustive()
    }
}
