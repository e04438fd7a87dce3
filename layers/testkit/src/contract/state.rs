use std::time::Duration;

use buttress_kernel::{Body, BoxError, Failure, Kind};
use bytes::Bytes;
use http::{Request, Response};
use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

use super::rig::{Rig, finish, get};
use super::subject::erase;
use super::{Inner, Tested};
use crate::Step;

/// How many requests make a state show.
const USES: usize = 64;

/// Clones of a layer, clones of its services, and all services that it made, share its state.
///
/// A service of the layer is used 64 times over a server that follows `steps`. Then one more
/// request, to the same URI, must end alike whether it goes through that service, its clone, another
/// service of the layer, or a service of the layer's clone: with the same status or kind of failure,
/// as many calls of the inner service, and with or without a wait. (Not after the very same time,
/// since waits are jittered.) Through a layer that `make` made afresh it must end otherwise; or else
/// there was no state to share, and the check says so.
///
/// # Panics
///
/// If one of them does not share the state, or the state does not show with this script.
pub async fn clones_and_siblings_share_state<L, B>(make: impl Fn() -> L, steps: Vec<Step>)
where
    L: Layer<Inner> + Clone,
    L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
    <L::Service as Service<Request<Body>>>::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let mut seen = Vec::new();
    for through in [
        Through::Itself,
        Through::Stranger,
        Through::Clone,
        Through::Sibling,
        Through::Cousin,
    ] {
        let rig = Rig::new(steps.clone());
        let layer = make();
        let mut used = erase(layer.layer(rig.inner()));
        let mut relative = match through {
            Through::Itself | Through::Clone => used.clone(),
            Through::Sibling => erase(layer.layer(rig.inner())),
            Through::Cousin => erase(layer.clone().layer(rig.inner())),
            Through::Stranger => erase(make().layer(rig.inner())),
        };
        for _ in 0..USES {
            observe(&rig, &mut used).await;
        }
        let last = if through == Through::Itself {
            &mut used
        } else {
            &mut relative
        };
        seen.push(observe(&rig, last).await);
    }
    assert_shared(&seen);
}

fn assert_shared(seen: &[Seen]) {
    let [itself, stranger, clone, sibling, cousin] = seen else {
        unreachable!("one for each `Through`")
    };
    assert_ne!(
        itself, stranger,
        "no state shows after {USES} requests with this script: choose another, or tighter limits"
    );
    assert_eq!(clone, itself, "a service and its clone do not share state");
    assert_eq!(
        sibling, itself,
        "two services of one layer do not share its state"
    );
    assert_eq!(cousin, itself, "a layer and its clone do not share state");
}

/// Which service gets the last request, as seen from the one that got all others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Through {
    Itself,
    Stranger,
    Clone,
    Sibling,
    Cousin,
}

/// How a request ended.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    end: Result<u16, Kind>,
    inner_calls: usize,
    waited: bool,
}

async fn observe(rig: &Rig, service: &mut Tested) -> Seen {
    let (calls, start) = (rig.server.calls().len(), Instant::now());
    let end = finish("a request to the same URI", service, get("same")).await;
    Seen {
        end: end
            .map(|r| r.status().as_u16())
            .map_err(|e| Failure::of(&*e).kind()),
        inner_calls: rig.server.calls().len() - calls,
        waited: start.elapsed() > Duration::ZERO,
    }
}
