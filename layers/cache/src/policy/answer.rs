use std::time::Duration;

use http::response::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::{Head, Reply, Serve};

/// Ages below this are written without an allocation.
const READY: usize = 10_000;

/// The numbers below [`READY`], of four digits each.
static NUMBERS: &str = match str::from_utf8(&DIGITS) {
    Ok(numbers) => numbers,
    Err(_) => unreachable!(),
};

static DIGITS: [u8; READY * 4] = {
    let mut text = [0; READY * 4];
    let mut number = 0;
    while number < READY {
        let (mut place, mut rest) = (4, number);
        while place > 0 {
            place -= 1;
            text[number * 4 + place] = b"0123456789"[rest % 10];
            rest /= 10;
        }
        number += 1;
    }
    text
};

/// An answer from the store; its body, if it has one, is the stored bytes that [`Serve::reply`] names
/// (none for a request with HEAD).
///
/// Two allocations, those of the fields' clone, as long as the response is younger than 10,000
/// seconds.
#[inline]
pub(crate) fn answer<B>(head: &Head, serve: &Serve, body: B) -> Response<B> {
    let mut parts = head.parts.clone();
    // In place, which is the first: to look for it costs more, and to insert it makes the map grow.
    match parts.headers.iter_mut().next() {
        Some((name, field)) if *name == header::AGE => *field = age(serve.age),
        _ => drop(parts.headers.insert(header::AGE, age(serve.age))),
    }
    if serve.reply != Reply::Whole {
        reduce(&mut parts, serve.reply);
    }
    Response::from_parts(parts, body)
}

/// Makes the head of a whole response that of a part of it.
#[cold]
fn reduce(parts: &mut Parts, reply: Reply) {
    let headers = &mut parts.headers;
    match reply {
        Reply::Whole => {}
        Reply::NotModified => {
            parts.status = StatusCode::NOT_MODIFIED;
            without_content(headers);
        }
        Reply::Range { first, end, total } => {
            parts.status = StatusCode::PARTIAL_CONTENT;
            let total = total.map_or_else(|| String::from("*"), |total| total.to_string());
            let range = format!("bytes {first}-{}/{total}", end - 1);
            insert(headers, header::CONTENT_RANGE, range);
            headers.insert(header::CONTENT_LENGTH, (end - first).into());
        }
        Reply::Unsatisfiable { total } => {
            parts.status = StatusCode::RANGE_NOT_SATISFIABLE;
            without_content(headers);
            insert(headers, header::CONTENT_RANGE, format!("bytes */{total}"));
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
    }
}

/// Without the fields that describe a body that is not sent (RFC 9110 §15.4.5).
fn without_content(headers: &mut HeaderMap) {
    for name in [
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::CONTENT_ENCODING,
        header::CONTENT_LANGUAGE,
    ] {
        headers.remove(name);
    }
}

fn insert(headers: &mut HeaderMap, name: http::HeaderName, text: String) {
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(name, value);
    }
}

/// The `Age` field (RFC 9111 §5.1), in whole seconds, at most 2^31.
fn age(age: Duration) -> HeaderValue {
    let seconds = super::seconds::capped(age.as_secs()).as_secs();
    let ready = usize::try_from(seconds).ok().filter(|age| *age < READY);
    let text = ready.map(|age| {
        let digits = match age {
            0..10 => 1,
            10..100 => 2,
            100..1_000 => 3,
            _ => 4,
        };
        &NUMBERS[age * 4 + 4 - digits..age * 4 + 4]
    });
    text.map_or_else(|| HeaderValue::from(seconds), HeaderValue::from_static)
}

#[cfg(test)]
mod tests;
