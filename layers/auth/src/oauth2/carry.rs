//! A request to an endpoint through whatever service there is, and its answer, read whole.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;

use buttress_kernel::{Body, BoxError};
use bytes::Buf;
use http::{HeaderMap, Request, Response, StatusCode};
use tower_service::Service;
use zeroize::Zeroizing;

use super::not_granted::{NotGranted, Problem};

/// No answer is longer, in bytes.
pub(super) const LIMIT: usize = 64 * 1024;

/// A service without its type. Tokens are fetched once in a while, so it may cost an allocation.
pub(super) type Carrier = Arc<dyn Fn(Request<Body>) -> Carried + Send + Sync>;

type Carried = Pin<Box<dyn Future<Output = Result<Answer, NotGranted>> + Send>>;

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Zeroizing<Vec<u8>>,
}

pub(super) fn carrier<S, R>(service: S) -> Carrier
where
    S: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    R: http_body::Body + Send + 'static,
    R::Error: Into<BoxError>,
{
    Arc::new(move |request| Box::pin(carry(service.clone(), request)))
}

async fn carry<S, R>(mut service: S, request: Request<Body>) -> Result<Answer, NotGranted>
where
    S: Service<Request<Body>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    R: http_body::Body,
    R::Error: Into<BoxError>,
{
    let lost = |error: S::Error| NotGranted::unreachable(error.into());
    poll_fn(|cx| service.poll_ready(cx)).await.map_err(lost)?;
    let (head, body) = service.call(request).await.map_err(lost)?.into_parts();
    let status = head.status;
    let body = read(body).await.map_err(|error| error.status_of(status))?;
    Ok(Answer {
        status,
        headers: head.headers,
        body,
    })
}

/// Into one piece of memory that is wiped, and that never has to grow.
async fn read<R>(body: R) -> Result<Zeroizing<Vec<u8>>, NotGranted>
where
    R: http_body::Body,
    R::Error: Into<BoxError>,
{
    let size = body.size_hint();
    if size.lower() > LIMIT as u64 {
        return Err(NotGranted::new(Problem::TooLarge));
    }
    let most = size.upper().and_then(|upper| usize::try_from(upper).ok());
    let mut whole = Zeroizing::new(Vec::with_capacity(
        most.map_or(LIMIT, |most| most.min(LIMIT)),
    ));
    let mut body = pin!(body);
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|error| NotGranted::unreachable(error.into()))?;
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        if data.remaining() > LIMIT - whole.len() {
            return Err(NotGranted::new(Problem::TooLarge));
        }
        while data.has_remaining() {
            let chunk = data.chunk();
            let length = chunk.len();
            whole.extend_from_slice(chunk);
            data.advance(length);
        }
    }
    Ok(whole)
}
