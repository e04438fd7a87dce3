//! A question to the origin, and what comes of it.

mod parts;
mod storing;

use std::time::SystemTime;

use buttress_kernel::{BoxError, Failure, Kind};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};

use crate::asked::Asked;
use crate::body::CacheBody;
use crate::error::FetchFailed;
use crate::flight::{Failing, Landing, Leader};
use crate::future::Answered;
use crate::outdated::Moment;
use crate::policy::{self, Action, Aim, Arrival, Reason, Serve, learn, rescue};
use crate::status::CacheStatus;
use crate::store::{Variant, Variants};
use crate::telemetry;

/// A question that is under way.
pub(crate) struct Fetch {
    pub(crate) asked: Asked,
    pub(crate) found: Variants,
    /// Whether more may be stored than was found.
    pub(crate) is_blind: bool,
    pub(crate) aim: Aim,
    pub(crate) reason: Reason,
    pub(crate) sent: SystemTime,
    /// When it was sent, among the invalidations.
    pub(crate) since: Moment,
    /// Whether it asks for what anybody would be given.
    pub(crate) common: bool,
    /// If others wait for it, or may.
    pub(crate) leader: Option<Leader>,
}

/// How a question ends without an answer.
pub(crate) enum Stop {
    /// With an error.
    Failed(BoxError),
    /// The answer fits nothing that is stored, and the caller did not ask for it: the question is to
    /// be asked again as the caller wrote it.
    Repeat(Box<Fetch>),
}

type Ended<B> = Result<Response<CacheBody<B>>, Stop>;

impl Fetch {
    /// Deals with what came.
    pub(crate) async fn end<B, E>(self, end: Result<Response<B>, E>) -> Ended<B>
    where
        E: Into<BoxError>,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        match end {
            Ok(response) => self.arrived(response).await,
            Err(error) => self.failed(error.into()).await.map_err(Stop::Failed),
        }
    }

    async fn failed<B>(mut self, error: BoxError) -> Answered<B> {
        let leader = self.leader.take();
        let serve = self.rescue(None);
        let shares = concerns_all(&error, &self.asked);
        let error = match leader {
            Some(leader) if shares && leader.is_awaited() => {
                let error = FetchFailed::new(error);
                let failing = Failing::Error(error.clone(), self.asked.extras);
                leader.land(Landing::Failed(failing));
                error.into()
            }
            _ => error,
        };
        match serve {
            Some(serve) => self.stale(&serve, None).await.ok_or(error),
            None => Err(error),
        }
    }

    fn rescue(&self, status: Option<StatusCode>) -> Option<Serve> {
        let Asked { shared, .. } = &self.asked;
        let (policy, now) = (shared.policy(&self.asked.key), shared.now());
        let (wishes, ask) = (self.asked.wishes(), self.asked.ask());
        rescue(policy, &wishes, &ask, &self.found, self.aim, status, now)
    }

    /// A stored response in place of one that failed.
    async fn stale<B>(
        &self,
        serve: &Serve,
        status: Option<StatusCode>,
    ) -> Option<Response<CacheBody<B>>> {
        telemetry::rescued(&self.asked.key, serve, status);
        let told = CacheStatus::served(serve).after(self.reason, status);
        self.asked.answer(&self.found, serve, &told).await
    }

    async fn arrived<B>(mut self, response: Response<B>) -> Ended<B>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let status = response.status();
        if let Some(serve) = self.rescue(Some(status))
            && let Some(stale) = self.stale(&serve, Some(status)).await
        {
            if let Some(leader) = self.leader.take() {
                leader.land(Landing::Failed(Failing::Status(status)));
            }
            return Ok(stale);
        }
        let lesson = self.learn(&response);
        for uri in &lesson.invalidate {
            let host = self.asked.headers.get(header::HOST);
            for key in self.asked.shared.siblings(&self.asked.key, uri, host) {
                self.asked.shared.invalidate_key(key).end().await;
            }
        }
        let stores = matches!(lesson.action, Action::Store { .. });
        if let Some(index) = lesson.disproved.filter(|_| !stores) {
            self.forget(index);
        }
        match lesson.action {
            Action::Leave => Ok(self.leave(response)),
            Action::Store { head, replaces } => Ok(self.store(response, head, &replaces)),
            Action::Update { heads, serve } => self.update(heads, &serve, response.headers()).await,
            Action::Refresh { heads } => {
                self.put_heads(heads).await;
                Ok(self.leave(response))
            }
            Action::Append { index, head, skip } => self.append(response, index, head, skip).await,
            Action::Repeat => Err(self.repeat()),
        }
    }

    fn learn<B>(&self, response: &Response<B>) -> policy::Lesson {
        let shared = &self.asked.shared;
        let arrival = Arrival::of(response, self.sent, shared.now());
        let (wishes, ask) = (self.asked.wishes(), self.asked.ask());
        learn(
            shared.policy(&self.asked.key),
            &wishes,
            &ask,
            &self.found,
            self.aim,
            &arrival,
        )
    }

    /// Passes the response on, and stores nothing.
    fn leave<B>(mut self, response: Response<B>) -> Response<CacheBody<B>> {
        let status = response.status();
        let passing = policy::is_passing(status);
        if self.common && !passing {
            let shared = &self.asked.shared;
            let alone = self.found.is_empty();
            let now = shared.now().into();
            shared.unfit.remember(self.asked.mark, now, alone);
        }
        if let Some(leader) = self.leader.take() {
            leader.land(if passing {
                Landing::Failed(Failing::Status(status))
            } else {
                Landing::Alone
            });
        }
        let told = CacheStatus::forwarded(self.reason);
        self.asked.told(response.map(CacheBody::passed), &told)
    }

    fn forget(&self, index: usize) {
        if let Some(variant) = self.found.get(index) {
            self.asked.shared.forget(&self.asked.key, &[variant.id()]);
        }
    }

    /// What is stored is still right: 304.
    async fn update<B>(
        mut self,
        heads: Vec<(usize, policy::Head)>,
        serve: &Serve,
        newer: &HeaderMap,
    ) -> Ended<B> {
        self.put_heads(heads).await;
        let told = CacheStatus::served(serve).after(self.reason, Some(StatusCode::NOT_MODIFIED));
        let Some(mut answer) = self.asked.answer(&self.found, serve, &told).await else {
            // The body has gone in the meantime.
            return Err(self.repeat());
        };
        let policy = self.asked.shared.policy(&self.asked.key);
        policy::give(policy, newer, answer.headers_mut());
        if let Some(variant) = self.found.get(serve.index)
            && self.common
        {
            self.asked.note_fitness(variant.as_ref());
        }
        if let Some(leader) = self.leader.take() {
            leader.land(Landing::Again);
        }
        Ok(answer)
    }

    /// Gives stored responses other heads, and waits until that is done.
    async fn put_heads(&mut self, heads: Vec<(usize, policy::Head)>) {
        let mut variants = self.found.to_vec();
        for (index, head) in heads {
            let Some(variant) = variants.get_mut(index) else {
                continue;
            };
            *variant = variant.with_head(self.asked.shared.head(head));
            let Asked { shared, key, .. } = &self.asked;
            let answer = shared
                .store
                .update(key, variant.id(), variant.head().clone());
            if shared.wait("update", answer).await.is_some() {
                shared.announce(|| crate::handle::Change::Stored(key.clone()));
            }
        }
        self.found = variants.into_iter().collect();
    }

    /// What made us ask in this way goes, and the question is asked again.
    fn repeat(self) -> Stop {
        let ids: Vec<u64> = match self.aim {
            Aim::Validate(index) | Aim::Complete(index) => {
                self.found.get(index).map(Variant::id).into_iter().collect()
            }
            // That none of them is known to be right for this request says nothing of the others.
            Aim::Select | Aim::Fetch => Vec::new(),
        };
        self.asked.shared.forget(&self.asked.key, &ids);
        Stop::Repeat(Box::new(self))
    }
}

/// Whether a failure says nothing about the one request that met it, so that those who wait would
/// only meet it again.
fn concerns_all(error: &BoxError, asked: &Asked) -> bool {
    match Failure::of(&**error).kind() {
        Kind::Request | Kind::RequestBody => false,
        Kind::Timeout => !asked.is_late(),
        _ => true,
    }
}
