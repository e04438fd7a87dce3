//! One question for each kind. They exclude one another, because each compares the same word.

use super::{Error, ErrorKind};

macro_rules! predicates {
    ($($(#[$doc:meta])* $name:ident => $kind:ident;)*) => {
        impl Error {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(&self) -> bool {
                self.kind() == ErrorKind::$kind
            }
        )*}

        /// Every predicate with the kind that it is about.
        #[cfg(test)]
        pub(super) const ALL: &[(fn(&Error) -> bool, ErrorKind)] =
            &[$((Error::$name, ErrorKind::$kind)),*];
    };
}

predicates! {
    /// Whether a time limit of ours ran out. A server's 408 is [`is_client`](Self::is_client).
    is_timeout => Timeout;
    /// Whether no connection could be made.
    is_connect => Connect;
    /// Whether a connection broke, or the server did not speak HTTP.
    is_transport => Transport;
    /// Whether a circuit breaker of ours is open.
    is_circuit_open => CircuitOpen;
    /// Whether a rate limit of ours refused. A server's 429 is [`is_throttled`](Self::is_throttled).
    is_rate_limited => RateLimited;
    /// Whether the server asked for a pause that is not over.
    is_held => Held;
    /// Whether credentials could not be had. A server's 401 is
    /// [`is_unauthorized`](Self::is_unauthorized).
    is_unauthenticated => Unauthenticated;
    /// Whether the request itself was at fault and nothing was sent. A server's 400 is
    /// [`is_validation`](Self::is_validation).
    is_request => Request;
    /// Whether the request's own body failed while it was being sent, or did not come in time.
    is_request_body => RequestBody;
    /// Whether the server answered 401.
    is_unauthorized => Unauthorized;
    /// Whether the server answered 403.
    is_forbidden => Forbidden;
    /// Whether the server answered 404.
    is_not_found => NotFound;
    /// Whether the server answered 409.
    is_conflict => Conflict;
    /// Whether the server answered 400 or 422.
    is_validation => Validation;
    /// Whether the server answered 429.
    is_throttled => Throttled;
    /// Whether the server answered with a 4xx that has no predicate of its own.
    is_client => Client;
    /// Whether the server answered with a 5xx.
    is_server => Server;
    /// Whether the server answered with a status that is neither a success nor an error.
    is_status => Status;
    /// Whether the server redirected to where the call must not follow.
    is_redirect => Redirect;
    /// Whether the body of a success was not what was expected.
    is_decode => Decode;
    /// Whether the body of a success was larger than allowed.
    is_too_large => TooLarge;
    /// Whether a response of a success status holds an error that names no status of its own; see
    /// [`api`](Self::api).
    is_api => Api;
    /// Whether the pages of a list do not end, or lead in a circle or to another server.
    is_astray => Astray;
    /// Whether a foreign error says nothing of what it is.
    is_other => Other;
}
