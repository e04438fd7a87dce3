//! A request whose response is hardly to be stored, followed at as little cost as possible.

use std::sync::Arc;
use std::time::SystemTime;

use buttress_kernel::BoxError;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, Request, Response, Uri, header};

use crate::body::CacheBody;
use crate::overrides::Override;
use crate::past::Past;
use crate::policy::{Action, Aim, Arrival, Ask, Reason, Wishes, learn};
use crate::recent::Mark;
use crate::shared::{Settling, Shared};
use crate::status::CacheStatus;
use crate::store::Variant;

/// What is known of the request once it has been sent.
pub(crate) struct Lean {
    shared: Arc<Shared>,
    sent: SystemTime,
    kind: Kind,
}

enum Kind {
    /// It could have been answered from the store; with GET, or else with HEAD. What is known of its key
    /// may fade.
    Missed { mark: Mark, get: bool, fades: bool },
    /// It could not, nor does it change anything.
    Bypassed(Reason),
    /// It could not, and there is more to do about it.
    Past(Box<Past>),
}

impl Lean {
    /// Of a request that could have been answered from the store.
    #[inline]
    pub(crate) fn miss<B>(
        shared: &Arc<Shared>,
        request: &Request<B>,
        mark: Mark,
        fades: bool,
        sent: SystemTime,
    ) -> Self {
        let get = *request.method() == Method::GET;
        Self {
            shared: Arc::clone(shared),
            sent,
            kind: Kind::Missed { mark, get, fades },
        }
    }

    /// Of a request that could not.
    pub(crate) fn bypass<B>(
        shared: &Arc<Shared>,
        request: &Request<B>,
        wants: Option<Override>,
        reason: Reason,
        sent: SystemTime,
    ) -> Self {
        let past = Past::of(shared, request, wants, reason);
        Self {
            shared: Arc::clone(shared),
            sent,
            kind: past.map_or(Kind::Bypassed(reason), |past| Kind::Past(Box::new(past))),
        }
    }

    /// The response goes on to the caller.
    #[inline]
    pub(crate) fn pass<B>(&mut self, response: Response<B>) -> Response<CacheBody<B>>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let shared = &self.shared;
        let reason = match &mut self.kind {
            Kind::Missed { mark, get, fades } => {
                let targets = &shared.settings.policy.targets;
                if *fades || (*get && may_be_stored(response.headers(), targets)) {
                    note(shared, *mark, *get, &response, self.sent);
                }
                Reason::UriMiss
            }
            Kind::Bypassed(reason) => *reason,
            Kind::Past(past) => return past.pass(shared, response, self.sent),
        };
        let mut response = response.map(CacheBody::passed);
        shared.tell(&mut response, || CacheStatus::forwarded(reason));
        response
    }

    /// What the caller has to wait for, to read what it has written.
    #[inline]
    pub(crate) fn unsettled(&mut self) -> Option<Vec<Settling>> {
        match &mut self.kind {
            Kind::Past(past) => past.unsettled(),
            Kind::Missed { .. } | Kind::Bypassed(_) => None,
        }
    }
}

/// Notes whether the next request should go the whole way, since its response may be stored. To read the
/// clock for it takes longer than the rest of the response's way.
#[inline(never)]
fn note<B>(shared: &Shared, mark: Mark, get: bool, response: &Response<B>, sent: SystemTime) {
    let now = shared.now();
    if get && is_fit(shared, response, sent, now) {
        shared.unfit.forget(mark);
    } else {
        shared.unfit.remember_unseen(mark, now.into());
    }
}

/// Whether a response is to be stored.
fn is_fit<B>(
    shared: &Shared,
    response: &Response<B>,
    sent: SystemTime,
    received: SystemTime,
) -> bool {
    let policy = &shared.settings.policy;
    // What is said about a response to GET does not depend on more than that.
    let ask = Ask {
        method: &Method::GET,
        uri: &Uri::default(),
        headers: &HeaderMap::new(),
    };
    let arrival = Arrival::of(response, sent, received);
    let lesson = learn::<Variant>(policy, &Wishes::default(), &ask, &[], Aim::Fetch, &arrival);
    !matches!(lesson.action, Action::Leave)
}

/// Whether there is anything to be fresh by, or to be validated by.
#[inline]
fn may_be_stored(headers: &HeaderMap, targets: &[HeaderName]) -> bool {
    headers.keys().any(|name| match *name {
        header::CACHE_CONTROL | header::EXPIRES | header::ETAG | header::LAST_MODIFIED => true,
        _ => targets.contains(name),
    })
}
