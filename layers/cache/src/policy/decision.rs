use std::time::{Duration, SystemTime};

use http::Method;

use super::{Ask, Conditions, Head, Mode, Policy, Wishes};

/// What to do about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Not a matter for the store: forward it as it is. [`learn`](super::learn) still wants to see the response,
    /// for it may invalidate what is stored.
    Bypass(Reason),
    /// Answer from the store.
    Serve(Serve),
    /// Ask the origin.
    Forward(Forward),
    /// Answer 504: the caller wants no forwarding, and there is nothing to serve (RFC 9111 §5.2.1.7).
    Refuse,
}

/// An answer from the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Serve {
    /// The head to answer with, as an index into those that were given.
    pub(crate) index: usize,
    pub(crate) reply: Reply,
    /// For the `Age` field.
    pub(crate) age: Duration,
    /// Seconds that it stays fresh; negative when it is stale. For `Cache-Status`.
    pub(crate) ttl: i64,
    /// Whether to validate it in the background as well (RFC 5861 §3).
    pub(crate) revalidate: bool,
}

/// What of a stored response is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The response as it is stored.
    Whole,
    /// 304: the caller has it already.
    NotModified,
    /// 206: these bytes of the representation, up to, not including, `end`.
    Range {
        first: u64,
        end: u64,
        total: Option<u64>,
    },
    /// 416: there are no such bytes.
    Unsatisfiable { total: u64 },
}

/// A question to the origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forward {
    pub(crate) reason: Reason,
    pub(crate) aim: Aim,
    pub(crate) conditions: Conditions,
}

/// What a forwarded request is for; indices are those into the heads that were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// A new response.
    Fetch,
    /// To learn whether this stored response is still right (§4.3).
    Validate(usize),
    /// To learn whether one of the stored variants is right for a request that none of them matches (§4.3.1).
    Select,
    /// The bytes that this stored response lacks at its end (§3.3, §3.4).
    Complete(usize),
}

/// Why a request was not answered from the store: the `fwd` parameter of RFC 9211 §2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Bypass,
    Method,
    UriMiss,
    VaryMiss,
    Request,
    Stale,
    Partial,
}

/// What to do about a request, given all heads that are stored for its URI (and partition).
///
/// Does not allocate when it serves or when nothing is stored.
pub(crate) fn look_up<T: AsRef<Head>>(
    _policy: &Policy,
    wishes: &Wishes,
    ask: &Ask<'_>,
    stored: &[T],
    now: SystemTime,
) -> Decision {
    if wishes.mode == Mode::NoStore || *ask.method != Method::GET {
        return Decision::Bypass(Reason::Method);
    }
    let found = stored.iter().enumerate().find_map(|(index, head)| {
        let head = head.as_ref();
        let left = head.freshness.left(now)?;
        head.vary.matches(ask.headers).then_some(Serve {
            index,
            reply: Reply::Whole,
            age: head.freshness.age(now),
            ttl: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            revalidate: false,
        })
    });
    found.map_or_else(
        || {
            Decision::Forward(Forward {
                reason: Reason::UriMiss,
                aim: Aim::Fetch,
                conditions: Conditions::default(),
            })
        },
        Decision::Serve,
    )
}

/// Whether the stored response that a forwarded request was to validate (its [`Aim`]) may answer in place of one
/// that failed: `None` as status when there was no response at all, else its status, 500 and above
/// (§4.2.4, §4.3.3; RFC 5861 §4).
pub(crate) fn rescue<T: AsRef<Head>>(
    _policy: &Policy,
    _wishes: &Wishes,
    _ask: &Ask<'_>,
    _stored: &[T],
    _aim: Aim,
    _status: Option<http::StatusCode>,
    _now: SystemTime,
) -> Option<Serve> {
    None
}
