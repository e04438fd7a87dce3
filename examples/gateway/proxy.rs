//! The gateway's service: a request comes in, goes through the stack, and its answer goes back.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress::{Body, BoxError, Explain};
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use tower::{Service, ServiceExt};

use crate::stack::Stack;
use crate::upstream::Upstream;
use crate::{forward, problem};

/// Passes requests on to one upstream.
#[derive(Clone)]
pub(crate) struct Proxy {
    upstream: Arc<Upstream>,
    explain: bool,
    stack: Stack,
}

impl Proxy {
    pub(crate) fn new(upstream: Upstream, explain: bool, stack: Stack) -> Self {
        let upstream = Arc::new(upstream);
        Self {
            upstream,
            explain,
            stack,
        }
    }

    async fn pass(self, request: Request<Incoming>) -> Response<Body> {
        let mut request = match forward::request(&self.upstream, request) {
            Ok(request) => request,
            Err(refusal) => return problem::of_refusal(refusal),
        };
        let explain = self.explain.then(Explain::new);
        if let Some(explain) = &explain {
            request.extensions_mut().insert(explain.clone());
        }
        let mut response = answer(self.stack.oneshot(request).await);
        if let Some(trail) = explain.and_then(|explain| header(&explain)) {
            response.headers_mut().insert("buttress-trail", trail);
        }
        response
    }
}

fn answer(end: Result<Response<Body>, BoxError>) -> Response<Body> {
    match end {
        Ok(response) => forward::response(response).unwrap_or_else(problem::of_refusal),
        Err(error) => problem::of_failure(&error),
    }
}

fn header(explain: &Explain) -> Option<HeaderValue> {
    HeaderValue::from_str(&explain.trail().summary()).ok()
}

impl Service<Request<Incoming>> for Proxy {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(())) // each call waits for a clone of the stack of its own
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let proxy = self.clone();
        Box::pin(async move { Ok(proxy.pass(request).await) })
    }
}
