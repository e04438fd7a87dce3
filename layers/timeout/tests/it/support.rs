//! What the tests share.

use std::time::Duration;

use buttress_kernel::{Body, BoxError, Deadline, Failure};
use buttress_timeout::{Elapsed, Phase};
use http::Request;
use tokio::time::Instant;

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A deadline so far from now.
pub(crate) fn deadline_in(time: Duration) -> Deadline {
    Deadline::after(Instant::now().into_std(), time).expect("an instant that the clock can say")
}

pub(crate) fn get() -> Request<Body> {
    let request = Request::get("https://api.example/a").body(Body::empty());
    request.expect("a valid request")
}

/// A request with something in its extensions.
pub(crate) fn get_with<T: Clone + Send + Sync + 'static>(extension: T) -> Request<Body> {
    let mut request = get();
    request.extensions_mut().insert(extension);
    request
}

/// Which limit ran out, after how long.
pub(crate) fn elapsed<T>(end: Result<T, BoxError>) -> (Phase, Duration) {
    let error = end.err().expect("a limit should have run out");
    elapsed_error(&error)
}

pub(crate) fn elapsed_error(error: &BoxError) -> (Phase, Duration) {
    let elapsed = Failure::of(&**error).find::<Elapsed>();
    let elapsed = elapsed.unwrap_or_else(|| panic!("not a limit of ours: {error}"));
    (elapsed.phase(), elapsed.after())
}
