//! A request that the store cannot answer, but whose response may change what is in it.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use buttress_kernel::{BoxError, Explain};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header};

use crate::body::CacheBody;
use crate::keep::Keep;
use crate::outdated::Moment;
use crate::overrides::Override;
use crate::policy::{Action, Aim, Arrival, Ask, Head, Lesson, Reason, forbids_storing, learn};
use crate::recent::Mark;
use crate::serve::start;
use crate::shared::{Settling, Shared};
use crate::status::CacheStatus;
use crate::store::{Key, Name};
use crate::trail::{explain, note};

/// What is known of it once it has been sent.
pub(crate) struct Past {
    method: Method,
    reason: Reason,
    wants: Option<Override>,
    /// The key of a response that may be stored, or made out of date, and its mark: of an unsafe
    /// request.
    key: Option<(Key, Mark)>,
    uri: Uri,
    /// The server's name, where the URI does not have it.
    host: Option<HeaderValue>,
    /// What a shared cache keeps no response to unless the response allows it (RFC 9111 §3.5).
    authorization: Option<HeaderValue>,
    /// Whether the request forbids to store the response (§5.2.1.5).
    forbids: bool,
    /// When it was sent, among the invalidations.
    since: Moment,
    explain: Option<(Explain, Instant)>,
    /// What the store has yet to forget before the response may be seen.
    settling: Vec<Settling>,
}

impl Past {
    /// Nothing where there is nothing to do: the request is safe, and nobody asks what became of it.
    pub(crate) fn of<B>(
        shared: &Shared,
        request: &Request<B>,
        wants: Option<Override>,
        reason: Reason,
    ) -> Option<Self> {
        let safe = request.method().is_safe();
        let explain = explain(request);
        if safe && explain.is_none() {
            return None;
        }
        let headers = request.headers();
        let name = wants.as_ref().and_then(Override::name);
        let authorization = headers.get(header::AUTHORIZATION);
        let key = (!safe).then(|| {
            let address = shared.address(request, name, authorization);
            let key = shared.with_key(&address, |key| key.keep());
            (key, shared.mark(&address))
        });
        Some(Self {
            method: request.method().clone(),
            reason,
            forbids: forbids_storing(headers),
            since: shared.outdated.moment(),
            uri: request.uri().clone(),
            host: headers.get(header::HOST).cloned(),
            authorization: authorization.cloned(),
            key,
            wants,
            explain,
            settling: Vec::new(),
        })
    }

    /// The response goes on to the caller.
    pub(crate) fn pass<B>(
        &mut self,
        shared: &Arc<Shared>,
        response: Response<B>,
        sent: SystemTime,
    ) -> Response<CacheBody<B>>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let keep = self.learn(shared, &response, sent);
        let (mut response, stored) = match keep {
            Some(keep) => {
                let response = response.map(|body| start(body, keep));
                let stored = response.body().1;
                (response.map(|(body, _)| body), stored)
            }
            None => (response.map(CacheBody::passed), false),
        };
        let status = || CacheStatus::forwarded(self.reason).stored(stored);
        shared.tell(&mut response, status);
        if let Some((explain, start)) = &self.explain {
            note(explain, *start, &status(), &mut response);
        }
        response
    }

    /// A response to an unsafe request may make others out of date, and one to POST may be stored.
    fn learn<B>(
        &mut self,
        shared: &Arc<Shared>,
        response: &Response<B>,
        sent: SystemTime,
    ) -> Option<Keep> {
        let (key, mark) = self.key.take()?;
        let Lesson {
            action, invalidate, ..
        } = self.lesson(shared, &key, response, sent);
        // What it makes out of date itself is older than its own response.
        let tags = self.wants.as_ref().and_then(Override::tags).cloned();
        let overtaken = shared.outdated.has(&key, tags.as_ref(), self.since);
        let doomed = self.doomed(shared, &key, &invalidate).into_iter();
        self.settling = doomed.map(|key| shared.invalidate_key(key)).collect();
        let head = match action {
            Action::Store { head, .. } if !self.forbids && !overtaken => head,
            _ => return None,
        };
        // The fields that it speaks of are gone with the request.
        if !head.vary.names.is_empty() {
            return None;
        }
        shared.unfit.forget(mark);
        Some(Keep {
            shared: Arc::clone(shared),
            key,
            mark,
            alone: false,
            head,
            tags,
            replaces: Vec::new(),
            same: Vec::new(),
            parts: false,
            since: shared.outdated.moment(),
            seat: None,
            before: None,
            rivals: None,
            ending: None,
        })
    }

    fn lesson<B>(
        &self,
        shared: &Shared,
        key: &Key,
        response: &Response<B>,
        sent: SystemTime,
    ) -> Lesson {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (header::HOST, &self.host),
            (header::AUTHORIZATION, &self.authorization),
        ] {
            headers.extend(value.clone().map(|value| (name, value)));
        }
        let ask = Ask {
            method: &self.method,
            uri: &self.uri,
            headers: &headers,
        };
        let wishes = self.wants.as_ref().map(Override::wishes);
        let arrival = Arrival::of(response, sent, shared.now());
        let wishes = wishes.unwrap_or_default();
        learn::<Head>(shared.policy(key), &wishes, &ask, &[], Aim::Fetch, &arrival)
    }

    /// The keys of what an unsafe request has made out of date (RFC 9111 §4.4): its own, and those of
    /// the URIs.
    fn doomed(&self, shared: &Shared, key: &Key, uris: &[Uri]) -> Vec<Key> {
        if uris.is_empty() {
            return Vec::new();
        }
        let name = self.wants.as_ref().and_then(Override::name);
        let named = name.map(|name| shared.namesakes(key, Name::Given(name)));
        let siblings = uris
            .iter()
            .flat_map(|uri| shared.siblings(key, uri, self.host.as_ref()));
        let mut doomed = vec![key.clone()];
        for other in named.into_iter().flatten().chain(siblings) {
            if !doomed.contains(&other) {
                doomed.push(other);
            }
        }
        doomed
    }

    /// What the caller has to wait for, to read what it has written.
    pub(crate) fn unsettled(&mut self) -> Option<Vec<Settling>> {
        let is_open = |settling: &Settling| matches!(settling, Settling::Later(_));
        self.settling
            .iter()
            .any(is_open)
            .then(|| std::mem::take(&mut self.settling))
    }
}
