//! What a token endpoint's answer says. Servers take liberties with RFC 6749, and what they mean is
//! plain all the same; the `oauth2` crate's own types refuse such answers, and keep their text in
//! errors.

use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::not_granted::{NotGranted, Problem};
use super::refusal::Refusal;
use crate::Token;
use crate::secret::Secret;

/// No token lives longer than this; it is beyond what some clocks can say.
const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);

/// What was granted.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) token: Token,
    /// RFC 8693's `issued_token_type`.
    pub(super) issued: Option<Box<str>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    #[serde(deserialize_with = "secret")]
    access_token: Option<Secret>,
    #[serde(deserialize_with = "secret")]
    refresh_token: Option<Secret>,
    token_type: Value,
    expires_in: Value,
    scope: Value,
    issued_token_type: Value,
    error: Value,
    error_description: Value,
    error_uri: Value,
}

/// Straight into what wipes it.
pub(super) fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(Secret::new))
}

/// Reads an answer to a grant.
pub(super) fn read(status: StatusCode, body: &[u8]) -> Result<Granted, NotGranted> {
    let fields: Fields = json(status, body)?;
    granted(&fields).map_err(|problem| NotGranted::new(problem).status_of(status))
}

/// An answer in JSON that is not a refusal, whatever its status: some servers refuse with a 200.
pub(super) fn json<'a, T: Deserialize<'a>>(
    status: StatusCode,
    body: &'a [u8],
) -> Result<T, NotGranted> {
    let is = |problem| NotGranted::new(problem).status_of(status);
    if let Some(refusal) = refusal(body) {
        return Err(NotGranted::refused(refusal).status_of(status));
    }
    if !status.is_success() {
        return Err(is(Problem::Status));
    }
    serde_json::from_slice(body).map_err(|_| is(Problem::Malformed))
}

fn refusal(body: &[u8]) -> Option<Refusal> {
    let fields: Fields = serde_json::from_slice(body).ok()?;
    Refusal::of_json(&fields.error, &fields.error_description, &fields.error_uri)
}

fn granted(fields: &Fields) -> Result<Granted, Problem> {
    let access = fields.access_token.as_ref().ok_or(Problem::Malformed)?;
    // It has to be there; where it is not, it is the one that everybody uses.
    let kind = fields.token_type.as_str().unwrap_or("Bearer");
    // What RFC 8693 §2.2.1 gives to a token that is not for requests, such as an `id_token`.
    let is_none = fields.issued_token_type.is_string() && kind == "N_A";
    if !is_none && !kind.eq_ignore_ascii_case("Bearer") {
        return Err(Problem::TokenType);
    }
    let mut token = Token::new(access.as_str()).map_err(|_| Problem::Malformed)?;
    if let Some(life) = life(&fields.expires_in) {
        token = token.expires_in(life);
    }
    // Some servers say "none" with an empty text; taken for a rotation, it would end the session.
    if let Some(refresh) = fields
        .refresh_token
        .as_ref()
        .filter(|it| !it.as_str().is_empty())
    {
        token = token.refresh_token(refresh.as_str());
    }
    if let Some(scope) = scope(&fields.scope) {
        token = token.scope(scope);
    }
    let issued = fields.issued_token_type.as_str().map(Into::into);
    Ok(Granted { token, issued })
}

/// How long a token lives: a number, or text that is one. Nothing, zero and less mean that the server
/// does not say, as those that send them do; such a token is good until it is rejected.
pub(super) fn life(said: &Value) -> Option<Duration> {
    let seconds = match said {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    // A token that is over when it arrives would be fetched again for each request. Not a number is
    // not above one, either.
    (seconds >= 1.0)
        .then(|| Duration::try_from_secs_f64(seconds).map_or(LONGEST, |d| d.min(LONGEST)))
}

/// Scopes as text, or as the list that some servers make of them.
fn scope(said: &Value) -> Option<String> {
    match said {
        Value::String(text) => Some(text.clone()),
        Value::Array(list) => {
            let words: Option<Vec<_>> = list.iter().map(Value::as_str).collect();
            words.map(|words| words.join(" "))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &str) -> Result<Granted, NotGranted> {
        read(StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    fn problem(status: u16, body: &str) -> Problem {
        answer(status, body).unwrap_err().problem()
    }

    #[test]
    fn a_whole_answer_is_read() {
        let body = r#"{"access_token":"a","token_type":"Bearer","expires_in":3600,
            "refresh_token":"r","scope":"read write","example_parameter":[{}]}"#;
        let token = answer(200, body).unwrap().token;
        assert_eq!(token.expose(), Some("a"));
        assert_eq!(token.expose_refresh_token(), Some("r"));
        assert_eq!(token.scope_text(), Some("read write"));
        assert_eq!(token.life(), Some(Duration::from_secs(3600)));
    }

    #[test]
    fn a_life_may_be_written_in_many_ways() {
        let seconds = |value| life(&value).map(|life| life.as_secs());
        assert_eq!(seconds(json!(3600)), Some(3600));
        assert_eq!(seconds(json!("3600")), Some(3600));
        assert_eq!(seconds(json!(" 3600 ")), Some(3600));
        assert_eq!(seconds(json!(3600.9)), Some(3600));
        assert_eq!(seconds(json!("3.6e3")), Some(3600));
        for enormous in [json!(u64::MAX), json!(1e300), json!("inf"), json!("1e999")] {
            assert_eq!(life(&enormous), Some(LONGEST), "{enormous}");
        }
    }

    #[test]
    fn a_life_that_says_nothing_is_none() {
        for nothing in [
            json!(null),
            json!(0),
            json!(-1),
            json!(1e-10),
            json!(i64::MIN),
            json!("-inf"),
            json!("NaN"),
            json!("soon"),
            json!(""),
            json!([3600]),
            json!({"seconds": 1}),
            json!(true),
        ] {
            assert_eq!(life(&nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_bearer_token_is_known_in_any_case_and_others_are_refused() {
        for kind in [r#""bearer""#, r#""BEARER""#, "null"] {
            let body = format!(r#"{{"access_token":"a","token_type":{kind}}}"#);
            assert_eq!(answer(200, &body).unwrap().token.scheme_name(), "Bearer");
        }
        for kind in ["DPoP", "mac", ""] {
            let body = format!(r#"{{"access_token":"a","token_type":"{kind}"}}"#);
            assert_eq!(problem(200, &body), Problem::TokenType);
        }
    }

    #[test]
    fn a_token_in_exchange_may_have_no_type() {
        let body = r#"{"access_token":"a","token_type":"N_A"}"#;
        assert_eq!(problem(200, body), Problem::TokenType);
        let body = r#"{"access_token":"a","token_type":"N_A","issued_token_type":"urn:x"}"#;
        assert_eq!(answer(200, body).unwrap().issued.as_deref(), Some("urn:x"));
    }

    #[test]
    fn scopes_may_come_as_a_list() {
        assert_eq!(scope(&json!(["a", "b"])).as_deref(), Some("a b"));
        assert_eq!(scope(&json!(["a", 1])), None);
    }

    #[test]
    fn what_is_no_token_is_malformed() {
        for body in [
            "",
            "null",
            "[]",
            "{}",
            "<html>",
            r#"{"access_token":"#,
            r#"{"access_token":""}"#,
            r#"{"access_token":null}"#,
            r#"{"access_token":7}"#,
            r#"{"access_token":"a b"}"#,
            r#"{"access_token":"a\n"}"#,
            r#"{"access_token":"a","access_token":"b"}"#,
        ] {
            assert_eq!(problem(200, body), Problem::Malformed, "{body}");
        }
    }

    #[test]
    fn a_refusal_is_one_with_any_status() {
        let body = r#"{"error":"invalid_grant","error_description":"d","error_uri":"u"}"#;
        for status in [200, 400, 401, 503] {
            let error = answer(status, body).unwrap_err();
            assert_eq!(error.problem(), Problem::Refused);
            assert_eq!(error.code(), Some("invalid_grant"));
            assert_eq!(error.description(), Some("d"));
            assert_eq!(error.uri(), Some("u"));
            assert_eq!(error.is_terminal(), status < 500);
            assert_eq!(error.is_retryable(), status == 503);
        }
    }

    #[test]
    fn a_failure_in_other_words_is_told_by_its_status() {
        for body in [
            "",
            "<html>",
            "{}",
            r#"{"error":{"code":7}}"#,
            r#"{"access_token":"a"}"#,
        ] {
            for (status, retryable) in [
                (302, false),
                (404, false),
                (408, true),
                (429, true),
                (502, true),
            ] {
                let error = answer(status, body).unwrap_err();
                assert_eq!(error.problem(), Problem::Status, "{status} {body}");
                assert_eq!(error.is_retryable(), retryable, "{status}");
                assert!(!error.is_terminal());
            }
        }
    }

    #[test]
    fn deep_nesting_is_no_danger() {
        let body = format!(r#"{{"x":{}"#, "[".repeat(60_000));
        assert_eq!(problem(200, &body), Problem::Malformed);
    }

    proptest! {
        #[test]
        fn no_answer_panics_or_is_shown(status in 100u16..1000, body in ".{0,80}") {
            let hidden = format!(r#"{{"error":"secret{0}","error_description":"secret{0}"}}"#, body.escape_debug());
            for body in [&body, &hidden] {
                if let Err(error) = answer(status, body) {
                    let shown = format!("{error} {error:?}");
                    prop_assert!(!shown.contains("secret"));
                }
            }
        }

        #[test]
        fn no_life_is_longer_than_the_longest(number: f64, whole: i128, text in ".{0,12}") {
            for said in [json!(number), json!(number.to_string()), json!(whole.to_string()), json!(text)] {
                prop_assert!(life(&said).is_none_or(|life| life <= LONGEST));
            }
        }
    }
}
