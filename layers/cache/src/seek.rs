//! The way of a request that can be neither answered nor sent on at once.

use std::future::poll_fn;

use buttress_kernel::BoxError;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::again::{Again, follow, prepared};
use crate::asked::Asked;
use crate::body::CacheBody;
use crate::fetch::Fetch;
use crate::flight::{Entrance, Failing, Landing, Leader, Left, Waiting};
use crate::future::Answered;
use crate::policy::{Decision, Forward, Serve, rescue};
use crate::recent::Known;
use crate::refresh;
use crate::serve::refusal;
use crate::status::CacheStatus;
use crate::store::{Answer, Pending, Variants};
use crate::telemetry;

/// So often a request waits for a leader that goes without an answer, or for one that brings another
/// variant, before it goes by itself.
const ROUNDS: u32 = 8;

/// What a request waits for.
pub(crate) enum Turn {
    /// The store, which was asked when so many had left.
    Store(Pending<Variants>, Left),
    /// A body that is not in memory, of what was found.
    Body(Variants),
    /// Another request's fetch.
    Flight(Waiting, Missed),
}

/// What was found was not enough.
pub(crate) struct Missed {
    pub(crate) found: Variants,
    /// Whether more may be stored than that: the store has failed, or was late.
    pub(crate) is_blind: bool,
    pub(crate) forward: Forward,
}

/// What comes of a look into the store.
enum Decided<R> {
    /// An answer, and what was found if it is to be validated.
    Answer(Box<Response<CacheBody<R>>>, Option<Variants>),
    Missed(Missed),
}

/// How a request goes on that was not answered from the store.
enum Way<R> {
    Answer(Box<Response<CacheBody<R>>>),
    Wait(Turn),
    Ask(Missed, Option<Leader>),
}

/// A request, and the service to send it to, which has yet to become ready.
pub(crate) struct Seek<S, B> {
    pub(crate) service: S,
    pub(crate) request: Request<B>,
    pub(crate) asked: Asked,
}

impl<S, B, R> Seek<S, B>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError> + Send + 'static,
    S::Future: Send + 'static,
    B: Send + 'static,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    /// Waits for its turn, and asks the origin if it has to.
    pub(crate) async fn go(self, mut turn: Turn) -> Answered<R> {
        let Self {
            service,
            request,
            asked,
        } = self;
        let mut has_failed = false;
        for round in 0_u32.. {
            let (Look { found, left }, next) = match wait(&asked, turn).await {
                Ok(next) => next,
                Err(answer) => {
                    let given = |answer| given(service, request, &asked, answer, None);
                    return answer.map(given);
                }
            };
            let alone = match next {
                Next::Again => false,
                // One failure may be its request's alone, or come of bad luck.
                Next::Failed => std::mem::replace(&mut has_failed, true),
                Next::Alone => true,
            };
            let missed = match decide(&asked, found).await {
                Decided::Answer(answer, stale) => {
                    return Ok(given(service, request, &asked, *answer, stale));
                }
                Decided::Missed(missed) => missed,
            };
            let (mut missed, leader) = match way(&asked, missed, alone || round >= ROUNDS) {
                Way::Answer(answer) => return Ok(*answer),
                Way::Wait(next) => {
                    turn = next;
                    continue;
                }
                Way::Ask(missed, leader) => (missed, leader),
            };
            if leader.is_some() && left.is_some_and(|left| left != asked.left()) {
                // Somebody else has led since the look, and may have stored what is wanted.
                missed = match decide(&asked, asked.find().await).await {
                    Decided::Answer(answer, stale) => {
                        drop(leader);
                        return Ok(given(service, request, &asked, *answer, stale));
                    }
                    Decided::Missed(missed) => missed,
                };
            }
            return ask(service, request, asked, missed, leader).await;
        }
        unreachable!("it goes by itself after a few rounds")
    }
}

/// An answer out of the store, which goes on at the origin if the store fails. Begins to validate what is given
/// out stale.
fn given<S, B, R>(
    service: S,
    request: Request<B>,
    asked: &Asked,
    answer: Response<CacheBody<R>>,
    stale: Option<Variants>,
) -> Response<CacheBody<R>>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError> + Send + 'static,
    S::Future: Send + 'static,
    B: Send + 'static,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let Some(found) = stale else {
        return answer.map(|body| body.or_from(|| Some(Again { service, request })));
    };
    let answer = answer.map(|body| body.or_from(|| Again::copy(&service, &request)));
    let now = asked.shared.now();
    let call = |request| ready_call(service, request);
    refresh::begin(&asked.shared, request, &asked.key, found, now, call);
    answer
}

/// What was found, unless the store failed, and how many had left before, where that took time.
struct Look {
    found: Option<Variants>,
    left: Option<Left>,
}

/// How a request goes on that has waited in vain.
enum Next {
    /// With the others.
    Again,
    /// With the others, unless that has failed before.
    Failed,
    /// By itself.
    Alone,
}

/// Waits; what is stored then, and how the request goes on, or else an answer.
async fn wait<R>(asked: &Asked, turn: Turn) -> Result<(Look, Next), Box<Answered<R>>> {
    let (waiting, missed) = match turn {
        Turn::Store(pending, left) => {
            let found = asked.shared.wait("get", Answer::Later(pending)).await;
            let left = Some(left);
            return Ok((Look { found, left }, Next::Again));
        }
        Turn::Body(found) => {
            let (found, left) = (Some(found), None);
            return Ok((Look { found, left }, Next::Again));
        }
        Turn::Flight(waiting, missed) => (waiting, missed),
    };
    let next = match waiting.await {
        Landing::Shared(candidate) => {
            let serve = asked.suits(&candidate);
            match serve.map(|serve| (serve, candidate.stream.join())) {
                Some((serve, Some(reader))) => {
                    let answer = asked.join(&candidate, (serve, reader), missed.forward.reason);
                    return Err(Box::new(Ok(answer)));
                }
                // All who are too late for this one share another.
                Some((_, None)) => Next::Failed,
                // What it was given, it would be given again, one request after the other.
                None if candidate.as_ref().matches(&asked.ask()) => Next::Alone,
                None => Next::Again,
            }
        }
        Landing::Failed(failing) => {
            if let Some(answer) = failed(asked, &missed, &failing).await {
                return Err(Box::new(answer));
            }
            Next::Failed
        }
        Landing::Again | Landing::Alone => Next::Alone,
        Landing::Left => Next::Again,
    };
    let left = Some(asked.left());
    let found = asked.find().await;
    Ok((Look { found, left }, next))
}

/// The fetch that this request waited for has failed.
async fn failed<R>(asked: &Asked, missed: &Missed, failing: &Failing) -> Option<Answered<R>> {
    let status = match failing {
        Failing::Status(status) => Some(*status),
        Failing::Error(..) => None,
    };
    let Missed { found, forward, .. } = missed;
    let (policy, now) = (asked.shared.policy(&asked.key), asked.shared.now());
    let (wishes, own) = (asked.wishes(), asked.ask());
    if let Some(serve) = rescue(policy, &wishes, &own, found, forward.aim, status, now) {
        telemetry::rescued(&asked.key, &serve, status);
        let told = CacheStatus::served(&serve);
        let told = told.after(forward.reason, status).collapsed(true);
        if let Some(answer) = asked.answer(found, &serve, &told).await {
            return Some(Ok(answer));
        }
    }
    match failing {
        Failing::Error(error, extras) if *extras == asked.extras => Some(Err(error.clone().into())),
        Failing::Error(..) | Failing::Status(_) => None,
    }
}

/// An answer from the store, if there is one, and what was found if it is to be validated.
async fn decide<R>(asked: &Asked, found: Option<Variants>) -> Decided<R> {
    let is_blind = found.is_none();
    let found = found.unwrap_or_default();
    let now = asked.shared.now();
    let decision = match asked.look_up(&found, now) {
        Decision::Serve(serve) => {
            if let Some(answer) = served(asked, &found, &serve).await {
                return Decided::Answer(Box::new(answer), serve.revalidate.then_some(found));
            }
            // The body is gone, so the head is worth nothing.
            return decide_without(asked);
        }
        decision => decision,
    };
    conclude(asked, decision, found, is_blind)
}

fn decide_without<R>(asked: &Asked) -> Decided<R> {
    let nothing = Variants::default();
    let decision = asked.look_up(&nothing, asked.shared.now());
    conclude(asked, decision, nothing, true)
}

fn conclude<R>(asked: &Asked, decision: Decision, found: Variants, is_blind: bool) -> Decided<R> {
    let forward = match decision {
        Decision::Forward(forward) => forward,
        Decision::Bypass(reason) => {
            // §5.2.1.5: what comes changes nothing of what is stored.
            let (found, forward) = (Variants::default(), Forward::plain(reason));
            return Decided::Missed(Missed {
                found,
                is_blind: false,
                forward,
            });
        }
        Decision::Refuse | Decision::Serve(_) => {
            telemetry::refused(&asked.key.lend());
            let told = CacheStatus::refused();
            return Decided::Answer(Box::new(asked.told(refusal(), &told)), None);
        }
    };
    Decided::Missed(Missed {
        found,
        is_blind,
        forward,
    })
}

async fn served<R>(
    asked: &Asked,
    found: &Variants,
    serve: &Serve,
) -> Option<Response<CacheBody<R>>> {
    let answer = asked
        .answer(found, serve, &CacheStatus::served(serve))
        .await?;
    telemetry::hit(&asked.key.lend(), serve);
    Some(answer)
}

fn way<R>(asked: &Asked, missed: Missed, alone: bool) -> Way<R> {
    let unfit = || {
        asked
            .shared
            .unfit
            .known(asked.mark, asked.shared.now().into())
    };
    if alone || !asked.shares() || unfit() != Known::Not {
        return Way::Ask(missed, None);
    }
    match asked.enter(&missed.found) {
        Entrance::Lead(leader) => Way::Ask(missed, Some(leader)),
        Entrance::Wait(waiting) => Way::Wait(Turn::Flight(waiting, missed)),
        Entrance::Alone => Way::Ask(missed, None),
        Entrance::Join(candidate, place) => {
            let answer = asked.join(&candidate, place, missed.forward.reason);
            Way::Answer(Box::new(answer))
        }
    }
}

async fn ask<S, B, R>(
    service: S,
    mut request: Request<B>,
    asked: Asked,
    missed: Missed,
    leader: Option<Leader>,
) -> Answered<R>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError> + Send,
    S::Future: Send,
    B: Send + 'static,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let Missed {
        found,
        is_blind,
        forward,
    } = missed;
    telemetry::forwarded(|| &asked.key, forward.reason);
    let (forward, again) = prepared(forward, &service, &request);
    forward.conditions.apply(request.headers_mut());
    let fetch = Fetch {
        sent: asked.shared.now(),
        since: asked.shared.outdated.moment(),
        common: asked.is_common(),
        asked,
        found,
        is_blind,
        aim: forward.aim,
        reason: forward.reason,
        leader,
    };
    follow(fetch, ready_call(service, request), again).await
}

/// Calls a service once it is ready.
pub(crate) async fn ready_call<S, B, R>(mut service: S, request: Request<B>) -> Result<R, S::Error>
where
    S: Service<Request<B>, Response = R>,
{
    poll_fn(|cx| service.poll_ready(cx)).await?;
    service.call(request).await
}
