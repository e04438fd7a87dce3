//! The first look at a request, without moving it.

use std::time::SystemTime;

use bytes::Bytes;
use http::{Method, Request, Response, header};
use http_body::Body;

use crate::body::CacheBody;
use crate::flight::Left;
use crate::now::Now;
use crate::overrides::Override;
use crate::policy::{
    Ask, Decision, Glance, Mode, Reason, Serve, Wishes, answer, by_all_rules, only_if_cached, usual,
};
use crate::recent::{Known, Mark};
use crate::seek::Missed;
use crate::serve::{in_memory, refusal};
use crate::shared::Shared;
use crate::status::CacheStatus;
use crate::store::{Answer, Key, KeyRef, Pending, Variants};
use crate::telemetry;
use crate::trail::{explain, note};

/// What to do about a request, found out without moving it.
pub(crate) enum Step<R> {
    /// It goes on at little cost; what is known of its key may fade.
    Lean { mark: Mark, fades: bool },
    /// It is answered from memory.
    Answer(Response<CacheBody<R>>),
    /// It is more work than that.
    Long(Long),
}

/// What is found in memory, and what of it is sent.
pub(crate) struct Served {
    pub(crate) found: Variants,
    pub(crate) serve: Serve,
    pub(crate) body: Bytes,
}

/// What costs more than a few instructions, and mostly an allocation.
pub(crate) enum Long {
    /// It is answered from memory, and what was found is to be validated.
    Refresh(Key, Served),
    /// The caller wants nothing but what is stored, and nothing is.
    Refuse,
    /// It is no matter for the store.
    Bypass(Reason),
    /// Others may be asking the same.
    Miss(Key, Missed),
    /// The store takes its time.
    Later(Key, Pending<Variants>, Left),
    /// The body is not in memory.
    Body(Key, Variants),
}

/// Whether a body says that it has something to send, or does not say.
#[inline]
fn has_content<B: Body>(body: &B) -> bool {
    !body.is_end_stream() && body.size_hint().exact() != Some(0)
}

impl Shared {
    #[inline]
    pub(crate) fn step<B: Body, R>(
        &self,
        request: &Request<B>,
        wants: Option<&Override>,
        now: SystemTime,
    ) -> Step<R> {
        if *request.method() != Method::GET && *request.method() != Method::HEAD {
            return Step::Long(Long::Bypass(Reason::Method));
        }
        let glance = Glance::at(request.headers());
        // The key does not tell content apart, so the response is for this request alone; and nobody
        // waits for content that may never end. What is sent in HTTP/2 need not announce itself.
        if glance.has_content || has_content(request.body()) {
            return Step::Long(self.past(request, wants));
        }
        if wants.is_some_and(|wants| wants.wishes().mode == Mode::NoStore) {
            return Step::Long(self.past(request, wants));
        }
        let name = wants.and_then(Override::name);
        let address = self.address(request, name, glance.authorization);
        let (mark, recently) = (self.mark(&address), Now::from(now));
        if self.calls.count(mark, recently) {
            let (most, window) = self.settings.warn_at;
            telemetry::asked_too_often(&{ address }, most, window);
        }
        let is_bare = glance.is_plain && wants.is_none() && request.extensions().is_empty();
        if is_bare && let Known::Well { fades } = self.unfit.known(mark, recently) {
            telemetry::forwarded(|| address, Reason::UriMiss);
            return Step::Lean { mark, fades };
        }
        self.with_key(&address, |key| {
            self.step_at(request, glance, wants, &key, now)
        })
    }

    /// Past the store, unless the caller wants nothing forwarded (RFC 9111 §5.2.1.7).
    #[cold]
    fn past<B>(&self, request: &Request<B>, wants: Option<&Override>) -> Long {
        let mode = wants.map(|wants| wants.wishes().mode);
        if mode != Some(Mode::OnlyIfCached) && !only_if_cached(request.headers()) {
            return Long::Bypass(Reason::Bypass);
        }
        let name = wants.and_then(Override::name);
        let authorization = request.headers().get(header::AUTHORIZATION);
        let address = self.address(request, name, authorization);
        self.with_key(&address, |key| telemetry::refused(&key));
        Long::Refuse
    }

    #[inline]
    fn step_at<B, R>(
        &self,
        request: &Request<B>,
        glance: Glance<'_>,
        wants: Option<&Override>,
        key: &KeyRef<'_>,
        now: SystemTime,
    ) -> Step<R> {
        let left = self.flights.left(key.hash());
        let found = match self.get(*key) {
            Answer::Now(found) => found,
            Answer::Later(pending) => return Step::Long(Long::Later(key.keep(), pending, left)),
        };
        let (wishes, ask) = (
            wants.map(Override::wishes).unwrap_or_default(),
            Ask::of(request),
        );
        if let Some(serve) = usual(glance, &wishes, &ask, &found, now) {
            return self.serve_at(request, key, found, serve);
        }
        self.step_by_all_rules(request, glance, &wishes, key, found, now)
    }

    #[inline(never)]
    fn step_by_all_rules<B, R>(
        &self,
        request: &Request<B>,
        glance: Glance<'_>,
        wishes: &Wishes,
        key: &KeyRef<'_>,
        found: Variants,
        now: SystemTime,
    ) -> Step<R> {
        match by_all_rules(glance, wishes, &Ask::of(request), &found, now) {
            Decision::Serve(serve) => self.serve_at(request, key, found, serve),
            Decision::Bypass(reason) => Step::Long(Long::Bypass(reason)),
            Decision::Forward(forward) => Step::Long(Long::Miss(
                key.keep(),
                Missed {
                    found,
                    is_blind: false,
                    forward,
                },
            )),
            Decision::Refuse => {
                telemetry::refused(key);
                Step::Long(Long::Refuse)
            }
        }
    }

    /// Says what was done about a request, to whoever wants to know.
    #[inline]
    pub(crate) fn told<B, R>(
        &self,
        request: &Request<B>,
        answer: &mut Response<CacheBody<R>>,
        status: impl Fn() -> CacheStatus,
    ) {
        self.tell(answer, &status);
        if let Some((explain, start)) = explain(request) {
            note(&explain, start, &status(), answer);
        }
    }

    /// The answer to a request that is served.
    #[inline]
    pub(crate) fn served<B, R>(
        &self,
        request: &Request<B>,
        found: &Variants,
        serve: &Serve,
        body: Bytes,
    ) -> Response<CacheBody<R>> {
        let head = found[serve.index].as_ref();
        let mut answer = answer(head, serve, CacheBody::bytes(body));
        self.told(request, &mut answer, || CacheStatus::served(serve));
        answer
    }

    #[inline]
    fn serve_at<B, R>(
        &self,
        request: &Request<B>,
        key: &KeyRef<'_>,
        found: Variants,
        serve: Serve,
    ) -> Step<R> {
        let Some(body) = in_memory(request.method(), &found[serve.index], &serve) else {
            return Step::Long(Long::Body(key.keep(), found));
        };
        telemetry::hit(key, &serve);
        if serve.revalidate {
            return Step::Long(Long::Refresh(key.keep(), Served { found, serve, body }));
        }
        Step::Answer(self.served(request, &found, &serve, body))
    }

    /// The answer to a request that is refused.
    pub(crate) fn refused<B, R>(&self, request: &Request<B>) -> Response<CacheBody<R>> {
        let mut answer = refusal();
        self.told(request, &mut answer, CacheStatus::refused);
        answer
    }
}
