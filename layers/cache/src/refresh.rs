//! Validation in the background, of what was served stale
//! ([RFC 5861 §3](https://www.rfc-editor.org/rfc/rfc5861#section-3)).

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use buttress_kernel::{Attempt, Background, BoxError, Deadline, Explain};
use bytes::Bytes;
use http::{Extensions, HeaderMap, Method, Request, Response, header};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::asked::Asked;
use crate::body::CacheBody;
use crate::fetch::Fetch;
use crate::flight::{Entrance, Leader};
use crate::overrides::Override;
use crate::policy::Forward;
use crate::shared::Shared;
use crate::store::{Key, Variants};
use crate::telemetry;

/// Begins to validate what was found, unless somebody is at it already or there are too many; `call`
/// sends the request. Nobody waits for it, and whoever was served may go.
pub(crate) fn begin<B, C, F, R, E>(
    shared: &Arc<Shared>,
    mut request: Request<B>,
    key: &Key,
    found: Variants,
    now: SystemTime,
    call: C,
) where
    C: FnOnce(Request<B>) -> F,
    F: Future<Output = Result<Response<R>, E>> + Send + 'static,
    E: Into<BoxError> + Send + 'static,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let Ok(runtime) = Handle::try_current() else {
        return telemetry::not_revalidated(key, "no runtime");
    };
    let Some(place) = Place::take(shared) else {
        return telemetry::not_revalidated(key, "too many");
    };
    let Some((asked, forward, leader)) = prepare(shared, &mut request, key, &found, now) else {
        return;
    };
    telemetry::revalidating(key);
    forward.conditions.apply(request.headers_mut());
    let fetch = Fetch {
        asked,
        found,
        is_blind: false,
        aim: forward.aim,
        reason: forward.reason,
        sent: now,
        since: shared.outdated.moment(),
        common: true,
        leader: Some(leader),
    };
    let response = call(request);
    runtime.spawn(follow(fetch, response, place));
}

/// The request as one for anybody, without what its caller alone wanted.
fn prepare<B>(
    shared: &Arc<Shared>,
    request: &mut Request<B>,
    key: &Key,
    found: &Variants,
    now: SystemTime,
) -> Option<(Asked, Forward, Leader)> {
    let wants = shared.wants(request);
    for_nobody(request.extensions_mut());
    *request.method_mut() = Method::GET;
    without_conditions(request.headers_mut());
    let asked = Asked::of(shared, request, key.clone(), wants);
    let forward = asked.validation(found, now)?;
    match asked.enter(found) {
        Entrance::Lead(leader) => Some((asked, forward, leader)),
        // Somebody is at it already, or so many are that one more makes no difference.
        Entrance::Join(..) | Entrance::Wait(_) | Entrance::Alone => None,
    }
}

/// What is about one caller's call goes; what says whose request it is stays, or the response might be another
/// one's.
fn for_nobody(extensions: &mut Extensions) {
    extensions.remove::<Override>();
    extensions.remove::<Deadline>();
    extensions.remove::<Explain>();
    extensions.remove::<Attempt>();
    extensions.insert(Background);
}

fn without_conditions(headers: &mut HeaderMap) {
    for name in [
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        header::IF_MODIFIED_SINCE,
        header::IF_UNMODIFIED_SINCE,
        header::IF_RANGE,
        header::RANGE,
        header::CACHE_CONTROL,
        header::PRAGMA,
    ] {
        headers.remove(name);
    }
}

/// Follows it to its end, or until its time is over.
async fn follow<F, R, E>(fetch: Fetch, response: F, place: Place)
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError> + Send + 'static,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let key = fetch.asked.key.clone();
    let limit = place.0.settings.revalidation_timeout;
    let whole = async {
        let answer = fetch.end(response.await).await.ok()?;
        // What is stored need not be read.
        let mut body = pin!(answer.map(CacheBody::still_to_come).into_body());
        while let Some(frame) = body.as_mut().frame().await {
            frame.ok()?;
        }
        Some(())
    };
    match timeout(limit, whole).await {
        Ok(Some(())) => {}
        Ok(None) => telemetry::not_revalidated(&key, "failed"),
        Err(_) => telemetry::not_revalidated(&key, "timeout"),
    }
    drop(place);
}

/// One of so many validations at once.
struct Place(Arc<Shared>);

impl Place {
    fn take(shared: &Arc<Shared>) -> Option<Self> {
        let most = shared.settings.revalidations;
        let taken =
            shared
                .revalidating
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                    (taken < most).then_some(taken + 1)
                });
        taken.ok().map(|_| Self(Arc::clone(shared)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.revalidating.fetch_sub(1, Ordering::Relaxed);
    }
}
