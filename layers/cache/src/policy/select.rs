//! Which of the stored responses could answer a request, and with what (RFC 9111 §4).

use std::time::SystemTime;

use http::{Method, StatusCode};

use super::range::{self, Range, Resolved};
use super::{Ask, Head, Reply, conditions};

/// A stored response that the request's fields select.
#[derive(Clone, Copy, Debug)]
pub(super) struct Selected<'a> {
    pub(super) index: usize,
    pub(super) head: &'a Head,
    /// What it can answer with; nothing when the bytes that are asked for are not stored.
    pub(super) reply: Option<Reply>,
}

/// Of several the newest, by its date, of those that can answer (§4).
///
/// `plain`: whether the request has no field that changes what is sent, which saves looking.
#[inline]
pub(super) fn select<'a, T: AsRef<Head>>(
    ask: &Ask<'_>,
    plain: bool,
    stored: &'a [T],
    now: SystemTime,
) -> Option<Selected<'a>> {
    let matching = |(index, head): (usize, &'a Head)| {
        head.matches(ask).then(|| Selected {
            index,
            head,
            reply: if plain && head.extent.is_whole() {
                Some(Reply::Whole)
            } else {
                reply(ask, head, now)
            },
        })
    };
    // Most resources have one representation.
    if let [only] = stored {
        return matching((0, only.as_ref()));
    }
    // Of those of one moment the last that was put, which stands first.
    let stored = stored.iter().map(T::as_ref).enumerate().rev();
    stored
        .filter_map(matching)
        .max_by_key(|one| (one.reply.is_some(), one.head.freshness.rank()))
}

/// What a stored response answers a request with, if it holds the bytes.
pub(super) fn reply(ask: &Ask<'_>, head: &Head, now: SystemTime) -> Option<Reply> {
    if conditions::not_modified(ask, head, now) {
        return Some(Reply::NotModified);
    }
    if *ask.method == Method::HEAD {
        return Some(Reply::Whole);
    }
    // RFC 9110 §14.2: a range of a 200 only.
    let range =
        Range::of(ask).filter(|_| head.parts.status == StatusCode::OK && range::applies(ask, head));
    let Some(range) = range else {
        return head.extent.is_whole().then_some(Reply::Whole);
    };
    let total = head.extent.total;
    match range.resolve(&head.extent) {
        Resolved::Bytes(first, end) if head.extent.contains(first, end) => {
            Some(Reply::Range { first, end, total })
        }
        Resolved::None => total.map(|total| Reply::Unsatisfiable { total }),
        Resolved::Bytes(..) | Resolved::Unknown => None,
    }
}
