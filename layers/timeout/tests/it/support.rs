//! What the tests share.

use std::time::Duration;

use buttress_kernel::{Body, BoxError, Failure};
use buttress_timeout::{Elapsed, Phase};
use http::Request;

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn get() -> Request<Body> {
    Request::get("https://api.example/a")
        .body(Body::empty())
        .unwrap()
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
