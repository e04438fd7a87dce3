//! Makes calls, of which one function is measured and the rest is not.

use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use buttress_kernel::Body;
use http::Request;
use tokio::runtime::Builder;
use tower_layer::Layer;
use tower_service::Service;

use crate::noop::Noop;
use crate::traffic::Traffic;

/// The number of calls that are measured in one run.
pub const CALLS: u32 = 64;

/// The number of calls before them.
pub const WARM_UP: u32 = 8;

/// A call that takes more polls than this waits for something that will not come.
const MOST_POLLS: usize = 16;

/// Told when a measured call begins and ends.
pub trait Probe {
    /// The next thing that happens is the call.
    fn begin(&mut self);
    /// The call is over, and all that it made is dropped.
    fn end(&mut self);
}

/// For those who measure from outside of the process.
#[derive(Clone, Copy, Debug)]
pub struct Outside;

impl Probe for Outside {
    fn begin(&mut self) {}
    fn end(&mut self) {}
}

/// Puts `layer` over the no-op service and sends the traffic through it.
///
/// # Panics
///
/// When a call fails: then there is nothing to measure.
pub fn run<L>(traffic: Traffic, layer: &L, probe: &mut dyn Probe)
where
    L: Layer<Noop, Service: Service<Request<Body>, Error: std::fmt::Debug>>,
{
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(async {
        let earlier = tokio::spawn(tokio::time::sleep(Duration::from_secs(20)));
        let mut service = layer.layer(Noop::new(traffic));
        for _ in 0..WARM_UP {
            let mut request = Some(traffic.request());
            turn(|cx| {
                call(&mut service, black_box(&mut request), cx);
            })
            .await;
        }
        for _ in 0..CALLS {
            let mut request = Some(traffic.request());
            turn(|cx| {
                probe.begin();
                measured_call(&mut service, &mut request, cx);
                probe.end();
            })
            .await;
        }
        earlier.abort();
    });
}

/// Runs `work` in a turn of the runtime of its own.
async fn turn(mut work: impl FnMut(&mut Context<'_>)) {
    tokio::task::yield_now().await;
    poll_fn(|cx| {
        work(cx);
        Poll::Ready(())
    })
    .await;
}

/// What callgrind counts; it knows the function by its name.
#[inline(never)]
fn measured_call<S>(service: &mut S, request: &mut Option<Request<Body>>, cx: &mut Context<'_>)
where
    S: Service<Request<Body>, Error: std::fmt::Debug>,
{
    call(service, black_box(request), cx);
}

/// Moves nothing that the service need not move: what is copied here grows with the layer's types.
#[inline(always)]
fn call<S>(service: &mut S, request: &mut Option<Request<Body>>, cx: &mut Context<'_>)
where
    S: Service<Request<Body>, Error: std::fmt::Debug>,
{
    let mut polls = 0..MOST_POLLS;
    while service
        .poll_ready(cx)
        .map(|ready| ready.expect("the service fails"))
        .is_pending()
    {
        polls.next().expect("it is never ready");
    }
    let request = request.take().expect("one request a call");
    let mut future = pin!(service.call(request));
    loop {
        polls.next().expect("it is never answered");
        let polled = future.as_mut().poll(cx);
        if let Poll::Ready(answer) = black_box(&polled) {
            assert!(answer.is_ok(), "the call fails");
            return;
        }
    }
}
