//! The small words: outcomes, deadlines, attempts, whether something was sent, the calendar.

use std::error::Error;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use buttress_kernel::{
    AnyRequest, Attempt, Cause, Classify, Deadline, HttpClassify, HttpRequest, Kind, Outcome,
    RequestView, Sent, SystemWallClock, TransportError, WallClock,
};
use http::{Request, Response, StatusCode};
use proptest::prelude::*;

#[test]
fn every_status_has_one_outcome() {
    for code in 100..1_000 {
        let status = StatusCode::from_u16(code).unwrap();
        let wanted = match code {
            100..400 => Outcome::Success,
            408 => Outcome::ServerFailure,
            429 => Outcome::Throttled,
            400..500 => Outcome::CallerFault,
            _ => Outcome::ServerFailure,
        };
        assert_eq!(HttpClassify::status(status), wanted, "{code}");
        let response = Response::builder().status(status).body(()).unwrap();
        assert_eq!(HttpClassify.classify(Ok(&response)), wanted);
    }
}

#[test]
fn an_error_is_classified_by_its_kind() {
    let refused: Result<&Response<()>, _> =
        Err(&TransportError::connect("refused") as &(dyn Error + 'static));
    assert_eq!(HttpClassify.classify(refused), Outcome::ServerFailure);
    let request: Result<&Response<()>, _> =
        Err(&TransportError::request("no host") as &(dyn Error + 'static));
    assert_eq!(HttpClassify.classify(request), Outcome::CallerFault);
}

#[test]
fn a_closure_classifies() {
    let odd = |end: Result<&u8, &(dyn Error + 'static)>| match end {
        Ok(n) if n % 2 == 1 => Outcome::Throttled,
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Neutral,
    };
    assert_eq!(odd.classify(Ok(&3)), Outcome::Throttled);
    assert_eq!(odd.classify(Ok(&4)), Outcome::Success);
    assert_eq!(
        odd.classify(Err(&TransportError::request("x"))),
        Outcome::Neutral
    );
}

#[test]
fn a_deadline_leaves_room_only_for_what_ends_before_it() {
    let (now, second, tick) = (
        Instant::now(),
        Duration::from_secs(1),
        Duration::from_nanos(1),
    );
    let deadline = Deadline::at(now + second);
    assert_eq!(Deadline::after(now, second), Some(deadline));
    assert_eq!(deadline.instant(), now + second);
    assert_eq!(deadline.remaining(now), second);
    assert!(deadline.fits(now, second - tick) && !deadline.fits(now, second));
    assert!(!deadline.has_passed(now + second - tick));
    assert!(deadline.has_passed(now + second));
    assert_eq!(deadline.remaining(now + second), Duration::ZERO);
    assert_eq!(deadline.remaining(now + second * 2), Duration::ZERO);
    assert!(
        !deadline.fits(now + second, Duration::ZERO),
        "not even nothing fits after the end"
    );
    assert!(deadline.fits(now + second - tick, Duration::ZERO));
    assert!(!deadline.fits(now, Duration::MAX));
    assert!(
        Deadline::at(now) < deadline,
        "the earlier one is the smaller one"
    );
}

#[test]
fn a_deadline_beyond_the_clock_is_none() {
    assert_eq!(Deadline::after(Instant::now(), Duration::MAX), None);
    let now = Instant::now();
    assert_eq!(
        Deadline::after(now, Duration::ZERO),
        Some(Deadline::at(now))
    );
}

#[test]
fn an_attempt_tells_its_number_and_its_cause() {
    let attempt = |number, cause| Attempt::new(NonZeroU32::new(number).unwrap(), cause);
    let third = attempt(3, Cause::Error(Kind::Timeout));
    assert_eq!(
        (third.number().get(), third.cause()),
        (3, Cause::Error(Kind::Timeout))
    );
    assert_eq!(third.to_string(), "attempt 3 after timeout");
    assert_eq!(
        attempt(2, Cause::Status(StatusCode::BAD_GATEWAY)).to_string(),
        "attempt 2 after 502"
    );
}

#[test]
fn only_what_never_left_is_provably_unsent() {
    assert!(Sent::No.is_provably_unsent());
    assert!(!Sent::Maybe.is_provably_unsent() && !Sent::Yes.is_provably_unsent());
    assert_eq!(
        [Sent::Maybe, Sent::Yes, Sent::No].iter().max(),
        Some(&Sent::Yes)
    );
}

#[test]
fn a_view_reaches_the_extensions_of_an_http_request_alone() {
    let mut request = Request::new(());
    request.extensions_mut().insert(7_u8);
    assert_eq!(
        HttpRequest::extensions(&request).unwrap().get::<u8>(),
        Some(&7)
    );
    assert!(AnyRequest::extensions(&request).is_none());
}

#[test]
fn the_calendar_can_be_set() {
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(7);
    let set = move || date;
    let shared: Arc<dyn WallClock> = Arc::new(set);
    assert_eq!((WallClock::now(&set), shared.now()), (date, date));
    assert!(SystemWallClock.now() > date, "the system's own has gone on");
}

proptest! {
    #[test]
    fn what_fits_leaves_time(total in 0..1_000_u64, passed in 0..1_000_u64, wait in 0..1_000_u64) {
        let (start, ms) = (Instant::now(), Duration::from_millis);
        let deadline = Deadline::after(start, ms(total)).unwrap();
        let now = start + ms(passed);
        prop_assert_eq!(deadline.fits(now, ms(wait)), passed + wait < total);
        prop_assert_eq!(deadline.has_passed(now), passed >= total);
        prop_assert_eq!(deadline.remaining(now), ms(total.saturating_sub(passed)));
    }
}
