//! The gateway's service: a request comes in, goes through the stack, and its answer goes back.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress::{BaseUri, Body, Explain, proxy};
use http::{HeaderName, HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use crate::stack::Stack;

/// Passes requests on to one upstream.
#[derive(Clone)]
pub(crate) struct Proxy {
    passing: BoxCloneSyncService<Request<Incoming>, Response<Body>, Infallible>,
    explain: bool,
}

impl Proxy {
    pub(crate) fn new(upstream: BaseUri, explain: bool, stack: Stack) -> Self {
        let passing = proxy::Proxy::over(upstream, stack)
            // Clients are programs of the same owner.
            .keep_forwarded_fields()
            .every_cookie()
            .keep(header::AUTHORIZATION)
            .keep(HeaderName::from_static("x-api-key"))
            .for_one_user();
        Self {
            passing: BoxCloneSyncService::new(passing),
            explain,
        }
    }

    async fn pass(self, mut request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let explain = self.explain.then(Explain::new);
        if let Some(explain) = &explain {
            request.extensions_mut().insert(explain.clone());
        }
        let mut response = self.passing.oneshot(request).await?;
        if let Some(trail) = explain.and_then(|explain| header(&explain)) {
            response.headers_mut().insert("buttress-trail", trail);
        }
        Ok(response)
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
        Box::pin(self.clone().pass(request))
    }
}
