//! What two threads do on one shared layer, as a multiple of what one does: 2 when they do not
//! disturb each other, 1 when one might as well wait for the other.
//!
//! The requests have no headers, since whatever a thread does for itself, such as building them,
//! hides what it waits for. Counted are calls in a second of a thread's own processor time: what
//! threads do to one another by sharing memory is in it, what other programs do to them by taking
//! their processors away is not. Two threads that share one core slow one another down all the same,
//! so where the bare service is far from 2, the rest says little, and no check calls this.

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
use rustix::time::{ClockId, clock_gettime};
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
    println!(
        "two threads over one, whole calls a second of processor time, median of {ROUNDS} rounds"
    );
    print("bare", &Identity::new());
    print("retry", &ours::retry());
    print("retry-after", &ours::retry_after());
    print("circuit-breaker", &ours::circuit_breaker());
    print("rate-limit", &ours::rate_limit());
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
            let (began, mut batches) = (computed(), 0_u32);
            while computed() - began < SLICE {
                batch(&mut service);
                batches += 1;
            }
            f64::from(batches) * f64::from(BATCH) / (computed() - began).as_secs_f64()
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a thread panicked"))
            .sum()
    })
}

/// How long this thread has had a processor.
fn computed() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("time goes forwards")
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
