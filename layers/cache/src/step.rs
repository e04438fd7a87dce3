//! The first look at a request, without moving it.

use std::time::SystemTime;

use http::{Method, Request, Response, header};
use http_body::Body;

use crate::body::CacheBody;
use crate::lean::{explain, note};
use crate::overrides::Override;
use crate::policy::{Ask, Decision, Glance, Mode, Reason, Serve, look_up_after, only_if_cached};
use crate::recent::{Known, Mark, Now};
use crate::seek::Missed;
use crate::serve::{from_memory, refusal};
use crate::shared::{Address, Shared};
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
    Lean(Mark),
    /// It is no matter for the store.
    Bypass(Reason),
    /// Others may be asking the same.
    Miss(Key, Missed),
    /// The store takes its time.
    Later(Key, Pending<Variants>),
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
            return Step::Bypass(Reason::Method);
        }
        let glance = Glance::at(request.headers());
        // The key does not tell content apart, so the response is for this request alone; and nobody
        // waits for content that may never end. What is sent in HTTP/2 need not announce itself.
        if glance.has_content || has_content(request.body()) {
            return self.past(request, wants);
        }
        if wants.is_some_and(|wants| wants.wishes().mode == Mode::NoStore) {
            return self.past(request, wants);
        }
        let name = wants.and_then(Override::name);
        self.with_address(request, name, glance.authorization, |address| {
            self.step_at(request, glance, wants, address, now)
        })
    }

    /// Past the store, unless the caller wants nothing forwarded (RFC 9111 §5.2.1.7).
    #[cold]
    fn past<B, R>(&self, request: &Request<B>, wants: Option<&Override>) -> Step<R> {
        let mode = wants.map(|wants| wants.wishes().mode);
        if mode != Some(Mode::OnlyIfCached) && !only_if_cached(request.headers()) {
            return Step::Bypass(Reason::Bypass);
        }
        let name = wants.and_then(Override::name);
        let authorization = request.headers().get(header::AUTHORIZATION);
        self.with_key(request, name, authorization, telemetry::refused);
        let mut answer = refusal();
        self.told(request, &mut answer, CacheStatus::refused);
        Step::Answer(answer)
    }

    #[inline]
    fn step_at<B, R>(
        &self,
        request: &Request<B>,
        glance: Glance<'_>,
        wants: Option<&Override>,
        address: Address<'_>,
        now: SystemTime,
    ) -> Step<R> {
        let (mark, recently) = (address.mark(), Now::from(now));
        self.count_call(mark, recently, &address);
        let is_bare = glance.is_plain && wants.is_none() && request.extensions().is_empty();
        if is_bare && self.unfit.known(mark, recently) == Known::Well {
            telemetry::forwarded(&address, Reason::UriMiss);
            return Step::Lean(mark);
        }
        let key = self.key(address);
        let found = match self.get(key) {
            Answer::Now(found) => found,
            Answer::Later(pending) => return Step::Later(key.keep(), pending),
        };
        let wishes = wants.map(Override::wishes).unwrap_or_default();
        match look_up_after(glance, &wishes, &Ask::of(request), &found, now) {
            Decision::Serve(serve) => self.serve(request, key, found, &serve),
            Decision::Bypass(reason) => Step::Bypass(reason),
            Decision::Forward(forward) => Step::Miss(key.keep(), Missed { found, forward }),
            Decision::Refuse => {
                telemetry::refused(key);
                let mut answer = refusal();
                self.told(request, &mut answer, CacheStatus::refused);
                Step::Answer(answer)
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
        let Some(mut answer) = from_memory(request.method(), &found[serve.index], serve) else {
            return Step::Body(key.keep(), found);
        };
        telemetry::hit(key, serve);
        self.told(request, &mut answer, || CacheStatus::served(serve));
        if serve.revalidate {
            return Step::Refresh(answer, key.keep(), found);
        }
        Step::Answer(answer)
    }

    #[inline]
    fn told<B, R>(
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
}
