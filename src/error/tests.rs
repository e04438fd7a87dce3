use buttress_kernel::BoxError;
use http::{Request, StatusCode};

use super::*;
use crate::redirect;

#[test]
fn ic71_neither_query_nor_user_info_is_named() {
    let uri = "https://u:p@example.com:8443/a/b?token=1#f";
    let call = Call::of(&Request::get(uri).body(()).unwrap());
    assert_eq!(call.to_string(), "GET https://example.com:8443/a/b");
    assert_eq!(format!("{call:?}"), call.to_string());
    assert_eq!(redacted(&"/a?b".parse().unwrap()), "/a");
}

#[test]
fn a_call_that_is_not_filled_yet_shows_places_and_nothing_of_its_query() {
    for (template, shown) in [
        ("/x/{id}{?page}&key=s3cret", "/x/{id}{?page}"),
        ("/x{?page}&key=s3cret{&size}", "/x{?page}{&size}"),
        ("/x?key=s3cret{&size}", "/x"),
        ("/x/{id}/y#s3cret", "/x/{id}/y"),
        ("/x{#part}s3cret", "/x{#part}"),
        ("/x{&a}s3cret?b", "/x{&a}"),
        ("/x{?key=s3cret}", "/x{…}"),
        ("/x{?key=s3cret", "/x{…}"),
        ("/users/{id", "/users/{id"),
    ] {
        let call = Call::unfilled(http::Method::GET, template);
        assert_eq!(call.to_string(), format!("GET {shown}"), "{template}");
    }
}

fn of_kind(kind: ErrorKind) -> Error {
    use buttress_kernel::{Facts, Kind};
    use bytes::Bytes;

    let foreign = || "a foreign error".into();
    let answered = |status: u16| {
        let head = http::Response::builder().status(status).body(()).unwrap();
        StatusError::new(&head.into_parts().0, Bytes::new(), true).into()
    };
    let told = |kind| Facts::new(kind).into();
    let source: BoxError = match kind {
        ErrorKind::Timeout => told(Kind::Timeout),
        ErrorKind::Connect => told(Kind::Connect),
        ErrorKind::Transport => told(Kind::Transport),
        ErrorKind::CircuitOpen => told(Kind::CircuitOpen),
        ErrorKind::RateLimited => told(Kind::RateLimited),
        ErrorKind::Held => told(Kind::Held),
        ErrorKind::Unauthenticated => told(Kind::Unauthenticated),
        ErrorKind::Request => told(Kind::Request),
        ErrorKind::RequestBody => told(Kind::RequestBody),
        ErrorKind::Unauthorized => answered(401),
        ErrorKind::Forbidden => answered(403),
        ErrorKind::NotFound => answered(404),
        ErrorKind::Conflict => answered(409),
        ErrorKind::Validation => answered(422),
        ErrorKind::Throttled => answered(429),
        ErrorKind::Client => answered(408),
        ErrorKind::Server => answered(504),
        ErrorKind::Status => answered(304),
        ErrorKind::Redirect => redirect::looped().into(),
        ErrorKind::Decode => DecodeError::new(StatusCode::OK, Bytes::new(), foreign()).into(),
        ErrorKind::TooLarge => TooLarge::new(StatusCode::OK, 1).into(),
        #[cfg(feature = "json")]
        ErrorKind::Api => ApiError::new().into(),
        #[cfg(feature = "json")]
        ErrorKind::Astray => Astray::without_end().into(),
        _ => foreign(),
    };
    Error::new(None, source)
}

#[test]
fn w13_ic63_exactly_one_predicate_is_true_of_each_kind() {
    let is_made =
        |kind| cfg!(feature = "json") || !matches!(kind, ErrorKind::Api | ErrorKind::Astray);
    for (_, kind) in predicates::ALL.iter().filter(|(_, kind)| is_made(*kind)) {
        let error = of_kind(*kind);
        assert_eq!(error.kind(), *kind);
        assert_eq!(error.code(), kind.as_str());
        let holds = predicates::ALL.iter().filter(|(holds, _)| holds(&error));
        assert_eq!(holds.map(|(_, kind)| *kind).collect::<Vec<_>>(), [*kind]);
    }
}

#[test]
fn w13_every_status_that_is_no_success_has_one_kind() {
    for status in (100..=999).filter(|status| !(200..300).contains(status)) {
        let kind = ErrorKind::of_status(StatusCode::from_u16(status).unwrap());
        let is_class = match status {
            400..=499 => kind != ErrorKind::Server && kind != ErrorKind::Status,
            500..=599 => kind == ErrorKind::Server,
            _ => kind == ErrorKind::Status,
        };
        assert!(is_class, "{status} is {kind}");
    }
}

#[test]
fn codes_differ() {
    let mut codes: Vec<_> = predicates::ALL
        .iter()
        .map(|(_, kind)| kind.as_str())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), predicates::ALL.len());
}

#[test]
fn ap32_a_level_says_how_loudly_to_log() {
    let level = |kind| of_kind(kind).level();
    assert_eq!(level(ErrorKind::NotFound), tracing::Level::INFO);
    assert_eq!(level(ErrorKind::Validation), tracing::Level::WARN);
    assert_eq!(level(ErrorKind::Server), tracing::Level::ERROR);
    assert_eq!(level(ErrorKind::Timeout), tracing::Level::ERROR);
}

#[test]
fn an_error_is_one_pointer_large() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}
