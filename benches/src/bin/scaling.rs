//! What two threads do on one shared layer, as a multiple of what one does: 2 when they do not
//! disturb each other, 1 when one might as well wait for the other.
//!
//! The requests have no headers, since whatever a thread does for itself, such as building them,
//! hides what it waits for. It looks at a clock, so it is for people on a quiet machine with two
//! cores to spare, and no check calls it: where the bare service is far from 2, the rest says nothing.

use std::fmt::Debug;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use buttress_benches::noop::Noop;
use buttress_benches::ours;
use buttress_benches::traffic::{Sends, Traffic};
use buttress_kernel::Body;
use http::Request;
use tokio::time::Instant;
use tower::ServiceBuilder;
use tower_layer::{Identity, Layer};
use tower_service::Service;

const PLAIN: Traffic = Traffic::of(Sends::Plain);

/// One thread and two take turns this long, so that both see the same machine.
const SLICE: Duration = Duration::from_millis(200);

const ROUNDS: usize = 9;

/// Calls between two looks at the clock.
const BATCH: u32 = 256;

fn main() {
    println!("two threads over one, whole calls, median of {ROUNDS} rounds");
    print("bare", &Identity::new());
    print("retry", &ours::retry());
    print("retry-after", &ours::retry_after());
    let both = ServiceBuilder::new()
        .layer(ours::retry())
        .layer(ours::retry_after());
    print("retry over retry-after", &both);
}

fn print<L>(what: &str, layer: &L)
where
    L: Layer<Noop, Service: Service<Request<Body>, Error: Debug>> + Sync,
{
    let mut rounds: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let alone = calls_a_second(layer, 1);
            (calls_a_second(layer, 2) / alone, alone)
        })
        .collect();
    rounds.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let (ratio, alone) = rounds[ROUNDS / 2];
    println!(
        "{ratio:.2}  {what}, {:.2} million a second alone",
        alone / 1e6
    );
}

/// How many calls so many threads make in a second, through services of one layer.
fn calls_a_second<L>(layer: &L, threads: usize) -> f64
where
    L: Layer<Noop, Service: Service<Request<Body>, Error: Debug>> + Sync,
{
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        let work = || {
            let mut service = layer.layer(Noop::new(PLAIN));
            batch(&mut service);
            start.wait();
            let (began, mut batches) = (Instant::now(), 0_u32);
            while began.elapsed() < SLICE {
                batch(&mut service);
                batches += 1;
            }
            f64::from(batches) * f64::from(BATCH) / began.elapsed().as_secs_f64()
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a thread panicked"))
            .sum()
    })
}

fn batch<S>(service: &mut S)
where
    S: Service<Request<Body>, Error: Debug>,
{
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..BATCH {
        let Poll::Ready(ready) = service.poll_ready(&mut cx) else {
            panic!("it is not ready");
        };
        ready.expect("the service fails");
        let mut future = pin!(service.call(black_box(PLAIN.request())));
        let Poll::Ready(answer) = future.as_mut().poll(&mut cx) else {
            panic!("it is not answered at once");
        };
        black_box(answer).expect("the call fails");
    }
}
