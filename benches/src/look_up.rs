//! What a cache does before it calls the service below.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use buttress_cache::{Cache, CacheLayer};
use buttress_kernel::{Body, BoxError};
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::noop::{Answering, Noop};
use crate::traffic::Traffic;

/// A look-up that misses, for a key whose responses are known not to be stored: the request goes
/// through the cache to the service below, and what would follow its response is left out.
#[derive(Clone, Debug)]
pub struct LookUp(Traffic);

impl LookUp {
    /// For this traffic.
    #[must_use]
    pub const fn of(traffic: Traffic) -> Self {
        Self(traffic)
    }
}

impl Layer<Noop> for LookUp {
    type Service = LookingUp;

    fn layer(&self, inner: Noop) -> LookingUp {
        let mut cache = CacheLayer::private().layer(inner);
        // After two responses that were not stored the key is known.
        for _ in 0..2 {
            let mut call = pin!(cache.call(self.0.request()));
            let answered = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(answered.is_ready(), "the service below answers at once");
        }
        LookingUp { cache, inner }
    }
}

/// Made by [`LookUp`].
#[derive(Debug)]
pub struct LookingUp {
    cache: Cache<Noop>,
    inner: Noop,
}

impl Service<Request<Body>> for LookingUp {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Answering;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Service::<Request<Body>>::poll_ready(&mut self.cache, cx)
    }

    fn call(&mut self, request: Request<Body>) -> Answering {
        drop(black_box(self.cache.call(request)));
        self.inner.answering()
    }
}
