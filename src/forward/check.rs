//! Which fields can be forwarded.

use http::{HeaderName, header};

use super::error::Rule;
use super::{InvalidForward, is_about_the_way};
use crate::defaults::is_credential;

/// What must not be repeated in another message, or not as it came.
pub(super) fn header(name: &HeaderName) -> Result<(), InvalidForward> {
    const MESSAGE: [HeaderName; 16] = [
        header::CONNECTION,
        header::DATE,
        header::EXPECT,
        header::HOST,
        header::MAX_FORWARDS,
        header::PROXY_AUTHENTICATE,
        header::PROXY_AUTHORIZATION,
        header::SET_COOKIE,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        header::VIA,
        HeaderName::from_static("http2-settings"),
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
    ];
    // Programs behind CGI and its kin cannot tell `_` from `-`.
    let spelled = name.as_str().replace('_', "-");
    let setting = match spelled.as_str() {
        "cookie" => Some("cookie"),
        "traceparent" | "tracestate" => Some("trace_context"),
        "baggage" => Some("baggage"),
        _ if is_about_the_way(name) => Some("client_address"),
        _ => None,
    };
    let rule = match setting {
        Some(setting) => Rule::Special(name.clone(), setting),
        None if MESSAGE.iter().any(|one| *one == *spelled) => Rule::Message(name.clone()),
        None if spelled.starts_with("content-") => Rule::Message(name.clone()),
        None if is_about_the_answer(&spelled) => Rule::Answer(name.clone()),
        None => return Ok(()),
    };
    Err(InvalidForward::new(rule))
}

/// The same, and what must not be shown.
pub(super) fn request_id(name: &HeaderName) -> Result<(), InvalidForward> {
    header(name)?;
    let spelled = name.as_str().replace('_', "-").parse();
    let is_secret = spelled.is_ok_and(|name| is_credential(&name));
    if is_secret {
        return Err(InvalidForward::new(Rule::Secret(name.clone())));
    }
    Ok(())
}

/// What makes a 304, a 206 or bytes in another coding of the answer, which whoever called has no use for.
fn is_about_the_answer(name: &str) -> bool {
    const NAMES: [&str; 6] = [
        "a-im",
        "accept-encoding",
        "cache-control",
        "pragma",
        "prefer",
        "range",
    ];
    name.starts_with("if-") || NAMES.contains(&name)
}
