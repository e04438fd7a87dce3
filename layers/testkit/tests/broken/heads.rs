use buttress_testkit::contract::{request_heads_pass, response_heads_pass};
use http::{Method, Request, Response, Version};

use crate::{Answer, assert_fails, changing_answers, changing_requests};

#[test]
fn a_request_built_anew_is_found() {
    let subject = changing_requests(|request| {
        let (head, body) = request.into_parts();
        let mut anew = Request::new(body);
        *anew.method_mut() = head.method;
        *anew.uri_mut() = head.uri;
        *anew.version_mut() = head.version;
        *anew.headers_mut() = head.headers;
        anew
    });
    assert_fails(
        request_heads_pass(&subject),
        "a foreign extension of the request",
    );
}

#[test]
fn a_changed_request_is_found() {
    let subject = changing_requests(|mut request| {
        *request.method_mut() = Method::GET;
        request
    });
    assert_fails(request_heads_pass(&subject), "the request's method");
    let subject = changing_requests(|mut request| {
        *request.uri_mut() = "http://contract.example/a%20b".parse().unwrap();
        request
    });
    assert_fails(request_heads_pass(&subject), "the request's URI");
    let subject = changing_requests(|mut request| {
        *request.version_mut() = Version::HTTP_11;
        request
    });
    assert_fails(request_heads_pass(&subject), "the request's version");
    let subject = changing_requests(|mut request| {
        request
            .headers_mut()
            .insert("x-contract", "one".parse().unwrap());
        request
    });
    assert_fails(
        request_heads_pass(&subject),
        "the request's header `x-contract`",
    );
}

#[test]
fn a_changed_response_is_found() {
    let subject = changing_answers(async |answer: Answer| {
        let mut answer = answer?;
        *answer.status_mut() = http::StatusCode::OK;
        Ok(answer)
    });
    assert_fails(response_heads_pass(&subject), "the response's status");
    let subject = changing_answers(async |answer: Answer| {
        let mut answer = answer?;
        answer.headers_mut().remove("set-cookie");
        Ok(answer)
    });
    assert_fails(
        response_heads_pass(&subject),
        "the response's header `set-cookie`",
    );
    let subject = changing_answers(async |answer: Answer| {
        let (head, body) = answer?.into_parts();
        let mut anew = Response::new(body);
        *anew.status_mut() = head.status;
        *anew.headers_mut() = head.headers;
        Ok(anew)
    });
    assert_fails(
        response_heads_pass(&subject),
        "a foreign extension of the response",
    );
}

#[test]
fn an_answer_of_404_taken_for_an_error_is_found() {
    let subject = changing_answers(async |answer: Answer| match answer? {
        answer if answer.status() == 404 => Err("not found".into()),
        answer => Ok(answer),
    });
    assert_fails(response_heads_pass(&subject), "no error");
}
