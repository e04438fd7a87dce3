use std::fmt;

use http::{HeaderMap, HeaderName, Method, StatusCode, Uri, request, response};

/// What a signature is made over or checked against: the head of a request or a response, and what
/// belongs to it.
///
/// ```
/// use buttress_sign::message::Message;
///
/// let (request, ()) = http::Request::get("https://api.example.com/").body(())?.into_parts();
/// let (response, ()) = http::Response::new(()).into_parts();
/// let message = Message::response(&response).answering(&request);
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Message<'a> {
    pub(super) start: Start<'a>,
    pub(super) headers: &'a HeaderMap,
    pub(super) trailers: Option<&'a HeaderMap>,
    pub(super) request: Option<&'a request::Parts>,
    scheme: Option<&'a str>,
    types: &'a [(HeaderName, Structure)],
    pub(super) outbound: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Start<'a> {
    Request(&'a Method, &'a Uri),
    Response(StatusCode),
}

/// Which of the three structures a structured field has
/// ([RFC 9651 §2](https://www.rfc-editor.org/rfc/rfc9651#section-2)).
// Closed: there is no fourth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Structure {
    /// A list.
    List,
    /// A dictionary.
    Dictionary,
    /// A single item.
    Item,
}

impl<'a> Message<'a> {
    /// A request that was received.
    #[must_use]
    pub const fn request(head: &'a request::Parts) -> Self {
        let start = Start::Request(&head.method, &head.uri);
        Self::new(start, &head.headers)
    }

    /// A response.
    #[must_use]
    pub const fn response(head: &'a response::Parts) -> Self {
        Self::new(Start::Response(head.status), &head.headers)
    }

    const fn new(start: Start<'a>, headers: &'a HeaderMap) -> Self {
        Self {
            start,
            headers,
            trailers: None,
            request: None,
            scheme: None,
            types: &[],
            outbound: false,
        }
    }

    /// The request that a response answers, for components with `req`.
    #[must_use]
    pub const fn answering(mut self, request: &'a request::Parts) -> Self {
        self.request = Some(request);
        self
    }

    /// The message's trailers, for components with `tr`.
    #[must_use]
    pub const fn trailers(mut self, trailers: &'a HeaderMap) -> Self {
        self.trailers = Some(trailers);
        self
    }

    /// The scheme that the client used, `https` or `http`: a server's URI seldom has one, and behind
    /// somebody who ends TLS it may have another.
    #[must_use]
    pub const fn scheme(mut self, scheme: &'a str) -> Self {
        self.scheme = Some(scheme);
        self
    }

    /// The structures of fields that this crate does not know, for components with `sf`.
    #[must_use]
    pub const fn structured(mut self, types: &'a [(HeaderName, Structure)]) -> Self {
        self.types = types;
        self
    }

    /// The request is about to be sent: a `Host` header is what the receiver will see, whatever the
    /// URI says.
    #[must_use]
    pub const fn outbound(mut self) -> Self {
        self.outbound = true;
        self
    }

    /// The request that this response answers, as a message.
    pub(super) fn related(&self) -> Option<Self> {
        let request = Self::request(self.request?);
        Some(Self {
            scheme: self.scheme,
            types: self.types,
            outbound: self.outbound,
            ..request
        })
    }

    pub(super) fn scheme_of(&self, uri: &'a Uri) -> Option<&'a str> {
        self.scheme.or(uri.scheme_str())
    }

    pub(super) fn structure_of(&self, name: &HeaderName) -> Option<Structure> {
        let told = self.types.iter().find(|(told, _)| told == name);
        told.map(|(_, structure)| *structure)
            .or_else(|| known(name))
    }
}

/// Fields whose specifications say that they are structured.
fn known(name: &HeaderName) -> Option<Structure> {
    match name.as_str() {
        "accept-signature"
        | "cdn-cache-control"
        | "content-digest"
        | "priority"
        | "repr-digest"
        | "signature"
        | "signature-input"
        | "want-content-digest"
        | "want-repr-digest" => Some(Structure::Dictionary),
        "cache-status" | "client-cert-chain" | "proxy-status" => Some(Structure::List),
        "client-cert" => Some(Structure::Item),
        _ => None,
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither URIs nor headers: they hold secrets.
        f.write_str(match self.start {
            Start::Request(..) => "Message(request)",
            Start::Response(_) => "Message(response)",
        })
    }
}
