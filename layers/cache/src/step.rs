//! The first look at a request, without moving it.

use std::time::SystemTime;

use http::{Method, Request, Response};

use crate::body::CacheBody;
use crate::lean::{explain, note};
use crate::overrides::Override;
use crate::policy::{Ask, Decision, Glance, Mode, Reason, Serve, look_up_after};
use crate::recent::Known;
use crate::seek::Missed;
use crate::serve::{from_memory, refusal};
use crate::shared::Shared;
use crate::status::CacheStatus;
use crate::store::{Answer, Key, KeyRef, Pending, Variants};
use crate::telemetry;

/// What to do about a request, found out without moving it.
pub(crate) enum Step<R> {
    /// It is answered.
    Answer(Response<CacheBody<R>>),
    /// It is answered, and what was found is to be validated.
    Refresh(Response<CacheBody<R>>, Key, Variants),
    /// It goes on at little cost.
    Lean(u64),
    /// It is no matter for the store.
    Bypass(Reason),
    /// Others may be asking the same.
    Miss(Key, Missed),
    /// The store takes its time.
    Later(Key, Pending<Variants>),
    /// The body is not in memory.
    Body(Key, Variants),
}

impl Shared {
    #[inline]
    pub(crate) fn step<B, R>(
        &self,
        request: &Request<B>,
        wants: Option<&Override>,
        now: SystemTime,
    ) -> Step<R> {
        if *request.method() != Method::GET && *request.method() != Method::HEAD {
            return Step::Bypass(Reason::Method);
        }
        let glance = Glance::at(request.headers());
        // The key does not tell content apart, so the response is for this request alone; and nobody
        // waits for content that may never end.
        if glance.has_content {
            return Step::Bypass(Reason::Bypass);
        }
        if wants.is_some_and(|wants| wants.wishes().mode == Mode::NoStore) {
            return Step::Bypass(Reason::Bypass);
        }
        let name = wants.and_then(Override::name);
        self.with_key(request, name, |key| {
            self.step_at(request, glance, wants, key, now)
        })
    }

    #[inline]
    fn step_at<B, R>(
        &self,
        request: &Request<B>,
        glance: Glance,
        wants: Option<&Override>,
        key: KeyRef<'_>,
        now: SystemTime,
    ) -> Step<R> {
        self.count_call(key, now);
        let found = match self.get(key) {
            Answer::Now(found) => found,
            Answer::Later(pending) => return Step::Later(key.keep(), pending),
        };
        let wishes = wants.map(Override::wishes).unwrap_or_default();
        match look_up_after(glance, &wishes, &Ask::of(request), &found, now) {
            Decision::Serve(serve) => self.serve(request, key, found, &serve),
            Decision::Bypass(reason) => Step::Bypass(reason),
            Decision::Forward(forward) => {
                let known = found.is_empty()
                    && wants.is_none()
                    && self.unfit.known(key.hash(), now) == Known::Well;
                if known && request.extensions().is_empty() {
                    telemetry::forwarded(&key, forward.reason);
                    return Step::Lean(key.hash());
                }
                Step::Miss(key.keep(), Missed { found, forward })
            }
            Decision::Refuse => {
                telemetry::refused(key);
                Step::Answer(self.told(request, refusal(), || {
                    CacheStatus::forwarded(Reason::UriMiss)
                }))
            }
        }
    }

    #[inline]
    fn serve<B, R>(
        &self,
        request: &Request<B>,
        key: KeyRef<'_>,
        found: Variants,
        serve: &Serve,
    ) -> Step<R> {
        let Some(answer) = from_memory(request.method(), &found[serve.index], serve) else {
            return Step::Body(key.keep(), found);
        };
        telemetry::hit(key, serve);
        let answer = self.told(request, answer, || CacheStatus::served(serve));
        if serve.revalidate {
            return Step::Refresh(answer, key.keep(), found);
        }
        Step::Answer(answer)
    }

    #[inline]
    fn told<B, R>(
        &self,
        request: &Request<B>,
        mut answer: Response<CacheBody<R>>,
        status: impl Fn() -> CacheStatus,
    ) -> Response<CacheBody<R>> {
        self.tell(&mut answer, &status);
        if let Some((explain, start)) = explain(request) {
            note(&explain, start, &status(), &mut answer);
        }
        answer
    }
}
