//! Messages that are not passed on.

use http::StatusCode;

/// Why a message is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The request wants a tunnel.
    Connect,
    /// The request has no `Host`, several, or one that is none.
    Host,
    /// The request's body is encoded for its connection in a way that is not known here.
    Encoding,
    /// The request's target is not a path.
    Target,
    /// The upstream switched to a protocol that nobody asked for.
    Switched,
    /// The response's body is encoded for its connection in a way that is not known here.
    ResponseEncoding,
}

impl Refusal {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Host | Self::Target => StatusCode::BAD_REQUEST,
            Self::Connect | Self::Encoding => StatusCode::NOT_IMPLEMENTED,
            Self::Switched | Self::ResponseEncoding => StatusCode::BAD_GATEWAY,
        }
    }

    pub(crate) fn detail(self) -> &'static str {
        match self {
            Self::Connect => "this gateway opens no tunnels",
            Self::Host => "the request needs exactly one Host field that names a host",
            Self::Encoding => "the only Transfer-Encoding that is understood here is chunked",
            Self::Target => "the request's target is not a path",
            Self::Switched => "the upstream switched protocols without being asked to",
            Self::ResponseEncoding => {
                "the upstream answered in a Transfer-Encoding other than chunked"
            }
        }
    }
}
