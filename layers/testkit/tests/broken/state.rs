use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use buttress_kernel::Body;
use buttress_testkit::Step;
use buttress_testkit::contract::{self, Inner};
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::{Answering, assert_fails};

/// What gets a count of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Own {
    Nothing,
    Service,
    Clone,
    LayerClone,
}

/// Answers the first 10 requests.
struct Quota<S> {
    inner: S,
    used: Arc<AtomicUsize>,
    limit: usize,
    own: Own,
}

impl<S: Clone> Clone for Quota<S> {
    fn clone(&self) -> Self {
        let fresh = matches!(self.own, Own::Clone);
        let used = if fresh {
            Arc::default()
        } else {
            Arc::clone(&self.used)
        };
        Self {
            inner: self.inner.clone(),
            used,
            ..*self
        }
    }
}

struct QuotaLayer(Quota<()>);

impl QuotaLayer {
    fn new(limit: usize, own: Own) -> Self {
        Self(Quota {
            inner: (),
            used: Arc::default(),
            limit,
            own,
        })
    }
}

impl Clone for QuotaLayer {
    fn clone(&self) -> Self {
        if self.0.own == Own::LayerClone {
            Self::new(self.0.limit, self.0.own)
        } else {
            Self(Quota {
                used: Arc::clone(&self.0.used),
                ..self.0
            })
        }
    }
}

impl Layer<Inner> for QuotaLayer {
    type Service = Quota<Inner>;

    fn layer(&self, inner: Inner) -> Quota<Inner> {
        let fresh = self.0.own == Own::Service;
        let used = if fresh {
            Arc::default()
        } else {
            Arc::clone(&self.0.used)
        };
        Quota {
            inner,
            used,
            limit: self.0.limit,
            own: self.0.own,
        }
    }
}

impl Service<Request<Body>> for Quota<Inner> {
    type Response = Response<Body>;
    type Error = buttress_kernel::BoxError;
    type Future = Answering;

    fn poll_ready(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Self::Error>> {
        Service::<Request<Body>>::poll_ready(&mut self.inner, cx)
    }

    fn call(&mut self, request: Request<Body>) -> Answering {
        let exceeded = self.used.fetch_add(1, Ordering::Relaxed) >= self.limit;
        let answer = self.inner.call(request);
        Box::pin(async move {
            if exceeded {
                Err("the quota is used up".into())
            } else {
                answer.await
            }
        })
    }
}

fn check(limit: usize, own: Own) -> impl Future<Output = ()> {
    contract::clones_and_siblings_share_state(move || QuotaLayer::new(limit, own), vec![Step::ok()])
}

#[test]
fn a_shared_state_passes() {
    contract::run(check(10, Own::Nothing));
    contract::run(check(64, Own::Nothing));
}

#[test]
fn a_state_for_each_service_is_found() {
    assert_fails(check(10, Own::Service), "two services of one layer");
}

#[test]
fn a_state_for_each_clone_of_a_service_is_found() {
    assert_fails(check(10, Own::Clone), "a service and its clone");
}

#[test]
fn a_state_for_each_clone_of_a_layer_is_found() {
    assert_fails(check(10, Own::LayerClone), "a layer and its clone");
}

#[test]
fn a_state_that_does_not_show_is_told() {
    assert_fails(check(65, Own::Nothing), "no state shows");
}

#[test]
fn a_script_that_moves_on_is_not_taken_for_a_state() {
    let steps = vec![Step::ok(), Step::status(404)];
    let layer = || QuotaLayer::new(1_000, Own::Nothing);
    assert_fails(
        contract::clones_and_siblings_share_state(layer, steps),
        "no state shows",
    );
}
