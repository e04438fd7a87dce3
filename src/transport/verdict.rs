//! What an error of hyper's means, and whether the request can have reached the server.
//!
//! The order of the questions matters: each relies on what the ones before it have ruled out.

use std::io;

use buttress_kernel::{Failure, Sent, TransportError};
use http::Extensions;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::Connected;

use super::connector::ConnectTimedOut;
use super::wire::Connection;

/// The end of a request that brought no response.
pub(super) fn of_request(error: legacy::Error) -> TransportError {
    let Some(connected) = error.connect_info() else {
        // Whatever fails before a request is given to a connection leaves it unsent.
        return unconnected(error);
    };
    let Some(cause) = Failure::of(&error).find::<hyper::Error>() else {
        // The request insists on HTTP/2 and the connection is HTTP/1.1.
        return TransportError::request(error);
    };
    if cause.is_canceled() {
        // hyper gave the request back: the connection's task never took it up.
        return TransportError::broken(Sent::No, error);
    }
    if cause.is_parse() {
        return TransportError::protocol(Sent::Yes, error);
    }
    if let Some(end) = of_stream(cause) {
        return end.into_error(error);
    }
    // HTTP/2 interleaves its streams, so what was heard last may have been about another one.
    let heard = !connected.is_negotiated_h2() && has_heard(connected);
    TransportError::broken(if heard { Sent::Yes } else { Sent::Maybe }, error)
}

fn has_heard(connected: &Connected) -> bool {
    let mut extras = Extensions::new();
    connected.get_extras(&mut extras);
    extras.get().is_some_and(Connection::has_heard)
}

fn unconnected(error: legacy::Error) -> TransportError {
    let failure = Failure::of(&error);
    let out_of_time = failure.find::<ConnectTimedOut>().is_some()
        || failure
            .find::<io::Error>()
            .is_some_and(|io| io.kind() == io::ErrorKind::TimedOut);
    if out_of_time {
        return TransportError::connect_timeout(error);
    }
    TransportError::connect(error)
}

/// How HTTP/2 says that a stream ended.
struct StreamEnd {
    /// Whether the peer broke the protocol.
    violation: bool,
    sent: Sent,
}

impl StreamEnd {
    fn into_error(self, error: legacy::Error) -> TransportError {
        if self.violation {
            return TransportError::protocol(self.sent, error);
        }
        TransportError::broken(self.sent, error)
    }
}

/// [RFC 9113 §8.7](https://www.rfc-editor.org/rfc/rfc9113#section-8.7) names the endings that guarantee
/// that a request was not processed.
#[cfg(feature = "http2")]
fn of_stream(error: &hyper::Error) -> Option<StreamEnd> {
    let end = Failure::of(error).find::<h2::Error>()?;
    // h2 gives a remote GOAWAY to the streams beyond its last one alone; those before it go on, and
    // fail with an I/O error when the connection ends.
    let refused = end.is_go_away() || end.reason() == Some(h2::Reason::REFUSED_STREAM);
    // h2 itself resets a stream for what the server answered on it.
    let answered = end.is_library() && end.is_reset();
    let sent = match (end.is_remote() && refused, answered) {
        (true, _) => Sent::No,
        (_, true) => Sent::Yes,
        (false, false) => Sent::Maybe,
    };
    let violation = end.is_library();
    Some(StreamEnd { violation, sent })
}

#[cfg(not(feature = "http2"))]
const fn of_stream(_: &hyper::Error) -> Option<StreamEnd> {
    None
}

/// The end of a response's body before its time.
pub(super) fn of_body(error: hyper::Error) -> TransportError {
    let wrong = |io: &io::Error| {
        // How hyper tells of chunks that are framed wrongly.
        matches!(
            io.kind(),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
        )
    };
    let violation = Failure::of(&error).find().is_some_and(wrong)
        || of_stream(&error).is_some_and(|end| end.violation);
    if violation {
        return TransportError::protocol(Sent::Yes, error);
    }
    TransportError::broken(Sent::Yes, error)
}
