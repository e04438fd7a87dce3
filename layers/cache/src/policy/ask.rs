use std::time::SystemTime;

use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};

/// A request, as far as caching looks at it: as the caller sent it, without what the cache added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a Method,
    /// The effective request URI; with scheme and authority where `Location` is to be compared.
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
}

impl<'a> Ask<'a> {
    pub(crate) fn of<B>(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
        }
    }
}

/// The head of a response that arrived from the origin, final and not interim.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: &'a HeaderMap,
    /// When the request was sent (RFC 9111 §4.2.3, `request_time`).
    pub(crate) sent: SystemTime,
    /// When the head arrived (`response_time`).
    pub(crate) received: SystemTime,
}

impl<'a> Arrival<'a> {
    pub(crate) fn of<B>(response: &'a Response<B>, sent: SystemTime, received: SystemTime) -> Self {
        Self {
            status: response.status(),
            version: response.version(),
            headers: response.headers(),
            sent,
            received,
        }
    }
}
