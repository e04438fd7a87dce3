//! What errors mean, whoever made them.

use std::error::Error;
use std::time::{Duration, Instant};
use std::{fmt, io};

use buttress_kernel::{
    BoxError, Facts, Failure, HttpClassify, Kind, Outcome, Sent, TransportError,
};

/// An error of a layer: facts, and nothing else.
#[derive(Debug)]
struct Layer(Facts);

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a layer gave up")
    }
}

impl Error for Layer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// A foreign error around another one.
#[derive(Debug)]
struct Foreign(BoxError);

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("something happened")
    }
}

impl Error for Foreign {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

const KINDS: [(Kind, &str, Outcome); 10] = [
    (Kind::Timeout, "timeout", Outcome::ServerFailure),
    (Kind::Connect, "connect", Outcome::ServerFailure),
    (Kind::Transport, "transport", Outcome::ServerFailure),
    (Kind::CircuitOpen, "circuit-open", Outcome::Neutral),
    (Kind::RateLimited, "rate-limited", Outcome::Neutral),
    (Kind::Held, "held", Outcome::Neutral),
    (Kind::Unauthenticated, "unauthenticated", Outcome::Neutral),
    (Kind::Request, "request", Outcome::CallerFault),
    (Kind::RequestBody, "request-body", Outcome::CallerFault),
    (Kind::Other, "other", Outcome::ServerFailure),
];

#[test]
fn every_kind_has_a_word_and_a_meaning() {
    for (kind, word, outcome) in KINDS {
        assert_eq!((kind.as_str(), kind.to_string().as_str()), (word, word));
        let error = Layer(Facts::new(kind));
        assert_eq!(Failure::of(&error).kind(), kind);
        assert_eq!(HttpClassify::error(&error), outcome, "{kind}");
    }
}

#[test]
fn an_error_without_facts_may_have_been_sent() {
    let error = io::Error::from(io::ErrorKind::BrokenPipe);
    let failure = Failure::of(&error);
    assert_eq!((failure.kind(), failure.sent()), (Kind::Other, Sent::Maybe));
    assert_eq!((failure.attempts(), failure.retry_at()), (1, None));
    assert_eq!(failure.chain().count(), 1);
}

#[test]
fn each_question_is_answered_by_the_first_link_that_knows() {
    let (near, far) = (Instant::now(), Instant::now() + Duration::from_secs(9));
    let inner = Layer(
        Facts::new(Kind::Held)
            .sent(Sent::No)
            .retry_at(far)
            .attempts(1),
    );
    let middle = Foreign(Box::new(inner));
    let outer = Layer(Facts::about(Box::new(middle)).attempts(3));
    let failure = Failure::of(&outer);
    assert_eq!((failure.kind(), failure.sent()), (Kind::Held, Sent::No));
    assert_eq!((failure.attempts(), failure.retry_at()), (3, Some(far)));

    let outermost = Layer(
        Facts::new(Kind::Timeout)
            .retry_at(near)
            .sent(Sent::Maybe)
            .caused_by(Box::new(outer)),
    );
    let failure = Failure::of(&outermost);
    assert_eq!(
        (failure.kind(), failure.sent()),
        (Kind::Timeout, Sent::Maybe)
    );
    assert_eq!((failure.attempts(), failure.retry_at()), (3, Some(near)));
}

#[test]
fn the_chain_goes_from_the_outside_in() {
    let io = io::Error::from(io::ErrorKind::ConnectionRefused);
    let error = Foreign(Box::new(TransportError::connect(io)));
    let words: Vec<_> = Failure::of(&error)
        .chain()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        words,
        [
            "something happened",
            "no connection could be made",
            "connect, the request was not sent",
            "connection refused"
        ]
    );
    assert!(Failure::of(&error).find::<Foreign>().is_some());
    assert_eq!(
        Failure::of(&error).find::<io::Error>().unwrap().kind(),
        io::ErrorKind::ConnectionRefused
    );
    assert!(Failure::of(&error).find::<Layer>().is_none());
}

#[test]
fn what_an_io_error_holds_is_found() {
    let held = Layer(Facts::new(Kind::Timeout).sent(Sent::Maybe));
    let error = Foreign(Box::new(io::Error::other(held)));
    assert_eq!(Failure::of(&error).kind(), Kind::Timeout);
    assert!(
        Failure::of(&error).find::<Layer>().is_some(),
        "its source() passes over it"
    );
    let bare = io::Error::other(Facts::new(Kind::Held));
    assert_eq!(Failure::of(&bare).kind(), Kind::Held);
    let nested = io::Error::other(io::Error::other(Layer(Facts::new(Kind::Held))));
    assert_eq!(Failure::of(&nested).chain().count(), 4);
}

#[test]
fn facts_say_what_they_know() {
    assert_eq!(Facts::default().to_string(), "nothing more is known");
    assert_eq!(
        Facts::new(Kind::Held).sent(Sent::No).to_string(),
        "held, the request was not sent"
    );
    let maybe = Facts::new(Kind::Timeout).sent(Sent::Maybe).attempts(3);
    assert_eq!(
        maybe.to_string(),
        "timeout, the request may have been sent, attempts: 3"
    );
    assert_eq!(
        Facts::default().sent(Sent::Yes).to_string(),
        "the server has seen the request"
    );
    assert!(Facts::default().source().is_none());
    assert_eq!(
        Facts::about("deep".into()).source().unwrap().to_string(),
        "deep"
    );
}

#[test]
fn a_cause_that_is_told_is_printed_once_and_found_all_the_same() {
    let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
    let connect = TransportError::connect(refused);
    let facts = Facts::default().attempts(2).told(connect.into());
    assert_eq!(
        facts.to_string(),
        "connect, the request was not sent, attempts: 2"
    );
    let source = facts.source().unwrap();
    assert!(source.is::<io::Error>(), "{source}");
    let failure = Failure::of(&facts);
    assert_eq!(
        (failure.kind(), failure.sent(), failure.attempts()),
        (Kind::Connect, Sent::No, 2)
    );
    assert!(failure.find::<TransportError>().is_some());
    assert_eq!(failure.chain().filter(|link| link.is::<Facts>()).count(), 2);
}

#[test]
fn causes_that_tell_theirs_are_printed_once_as_well() {
    let inner = Facts::new(Kind::Held).told(Foreign("deep".into()).into());
    let outer = Facts::default().sent(Sent::No).told(Layer(inner).into());
    assert_eq!(outer.to_string(), "held, the request was not sent");
    let printed: Vec<_> = Failure::of(outer.source().unwrap())
        .chain()
        .map(ToString::to_string)
        .collect();
    assert_eq!(printed, ["deep"]);
    assert!(Failure::of(&outer).find::<Layer>().is_some());
    assert!(Failure::of(&outer).find::<Foreign>().is_some());
}

#[test]
fn a_foreign_cause_without_a_source_ends_what_is_printed() {
    let facts = Facts::default().told("refused".into());
    assert_eq!(facts.to_string(), "nothing more is known");
    assert!(facts.source().is_none());
    assert_eq!(Failure::of(&facts).chain().count(), 2);
    assert_eq!(facts.behind().unwrap().to_string(), "refused");
    assert_eq!(facts.into_behind().unwrap().to_string(), "refused");
    assert!(Facts::default().into_behind().is_err());
    let again = Facts::default().told("a".into()).caused_by("b".into());
    assert_eq!(again.source().unwrap().to_string(), "b");
}

#[test]
fn a_transport_says_whether_the_request_left() {
    let cases = [
        (
            TransportError::connect("x"),
            "no connection could be made",
            Kind::Connect,
            Sent::No,
        ),
        (
            TransportError::connect_timeout("x"),
            "no connection could be made in time",
            Kind::Connect,
            Sent::No,
        ),
        (
            TransportError::broken(Sent::No, "x"),
            "the connection broke",
            Kind::Transport,
            Sent::No,
        ),
        (
            TransportError::broken(Sent::Maybe, "x"),
            "the connection broke",
            Kind::Transport,
            Sent::Maybe,
        ),
        (
            TransportError::protocol(Sent::Yes, "x"),
            "the server's answer is not valid HTTP",
            Kind::Transport,
            Sent::Yes,
        ),
        (
            TransportError::request("x"),
            "the request cannot be sent: x",
            Kind::Request,
            Sent::No,
        ),
        (
            TransportError::request_body("x"),
            "the request's body failed",
            Kind::RequestBody,
            Sent::Maybe,
        ),
    ];
    for (error, message, kind, sent) in cases {
        assert_eq!(error.to_string(), message);
        assert_eq!(
            (Failure::of(&error).kind(), Failure::of(&error).sent()),
            (kind, sent),
            "{message}"
        );
        assert_eq!(Failure::of(&error).chain().last().unwrap().to_string(), "x");
    }
}
