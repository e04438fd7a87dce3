//! What an expectation wants of a request, and what is wrong with one, in words and without secrets.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::Value;

use super::redaction::{self, content_type, without_boundary};
use super::{Call, Redaction};
use crate::template::matching::{Found, QueryToken, decode};

/// One thing that must be true of a call.
pub(super) enum Check {
    Path(String, String),
    Header(HeaderName, String),
    HasHeader(HeaderName),
    WithoutHeader(HeaderName),
    Json(Value),
    JsonPart(Value),
    /// Names and values, sorted by name.
    Form(Found),
    /// A form of several parts, and its boundary.
    Parts(Bytes, String),
    Body(Bytes),
    When(String, Arc<dyn Fn(&Call) -> bool + Send + Sync>),
}

impl Check {
    /// What is wrong, if anything is.
    pub(super) fn fault(&self, call: &Call, values: &Found) -> Option<String> {
        let redaction = call.redaction();
        match self {
            Self::Path(name, wanted) => {
                let value = values.iter().find(|(n, _)| n == name);
                let value = value.map(|(_, value)| value);
                (value != Some(wanted)).then(|| {
                    let told = |value| format!("{:?}", redaction.parameter(name, value));
                    let came = value.map_or("nothing".to_owned(), |value| told(value));
                    format!("`{name}` in the path is {came}, not {}", told(wanted))
                })
            }
            Self::Header(name, wanted) => header_fault(name, wanted, call),
            Self::HasHeader(name) => {
                (!call.headers().contains_key(name)).then(|| format!("there is no header `{name}`"))
            }
            Self::WithoutHeader(name) => call
                .headers()
                .contains_key(name)
                .then(|| format!("there is a header `{name}`")),
            Self::Json(wanted) => json_fault(wanted, call, false),
            Self::JsonPart(wanted) => json_fault(wanted, call, true),
            Self::Form(wanted) => {
                let came = form(&call.text());
                (came != *wanted)
                    .then(|| format!("the form is {}", pairs(&came, wanted, redaction)))
            }
            Self::Body(wanted) => (call.body() != wanted).then(|| {
                let came = told(call.body(), call);
                format!("the body is {came}, not {}", told(wanted, call))
            }),
            Self::Parts(wanted, boundary) => {
                let own = content_type(call.headers()).and_then(redaction::boundary);
                let own = own.unwrap_or_default();
                let is_same =
                    without_boundary(call.body(), &own) == without_boundary(wanted, boundary);
                (!is_same).then(|| {
                    let came = told(call.body(), call);
                    format!("the form of several parts is another: {came}")
                })
            }
            Self::When(what, holds) => (!holds(call)).then(|| format!("it is not true: {what}")),
        }
    }
}

/// A form's names and values, decoded, and sorted by their names: the values of one stay in their order.
pub(super) fn form(text: &str) -> Found {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let pairs = pairs.map(|(name, value)| (decode(name, true), decode(value, true)));
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
    pairs
}

/// What is wrong with a call's query. Of each name, the values must be the wanted ones, in order.
pub(super) fn query(
    tokens: &[QueryToken],
    wanted: &Found,
    any_query: bool,
    call: &Call,
) -> Vec<String> {
    let fixed = tokens.iter().filter_map(|token| match token {
        QueryToken::Fixed(name, value) => Some((name.as_str(), value.as_str())),
        QueryToken::Any(_) => None,
    });
    let own = wanted.iter().map(|(n, v)| (n.as_str(), v.as_str()));
    let wanted: Vec<_> = fixed.chain(own).collect();
    let came = call.queries();
    let mut names: Vec<&str> = wanted.iter().map(|(name, _)| *name).collect();
    names.extend(came.iter().map(|(name, _)| name.as_str()));
    let is_free = |name: &str| {
        let any = |token: &QueryToken| matches!(token, QueryToken::Any(any) if any == name);
        any_query || tokens.iter().any(any)
    };

    let mut faults = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let wanted = values_of(name, wanted.iter().copied());
        let came = values_of(name, came.iter().map(|(n, v)| (n.as_str(), v.as_str())));
        if wanted == came || (wanted.is_empty() && is_free(name)) {
            continue;
        }
        let redaction = call.redaction();
        let told = |values: &[&str]| {
            let told = values.iter().map(|v| redaction.parameter(name, v));
            let told: Vec<_> = told.map(|value| format!("{value:?}")).collect();
            told.join(", ")
        };
        faults.push(match (wanted.is_empty(), came.is_empty()) {
            (true, _) => format!("`{name}` in the query is {}, and not expected", told(&came)),
            (_, true) => format!(
                "`{name}` is not in the query, and should be {}",
                told(&wanted)
            ),
            _ => format!(
                "`{name}` in the query is {}, not {}",
                told(&came),
                told(&wanted)
            ),
        });
    }
    faults
}

fn values_of<'p>(name: &str, pairs: impl Iterator<Item = (&'p str, &'p str)>) -> Vec<&'p str> {
    let pairs = pairs.filter(|(n, _)| *n == name);
    pairs.map(|(_, value)| value).collect()
}

fn header_fault(name: &HeaderName, wanted: &str, call: &Call) -> Option<String> {
    let values: Vec<_> = call.headers().get_all(name).iter().collect();
    if values
        .iter()
        .any(|value| value.as_bytes() == wanted.as_bytes())
    {
        return None;
    }
    if values.is_empty() {
        return Some(format!("there is no header `{name}`"));
    }
    // The wanted value is as secret as the one that came.
    let wanted = HeaderValue::from_str(wanted).map(|mut wanted| {
        wanted.set_sensitive(values.iter().any(|value| value.is_sensitive()));
        call.redaction().header_value(name, &wanted)
    });
    let wanted = wanted.unwrap_or_else(|_| "what no header can be".to_owned());
    let told = |value| format!("{:?}", call.redaction().header_value(name, value));
    let came: Vec<_> = values.into_iter().map(told).collect();
    Some(format!(
        "the header `{name}` is {}, not {wanted:?}",
        came.join(", ")
    ))
}

fn json_fault(wanted: &Value, call: &Call, part: bool) -> Option<String> {
    let came = match serde_json::from_slice::<Value>(call.body()) {
        Ok(came) => came,
        Err(fault) => return Some(format!("the body is no JSON: {fault}")),
    };
    if is_equal(wanted, &came, part) {
        return None;
    }
    let redaction = call.redaction();
    let (told_wanted, told_came) = (redaction.json(wanted), redaction.json(&came));
    let place = first_difference(&told_wanted, &told_came, part, &mut String::new());
    Some(place.map_or_else(
        || "the JSON of the body differs in a secret".to_owned(),
        |(at, wanted, came)| {
            let tell = |value: Option<&Value>| {
                value.map_or_else(|| "absent".to_owned(), |v| short(&v.to_string()))
            };
            let at = if at.is_empty() {
                "the body".to_owned()
            } else {
                format!("`{at}` in the body")
            };
            format!("{at} is {}, not {}", tell(came), tell(wanted))
        },
    ))
}

fn is_equal(wanted: &Value, came: &Value, part: bool) -> bool {
    first_difference(wanted, came, part, &mut String::new()).is_none()
}

type Difference<'v> = (String, Option<&'v Value>, Option<&'v Value>);

/// Where two documents differ first, as a JSON pointer, and what stands there in each.
fn first_difference<'v>(
    wanted: &'v Value,
    came: &'v Value,
    part: bool,
    at: &mut String,
) -> Option<Difference<'v>> {
    let (Value::Object(want), Value::Object(have)) = (wanted, came) else {
        return (wanted != came).then(|| (at.clone(), Some(wanted), Some(came)));
    };
    let depth = at.len();
    for (name, wanted) in want {
        at.push('/');
        at.push_str(&name.replace('~', "~0").replace('/', "~1"));
        let found = match have.get(name) {
            None => Some((at.clone(), Some(wanted), None)),
            Some(came) => first_difference(wanted, came, part, at),
        };
        at.truncate(depth);
        if found.is_some() {
            return found;
        }
    }
    let surplus = have
        .iter()
        .find(|(name, _)| !part && !want.contains_key(*name));
    surplus.map(|(name, value)| (format!("{at}/{name}"), None, Some(value)))
}

fn pairs(came: &Found, wanted: &Found, redaction: &Redaction) -> String {
    let tell = |pairs: &Found| {
        let told = pairs
            .iter()
            .map(|(n, v)| format!("{n}={}", redaction.parameter(n, v)));
        short(&told.collect::<Vec<_>>().join("&"))
    };
    format!("{}, not {}", tell(came), tell(wanted))
}

/// A body as a message shows it.
fn told(body: &Bytes, call: &Call) -> String {
    // Here no file is at stake, and an expectation is often without a type.
    let content_type = content_type(call.headers()).unwrap_or("text/plain");
    let told = call.redaction().body(Some(content_type), body);
    match told.as_deref().map(std::str::from_utf8) {
        Ok(Ok("")) => "empty".to_owned(),
        Ok(Ok(text)) => short(&format!("{text:?}")),
        Ok(Err(_)) => format!("{} bytes that are no text", body.len()),
        Err(why) => format!("{} bytes that are not shown ({why})", body.len()),
    }
}

/// The beginning of a text, where it is long.
fn short(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
