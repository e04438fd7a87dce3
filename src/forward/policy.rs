use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_kernel::PartitionHasher;
use http::{Extensions, HeaderMap, HeaderName, header};

use super::cookies::Cookies;
use super::error::Rule;
use super::{ClientAddress, Forwarded, InvalidForward, is_about_the_way, read};

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
    /// there is not one `traceparent` that is well-formed, neither of them. A program that makes spans of its own writes
    /// these fields itself.
    #[must_use]
    pub fn trace_context(self) -> Self {
        self.set(|policy| policy.trace = true)
    }

    /// `baggage` ([W3C](https://www.w3.org/TR/baggage/)), as it comes. Anybody can write anything there, and whoever
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
    /// As [`header`](Self::header).
    pub fn request_id_in(self, name: HeaderName) -> Result<Self, InvalidForward> {
        check(&name)?;
        Ok(self.set(|policy| policy.request_id = Some(name)))
    }

    /// A field of this name, with all its values: an `Authorization` whose token is for the upstream as well, or a
    /// tenant. Its values are treated as secrets, and as what tells users apart.
    ///
    /// # Errors
    ///
    /// When the field is about one message or connection (`Host`, `Content-…`, `Connection`), or has a
    /// setting of its own here.
    pub fn header(self, name: HeaderName) -> Result<Self, InvalidForward> {
        check(&name)?;
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

    /// What a request brings of it.
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

/// What must not be repeated in another message, or not as it came.
fn check(name: &HeaderName) -> Result<(), InvalidForward> {
    const MESSAGE: [HeaderName; 12] = [
        header::CONNECTION,
        header::EXPECT,
        header::HOST,
        header::MAX_FORWARDS,
        header::PROXY_AUTHENTICATE,
        header::PROXY_AUTHORIZATION,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
    ];
    // Programs behind CGI and its kin cannot tell `_` from `-`.
    let spelled = name.as_str().replace('_', "-");
    let setting = match spelled.as_str() {
        "cookie" => Some("cookie"),
        "traceparent" | "tracestate" => Some("trace_context"),
        "baggage" => Some("baggage"),
        _ if is_about_the_way(name) => Some("client_address"),
        _ => None,
    };
    if let Some(setting) = setting {
        return Err(InvalidForward::new(Rule::Special(name.clone(), setting)));
    }
    if MESSAGE.iter().any(|one| *one == *spelled) || spelled.starts_with("content-") {
        return Err(InvalidForward::new(Rule::Message(name.clone())));
    }
    Ok(())
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
