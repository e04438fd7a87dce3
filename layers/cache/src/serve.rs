//! Responses out of the store, and into it.

use std::ops::Range;

use buttress_kernel::BoxError;
use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;

use crate::body::CacheBody;
use crate::keep::Keep;
use crate::policy::{self, Head, Reply, Serve, answer};
use crate::store::Variant;
use crate::stream::{BoxBody, Sink};

/// The bytes of a stored body that are to be sent, counted from its first stored byte; none where
/// there is no body to send.
pub(crate) fn span(method: &Method, head: &Head, reply: &Reply) -> Option<Range<u64>> {
    let extent = &head.extent;
    let span = match *reply {
        Reply::Whole => extent.first..extent.end,
        Reply::Range { first, end, .. } => first..end,
        Reply::NotModified | Reply::Unsatisfiable { .. } => return None,
    };
    let from_start = |at: u64| at.saturating_sub(extent.first);
    (*method != Method::HEAD).then(|| from_start(span.start)..from_start(span.end))
}

/// An answer from what is in memory; nothing when the body is elsewhere.
pub(crate) fn from_memory<B>(
    method: &Method,
    variant: &Variant,
    serve: &Serve,
) -> Option<Response<CacheBody<B>>> {
    let bytes = in_memory(method, variant, serve)?;
    Some(answer(variant.as_ref(), serve, CacheBody::bytes(bytes)))
}

/// What of a body is sent, if it is in memory.
#[inline]
pub(crate) fn in_memory(method: &Method, variant: &Variant, serve: &Serve) -> Option<Bytes> {
    // All that is stored, in most answers.
    if serve.reply == Reply::Whole && *method != Method::HEAD {
        return variant.body().cloned();
    }
    match span(method, variant.as_ref(), &serve.reply) {
        None => Some(Bytes::new()),
        Some(span) => Some(slice(variant.body()?, &span)),
    }
}

pub(crate) fn slice(bytes: &Bytes, span: &Range<u64>) -> Bytes {
    let at = |at: u64| usize::try_from(at).map_or(bytes.len(), |at| at.min(bytes.len()));
    let (first, end) = (at(span.start), at(span.end));
    if first == 0 && end == bytes.len() {
        return bytes.clone();
    }
    bytes.slice(first.min(end)..end)
}

/// 504: the caller wants nothing but what is stored, and nothing is.
pub(crate) fn refusal<B>() -> Response<CacheBody<B>> {
    let mut response = Response::new(CacheBody::bytes(Bytes::new()));
    *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
    response
}

/// Passes a body on while it is stored; whether it is. One that says that it is too long is not.
pub(crate) fn start<B>(body: B, keep: Keep) -> (CacheBody<B>, bool)
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    if is_too_long(&body, &keep) {
        Box::new(keep).too_long();
        return (CacheBody::passed(body), false);
    }
    (CacheBody::shared(keep.begin(boxed(body))), true)
}

/// Whether it is known before it has begun that there is no room for a body.
pub(crate) fn is_too_long<B: Body>(body: &B, keep: &Keep) -> bool {
    let before = keep
        .before
        .as_ref()
        .map_or(0, |(before, _)| before.len() as u64);
    let announced = keep.head.extent.end.saturating_sub(keep.head.extent.first);
    let length = announced.max(body.size_hint().lower().saturating_add(before));
    length > keep.shared.settings.max_entry
}

pub(crate) fn boxed<B>(body: B) -> BoxBody
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    Box::pin(body.map_err(Into::into))
}

/// As if its body had ended: of a response under way is known neither how long it is, nor does it
/// matter to those who read it from the start.
pub(crate) fn as_ended(head: &policy::Head) -> policy::Head {
    let mut head = head.clone();
    if head.extent.first == 0 {
        head.extent = policy::Extent::whole(head.extent.end);
    }
    head
}
