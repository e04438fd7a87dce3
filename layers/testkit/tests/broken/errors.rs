use std::error::Error;
use std::fmt;

use buttress_kernel::{Facts, Kind, Sent};
use buttress_testkit::contract::errors_keep_their_source;
use http::Response;

use crate::{Answer, assert_fails, changing_answers};

#[test]
fn an_error_flattened_to_text_is_found() {
    let subject = changing_answers(async |answer: Answer| answer.map_err(|e| e.to_string().into()));
    assert_fails(errors_keep_their_source(&subject), "source chain");
}

#[test]
fn an_error_turned_into_a_response_is_found() {
    let subject = changing_answers(async |answer: Answer| {
        Ok(answer.unwrap_or_else(|_| Response::new("sorry".into())))
    });
    assert_fails(errors_keep_their_source(&subject), "ended well");
}

#[derive(Debug)]
struct Wrapped(Facts);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrapped")
    }
}

impl Error for Wrapped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn a_kind_of_failure_that_is_talked_over_is_found() {
    let subject = changing_answers(async |answer: Answer| {
        answer.map_err(|e| Wrapped(Facts::new(Kind::Other).caused_by(e)).into())
    });
    assert_fails(errors_keep_their_source(&subject), "the kind of failure");
}

#[test]
fn whether_it_was_sent_being_talked_over_is_found() {
    let subject = changing_answers(async |answer: Answer| {
        answer.map_err(|e| Wrapped(Facts::about(e).sent(Sent::No)).into())
    });
    assert_fails(errors_keep_their_source(&subject), "whether it was sent");
}
