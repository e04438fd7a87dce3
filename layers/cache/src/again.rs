//! A request that may have to be sent a second time, as its caller wrote it.

use std::any::Any;
use std::future::Future;

use buttress_kernel::{Body, BoxError, Deadline};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Empty, Full};
use tower_service::Service;

use crate::error::Unmatched;
use crate::fetch::{Fetch, Stop};
use crate::future::Answered;
use crate::policy::{Aim, Forward};
use crate::seek::ready_call;
use crate::store::Variants;

/// A copy of a request, and a service to send it to.
pub(crate) struct Again<S, B> {
    pub(crate) service: S,
    pub(crate) request: Request<B>,
}

/// A question, with what it takes to ask it again. One whose answer may be of no use to anybody is
/// asked as the caller wrote it, where it could not be asked again.
pub(crate) fn prepared<S, B>(
    forward: Forward,
    service: &S,
    request: &Request<B>,
) -> (Forward, Option<Again<S, B>>)
where
    S: Clone,
    B: 'static,
{
    let again = Again::of(forward.aim, service, request);
    if again.is_none() && matches!(forward.aim, Aim::Select | Aim::Complete(_)) {
        return (Forward::plain(forward.reason), None);
    }
    (forward, again)
}

impl<S, B> Again<S, B> {
    /// For a question that the cache changed: its answer may be one that only the cache can read.
    /// Nothing for a body of a type that is not known here.
    fn of(aim: Aim, service: &S, request: &Request<B>) -> Option<Self>
    where
        S: Clone,
        B: 'static,
    {
        if aim == Aim::Fetch {
            return None;
        }
        Self::copy(service, request)
    }

    /// A copy of a request without content; nothing for a body of a type that is not known here.
    pub(crate) fn copy(service: &S, request: &Request<B>) -> Option<Self>
    where
        S: Clone,
        B: 'static,
    {
        let mut copy = Request::new(empty()?);
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.version_mut() = request.version();
        *copy.headers_mut() = request.headers().clone();
        *copy.extensions_mut() = request.extensions().clone();
        Some(Self {
            service: service.clone(),
            request: copy,
        })
    }

    /// Whether its caller has given it up.
    pub(crate) fn is_late(&self) -> bool {
        let deadline = self.request.extensions().get::<Deadline>();
        let now = || tokio::time::Instant::now().into_std();
        deadline.is_some_and(|deadline| deadline.has_passed(now()))
    }
}

/// The body that a request with GET has, in the types that are usual.
fn empty<B: 'static>() -> Option<B> {
    let mut body: Option<B> = None;
    let any: &mut dyn Any = &mut body;
    if let Some(body) = any.downcast_mut() {
        *body = Some(Body::empty());
    } else if let Some(body) = any.downcast_mut() {
        *body = Some(Empty::<Bytes>::new());
    } else if let Some(body) = any.downcast_mut() {
        *body = Some(Full::<Bytes>::default());
    } else if let Some(body) = any.downcast_mut() {
        *body = Some(());
    }
    body
}

/// Follows a fetch to its answer, and asks a second time if the first answer cannot be used.
pub(crate) async fn follow<F, S, B, R>(
    fetch: Fetch,
    first: F,
    again: Option<Again<S, B>>,
) -> Answered<R>
where
    F: Future<Output = Result<Response<R>, S::Error>>,
    S: Service<Request<B>, Response = Response<R>> + Send + 'static,
    S::Error: Into<BoxError> + Send,
    S::Future: Send,
    B: Send + 'static,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let mut fetch = match fetch.end(first.await).await {
        Ok(answer) => return Ok(answer.map(|body| body.or_from(|| again))),
        Err(Stop::Failed(error)) => return Err(error),
        Err(Stop::Repeat(fetch)) => fetch,
    };
    let Some(Again { service, request }) = again else {
        return Err(Unmatched::new().into());
    };
    // Of the variants nothing was forgotten.
    if fetch.aim != Aim::Select {
        fetch.found = Variants::default();
    }
    fetch.aim = Aim::Fetch;
    fetch.sent = fetch.asked.shared.now();
    fetch.since = fetch.asked.shared.outdated.moment();
    let second = ready_call(service, request).await;
    match fetch.end(second).await {
        Ok(answer) => Ok(answer),
        Err(Stop::Failed(error)) => Err(error),
        Err(Stop::Repeat(_)) => Err(Unmatched::new().into()),
    }
}
