use buttress_kernel::Body;
use http::{Response, StatusCode};

use super::problem::Problem;
use crate::base_uri::Pathless;

/// Why a message is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The request wants a tunnel.
    Connect,
    /// The request wants to see itself as it arrives, with whatever credentials were added on the way.
    Trace,
    /// The request wants another protocol, which this connection cannot speak.
    WebSocket,
    /// The request has no `Host`, several, or one that is none.
    Host,
    /// The request has been here before.
    Loop,
    /// The request is to go no further than here.
    LastHop,
    /// The request's body is encoded for its connection in a way that is not known here.
    Encoding,
    /// The request's target is not a path.
    Target,
    /// The request's target may lead elsewhere than it seems to.
    Dots,
    /// The request's target is too long.
    TooLong,
    /// The upstream switched to a protocol that nobody asked for.
    Switched,
    /// The upstream asks for a proxy's credentials, and by a field that is between it and us.
    ProxyAuthentication,
    /// The response's body is encoded for its connection in a way that is not known here.
    ResponseEncoding,
}

impl From<Pathless> for Refusal {
    fn from(reason: Pathless) -> Self {
        match reason {
            Pathless::None => Self::Target,
            Pathless::Dots => Self::Dots,
            Pathless::TooLong => Self::TooLong,
        }
    }
}

impl Refusal {
    /// The answer to the client.
    pub(super) fn into_response(self) -> Response<Body> {
        tracing::debug!(reason = self.detail(), "not passed on");
        if self == Self::LastHop {
            return no_content();
        }
        Problem::new(self.status(), Some("transport"), self.detail()).into_response()
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Host | Self::Target | Self::Dots => StatusCode::BAD_REQUEST,
            Self::TooLong => StatusCode::URI_TOO_LONG,
            Self::Connect | Self::Trace | Self::WebSocket | Self::Encoding => {
                StatusCode::NOT_IMPLEMENTED
            }
            Self::Loop => StatusCode::LOOP_DETECTED,
            Self::LastHop => StatusCode::NO_CONTENT,
            Self::Switched | Self::ProxyAuthentication | Self::ResponseEncoding => {
                StatusCode::BAD_GATEWAY
            }
        }
    }

    const fn detail(self) -> &'static str {
        match self {
            Self::Connect => "no tunnels are opened here",
            Self::Trace => {
                "TRACE is not passed on, since its answer would tell what is added on the way"
            }
            Self::WebSocket => "protocol upgrades are not passed on, so there is no WebSocket here",
            Self::Host => "the request needs exactly one Host field that names a host",
            Self::Loop => "the request has been here before, so it would go round for ever",
            Self::LastHop => "the request's Max-Forwards lets it go no further",
            Self::Encoding => "the only Transfer-Encoding that is understood here is chunked",
            Self::Target => "the request's target is not a path that can be passed on",
            Self::Dots => "the request's path has a segment that may lead elsewhere",
            Self::TooLong => "the request's target is longer than can be passed on",
            Self::Switched => "the upstream switched protocols without being asked to",
            Self::ProxyAuthentication => "the upstream asks for credentials of a proxy",
            Self::ResponseEncoding => {
                "the upstream answered in a Transfer-Encoding other than chunked"
            }
        }
    }
}

/// There is nothing to tell of what this hop can do.
fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
