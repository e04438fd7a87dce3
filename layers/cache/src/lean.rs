//! A request whose response is hardly to be stored, followed at as little cost as possible.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use buttress_kernel::{BoxError, Entry, Explain};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header};

use crate::body::CacheBody;
use crate::keep::Keep;
use crate::outdated::Moment;
use crate::overrides::Override;
use crate::policy::{Action, Aim, Arrival, Ask, Mode, Reason, learn};
use crate::recent::Mark;
use crate::serve::start;
use crate::shared::{Settling, Shared};
use crate::status::CacheStatus;
use crate::store::{Key, Name, Variant};

/// The fields by which a response can become one to be stored.
const SAYING: [HeaderName; 4] = [
    header::CACHE_CONTROL,
    header::EXPIRES,
    header::ETAG,
    header::LAST_MODIFIED,
];

/// What is known of the request once it has been sent.
pub(crate) struct Lean {
    shared: Arc<Shared>,
    method: Method,
    sent: SystemTime,
    reason: Reason,
    /// If the request could have been answered from the store.
    mark: Option<Mark>,
    extra: Option<Box<Extra>>,
}

/// What few requests have.
struct Extra {
    wants: Option<Override>,
    /// The key of a response that may be stored, or made out of date, and its mark.
    key: Option<(Key, Mark)>,
    /// Of an unsafe request.
    uri: Uri,
    /// The server's name, where the URI does not have it.
    host: Option<HeaderValue>,
    /// Whether nothing in the request forbids to store a response.
    may_store: bool,
    /// When it was sent, among the invalidations.
    since: Moment,
    explain: Option<(Explain, Instant)>,
    /// What the store has yet to forget before the response may be seen.
    settling: Vec<Settling>,
}

impl Lean {
    /// Of a request that could have been answered from the store.
    #[inline]
    pub(crate) fn miss<B>(
        shared: &Arc<Shared>,
        request: &Request<B>,
        mark: Mark,
        sent: SystemTime,
    ) -> Self {
        Self::new(shared, request, Reason::UriMiss, sent, Some(mark))
    }

    /// Of a request that could not.
    pub(crate) fn bypass<B>(
        shared: &Arc<Shared>,
        request: &Request<B>,
        wants: Option<Override>,
        reason: Reason,
        sent: SystemTime,
    ) -> Self {
        let lean = Self::new(shared, request, reason, sent, None);
        let safe = request.method().is_safe();
        let explain = explain(request);
        if safe && explain.is_none() {
            return lean;
        }
        let headers = request.headers();
        let plain = !headers.contains_key(header::AUTHORIZATION)
            && !headers.contains_key(header::CACHE_CONTROL);
        let wanted = wants
            .as_ref()
            .is_none_or(|wants| wants.wishes().mode != Mode::NoStore);
        let name = wants.as_ref().and_then(Override::name);
        let authorization = headers.get(header::AUTHORIZATION);
        let key = (!safe).then(|| {
            shared.with_address(request, name, authorization, |address| {
                (shared.key(address).keep(), address.mark())
            })
        });
        let extra = Extra {
            may_store: *request.method() == Method::POST && plain && wanted,
            since: shared.outdated.moment(),
            uri: request.uri().clone(),
            host: headers.get(header::HOST).cloned(),
            key,
            wants,
            explain,
            settling: Vec::new(),
        };
        Self {
            extra: Some(Box::new(extra)),
            ..lean
        }
    }

    #[inline]
    fn new<B>(
        shared: &Arc<Shared>,
        request: &Request<B>,
        reason: Reason,
        sent: SystemTime,
        mark: Option<Mark>,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            method: request.method().clone(),
            sent,
            reason,
            mark,
            extra: None,
        }
    }

    /// The response goes on to the caller.
    #[inline]
    pub(crate) fn pass<B>(&mut self, response: Response<B>) -> Response<CacheBody<B>>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let now = self.shared.now();
        match self.mark {
            Some(mark) if self.is_fit(&response, now) => self.shared.unfit.forget(mark),
            Some(mark) => self.shared.unfit.remember_unseen(mark, now.into()),
            None if !self.method.is_safe() => return self.learn(response, now),
            None => {}
        }
        self.finish(response.map(CacheBody::passed), false)
    }

    /// Whether the next request should go the whole way, since its response may be stored.
    fn is_fit<B>(&self, response: &Response<B>, now: SystemTime) -> bool {
        // Nothing to be fresh by, and nothing to be validated by.
        let headers = response.headers();
        let silent = headers.is_empty()
            || !SAYING
                .iter()
                .chain(&*self.shared.settings.policy.targets)
                .any(|name| headers.contains_key(name));
        if silent {
            return false;
        }
        let lesson = self.lesson(response, now);
        !matches!(lesson.action, Action::Leave)
    }

    fn lesson<B>(&self, response: &Response<B>, now: SystemTime) -> crate::policy::Lesson {
        let mut headers = HeaderMap::new();
        if let Some(host) = self.host() {
            headers.insert(header::HOST, host.clone());
        }
        // What is said about a response to GET does not depend on it.
        let root = Uri::default();
        let ask = Ask {
            method: &self.method,
            uri: self.extra.as_ref().map_or(&root, |extra| &extra.uri),
            headers: &headers,
        };
        let wants = self.extra.as_ref().and_then(|extra| extra.wants.as_ref());
        let wishes = wants.map(Override::wishes).unwrap_or_default();
        let arrival = Arrival::of(response, self.sent, now);
        let policy = &self.shared.settings.policy;
        learn::<Variant>(policy, &wishes, &ask, &[], Aim::Fetch, &arrival)
    }

    /// A response to an unsafe request may make others out of date, and one to POST may be stored.
    #[cold]
    fn learn<B>(&mut self, response: Response<B>, now: SystemTime) -> Response<CacheBody<B>>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let lesson = self.lesson(&response, now);
        let key = self.extra.as_mut().and_then(|extra| extra.key.take());
        let Some((key, mark)) = key else {
            return self.finish(response.map(CacheBody::passed), false);
        };
        // What it makes out of date itself is older than its own response.
        let overtaken = self.is_overtaken(&key);
        let doomed = self.doomed(&key, &lesson.invalidate).into_iter();
        let settling = doomed.map(|key| self.shared.invalidate_key(key)).collect();
        if let Some(extra) = &mut self.extra {
            extra.settling = settling;
        }
        let extra = self.extra.as_ref();
        let extra = extra.filter(|extra| extra.may_store && !overtaken);
        match (lesson.action, extra) {
            (Action::Store { head, .. }, Some(extra)) if head.vary.names.is_empty() => {
                let tags = extra.wants.as_ref().and_then(Override::tags).cloned();
                self.shared.unfit.forget(mark);
                let keep = Keep {
                    shared: Arc::clone(&self.shared),
                    key,
                    mark,
                    alone: false,
                    head,
                    tags,
                    replaces: Vec::new(),
                    parts: false,
                    since: self.shared.outdated.moment(),
                    seat: None,
                    before: None,
                    rivals: None,
                };
                let stored = response.map(|body| start(body, keep));
                let is_stored = stored.body().1;
                self.finish(stored.map(|(body, _)| body), is_stored)
            }
            _ => self.finish(response.map(CacheBody::passed), false),
        }
    }

    /// What the caller has to wait for, to read what it has written.
    #[inline]
    pub(crate) fn unsettled(&mut self) -> Option<Vec<Settling>> {
        let settling = &mut self.extra.as_mut()?.settling;
        let is_open = |settling: &Settling| matches!(settling, Settling::Later(_));
        settling
            .iter()
            .any(is_open)
            .then(|| std::mem::take(settling))
    }

    /// The keys of what an unsafe request has made out of date (RFC 9111 §4.4): its own, and those of
    /// the URIs.
    fn doomed(&self, key: &Key, uris: &[Uri]) -> Vec<Key> {
        if uris.is_empty() {
            return Vec::new();
        }
        let wants = self.extra.as_ref().and_then(|extra| extra.wants.as_ref());
        let name = wants.and_then(Override::name).map(Name::Whole);
        let named = name
            .into_iter()
            .flat_map(|name| self.shared.namesakes(key, name));
        let shared = &self.shared;
        let siblings = uris
            .iter()
            .flat_map(|uri| shared.siblings(key, uri, self.host()));
        let mut doomed = vec![key.clone()];
        for other in named.chain(siblings) {
            if !doomed.contains(&other) {
                doomed.push(other);
            }
        }
        doomed
    }

    fn host(&self) -> Option<&HeaderValue> {
        self.extra.as_ref()?.host.as_ref()
    }

    /// Whether somebody else has made what it fetched out of date.
    fn is_overtaken(&self, key: &Key) -> bool {
        self.extra.as_ref().is_some_and(|extra| {
            let tags = extra.wants.as_ref().and_then(Override::tags);
            self.shared.outdated.has(key, tags, extra.since)
        })
    }

    #[inline]
    fn finish<B>(
        &self,
        mut response: Response<CacheBody<B>>,
        stored: bool,
    ) -> Response<CacheBody<B>> {
        let status = || CacheStatus::forwarded(self.reason).stored(stored);
        self.shared.tell(&mut response, status);
        if let Some((explain, start)) = self.extra.as_ref().and_then(|extra| extra.explain.as_ref())
        {
            note(explain, *start, &status(), &mut response);
        }
        response
    }
}

/// Who wants to know what is decided, and since when.
#[inline]
pub(crate) fn explain<B>(request: &Request<B>) -> Option<(Explain, Instant)> {
    let extensions = request.extensions();
    if extensions.is_empty() {
        return None;
    }
    let explain = Explain::of(extensions)?.clone();
    Some((explain, tokio::time::Instant::now().into_std()))
}

/// Writes down what was decided.
pub(crate) fn note<B>(
    explain: &Explain,
    start: Instant,
    status: &CacheStatus,
    response: &mut Response<B>,
) {
    let end = tokio::time::Instant::now().into_std();
    explain.record(Entry::new("cache", status.to_string(), start, end));
    explain.attach(response.extensions_mut());
}
