//! Trailers, which must not bring back what the header may not say.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::{HeaderMap, HeaderName};
use http_body::{Frame, SizeHint};

use super::settings::Settings;

/// What is left out of trailers, besides what belongs into a header alone.
#[derive(Clone)]
pub(super) struct Sieve {
    /// Those of a request; a response tells nothing of its way.
    pub(super) settings: Option<Arc<Settings>>,
    /// What `Connection` names.
    pub(super) named: Vec<HeaderName>,
}

impl Sieve {
    /// The body without such trailers.
    pub(super) fn over(self, body: Body) -> Body {
        // Neither nothing nor bytes have any.
        if body.as_bytes().is_some() {
            return body;
        }
        // What can be sent again stays so, and what cannot does too.
        body.through(move |body| Sifted {
            body,
            sieve: self.clone(),
        })
    }

    fn leaves_out(&self, name: &HeaderName) -> bool {
        let settings = self.settings.as_ref();
        is_for_headers(name)
            || self.named.contains(name)
            || settings.is_some_and(|settings| settings.leaves_out(name, false))
    }
}

struct Sifted {
    body: Body,
    sieve: Sieve,
}

impl http_body::Body for Sifted {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &mut polled
            && let Some(trailers) = frame.trailers_mut()
        {
            remove(trailers, |name| self.sieve.leaves_out(name));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Takes out the fields for which `is` holds.
pub(super) fn remove(headers: &mut HeaderMap, is: impl Fn(&HeaderName) -> bool) {
    let names: Vec<HeaderName> = headers.keys().filter(|name| is(name)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

/// What a message needs to know before its body (RFC 9110 §6.5.1): where it goes, how it is framed, who sends it,
/// what is to be done with it and how its content is to be read.
fn is_for_headers(name: &HeaderName) -> bool {
    const NAMES: [&str; 31] = [
        "age",
        "authorization",
        "cache-control",
        "connection",
        "cookie",
        "date",
        "expect",
        "expires",
        "host",
        "http2-settings",
        "keep-alive",
        "location",
        "max-forwards",
        "pragma",
        "proxy-authenticate",
        "proxy-authentication-info",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "retry-after",
        "set-cookie",
        "strict-transport-security",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "vary",
        "via",
        "warning",
        "www-authenticate",
        "x-api-key",
    ];
    let name = name.as_str();
    name.starts_with("content-") && name != "content-digest"
        || name.starts_with("if-")
        || name.starts_with("access-control-")
        || NAMES.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use buttress_kernel::Replay;
    use http_body_util::Full;

    use super::*;

    #[test]
    fn a_body_is_sent_again_up_to_its_own_limit() {
        let sieve = Sieve {
            settings: None,
            named: Vec::new(),
        };
        let body = |limit| {
            let long = Full::new(Bytes::from(vec![7; 500_000]));
            let body = Body::stream(long).replay_limit(limit);
            sieve.clone().over(body)
        };
        assert!(body(1 << 20).can_replay());
        assert!(!body(1 << 16).can_replay());
        assert!(!body(0).can_replay());
    }

    #[test]
    fn what_rules_a_message_is_no_trailer() {
        for name in [
            "content-length",
            "content-type",
            "if-match",
            "cookie",
            "set-cookie",
            "host",
            "via",
            "age",
            "x-api-key",
            "www-authenticate",
            "transfer-encoding",
        ] {
            assert!(is_for_headers(&name.parse().unwrap()), "{name}");
        }
        for name in [
            "etag",
            "grpc-status",
            "grpc-message",
            "content-digest",
            "server-timing",
            "x-checksum",
        ] {
            assert!(!is_for_headers(&name.parse().unwrap()), "{name}");
        }
    }
}
