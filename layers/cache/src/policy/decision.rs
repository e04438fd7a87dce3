use std::time::{Duration, SystemTime};

use http::header;

use super::select::{Selected, reply};
use super::verdict::Life;
use super::{Ask, Conditions, Head, Wishes, conditions};

/// What to do about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Not a matter for the store: forward it as it is. [`learn`](super::learn) still wants to see
    /// the response, with [`Aim::Fetch`], for it may invalidate what is stored.
    Bypass(Reason),
    /// Answer from the store.
    Serve(Serve),
    /// Ask the origin.
    Forward(Forward),
    /// Answer 504: the caller wants no forwarding, and there is nothing to serve (RFC 9111
    /// §5.2.1.7).
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
    /// To learn whether this stored response is still right (§4.3); without conditions where it has
    /// no validator, but then still the one to fall back on.
    Validate(usize),
    /// To learn whether one of the stored variants is right for a request that none of them is known
    /// to answer (§4.1).
    Select,
    /// The bytes that this stored response lacks at its end (§3.3, §3.4).
    Complete(usize),
}

/// Why a request was not answered from the store: the `fwd` parameter of RFC 9211 §2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The caller wants it so.
    Bypass,
    /// Its method is never answered from the store.
    Method,
    /// Nothing is stored for its URI.
    UriMiss,
    /// Nothing that is stored answers its fields.
    VaryMiss,
    /// Something is stored, but its directives or conditions forbid the use.
    Request,
    /// What is stored is stale, or to be validated always.
    Stale,
    /// Of what is stored, bytes are missing.
    Partial,
}

impl Serve {
    pub(super) fn of(
        wishes: &Wishes,
        ask: &Ask<'_>,
        index: usize,
        head: &Head,
        reply: Reply,
        now: SystemTime,
    ) -> Self {
        let resident = head.resident(ask, now);
        Self {
            index,
            reply,
            age: head.freshness.age_after(resident),
            ttl: Life::of(wishes, head, resident).ttl(),
            revalidate: false,
        }
    }
}

impl Forward {
    pub(crate) fn plain(reason: Reason) -> Self {
        Self {
            reason,
            aim: Aim::Fetch,
            conditions: Conditions::default(),
        }
    }

    pub(super) fn validating(reason: Reason, index: usize, head: &Head) -> Self {
        Self {
            reason,
            aim: Aim::Validate(index),
            conditions: Conditions::validating(head),
        }
    }

    /// None of the stored variants is known to answer: the origin may know better. A caller's own
    /// conditions are left alone, for the answer to them is the caller's. Variants that lack bytes
    /// are not named: to be told that one is right would be of no use.
    pub(super) fn selecting<T: AsRef<Head>>(ask: &Ask<'_>, stored: &[T], now: SystemTime) -> Self {
        let plain = Self::plain(Reason::VaryMiss);
        if conditions::is_conditional(ask.headers) {
            return plain;
        }
        let heads = stored.iter().map(T::as_ref);
        let heads = heads.filter(|head| reply(ask, head, now).is_some());
        let conditions = Conditions::selecting(heads);
        if conditions.is_empty() {
            return plain;
        }
        Self {
            aim: Aim::Select,
            conditions,
            ..plain
        }
    }

    /// Bytes are missing. When they are all at the end, and everything is wanted, only they are
    /// fetched.
    pub(super) fn completing(ask: &Ask<'_>, selected: &Selected<'_>) -> Self {
        let plain = Self::plain(Reason::Partial);
        let head = selected.head;
        let everything = !ask.headers.contains_key(header::RANGE);
        let conditions = Conditions::completing(head);
        let conditions = conditions.filter(|_| everything && head.extent.first == 0);
        conditions.map_or(plain, |conditions| Self {
            reason: Reason::Partial,
            aim: Aim::Complete(selected.index),
            conditions,
        })
    }
}
