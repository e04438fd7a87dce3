//! One exchange as it stands in a file.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde::{Deserialize, Serialize};

use super::CassetteError;
use crate::testing::Redaction;
use crate::testing::redaction::{boundary, content_type, without_boundary};

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    request: Asked,
    response: Answered,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    method: String,
    uri: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answered {
    status: u16,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    headers: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

/// What is compared: a request's method, URI and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    method: String,
    uri: String,
    text: Option<String>,
    base64: Option<String>,
}

impl Asked {
    /// A request as it is written down, without its secrets.
    ///
    /// # Errors
    ///
    /// When its body is compressed, or of a kind in which secrets cannot be found.
    pub(super) fn new(
        head: &http::request::Parts,
        body: &[u8],
        redaction: &Redaction,
    ) -> Result<Self, CassetteError> {
        refuse_compressed("request", &head.headers, body)?;
        let body = redaction.body(content_type(&head.headers), body);
        let body = body.map_err(|why| CassetteError::opaque("request", &why))?;
        let (text, base64) = written(&body);
        Ok(Self {
            method: head.method.to_string(),
            uri: redaction.uri(&head.uri),
            headers: headers(&head.headers, redaction, None),
            text,
            base64,
        })
    }

    pub(super) fn question(&self) -> Question {
        Question {
            method: self.method.clone(),
            uri: self.uri.clone(),
            text: self.text.as_deref().map(|text| self.without_boundary(text)),
            base64: self.base64.clone(),
        }
    }

    /// The text of a form of several parts without its boundary, which is another one each time.
    fn without_boundary(&self, text: &str) -> String {
        let lines = self.headers.iter();
        let mut types = lines.filter_map(|line| line.strip_prefix("content-type: "));
        match types.next().and_then(boundary) {
            Some(boundary) => {
                let text = without_boundary(text.as_bytes(), &boundary);
                String::from_utf8_lossy(&text).into_owned()
            }
            None => text.to_owned(),
        }
    }
}

impl Exchange {
    /// # Errors
    ///
    /// When the response's body is compressed, or of a kind in which secrets cannot be found.
    pub(super) fn new(
        request: Asked,
        head: &http::response::Parts,
        body: &[u8],
        redaction: &Redaction,
    ) -> Result<Self, CassetteError> {
        refuse_compressed("response", &head.headers, body)?;
        let told = redaction.body(content_type(&head.headers), body);
        let told = told.map_err(|why| CassetteError::opaque("response", &why))?;
        let length = (told.len() != body.len()).then_some(told.len());
        let (text, base64) = written(&told);
        let response = Answered {
            status: head.status.as_u16(),
            headers: headers(&head.headers, redaction, length),
            text,
            base64,
        };
        Ok(Self { request, response })
    }

    pub(super) fn question(&self) -> Question {
        self.request.question()
    }

    /// The response, once more.
    ///
    /// # Errors
    ///
    /// When the file says what no response can be.
    pub(super) fn response(&self) -> Result<Response<Body>, BoxError> {
        let Answered {
            status,
            headers,
            text,
            base64,
        } = &self.response;
        let body = match (text, base64) {
            (Some(text), None) => Bytes::from(text.clone()),
            (None, Some(base64)) => STANDARD.decode(base64)?.into(),
            (None, None) => Bytes::new(),
            (Some(_), Some(_)) => return Err("a body is `text` or `base64`, not both".into()),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(*status)?;
        for line in headers {
            let (name, value) = line.split_once(':').ok_or("a header has no colon")?;
            let value = latin1(value.trim_start()).ok_or("a header is not Latin 1")?;
            let value = HeaderValue::from_bytes(&value)?;
            response
                .headers_mut()
                .append(HeaderName::try_from(name)?, value);
        }
        Ok(response)
    }
}

impl Question {
    pub(super) fn is_but_for_body(&self, other: &Self) -> bool {
        self.method == other.method && self.uri == other.uri
    }

    pub(super) fn has_path(&self, path: &str) -> bool {
        let before = self.uri.split('?').next().unwrap_or_default();
        before.ends_with(path)
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.uri)
    }
}

/// A body as `text` or as `base64`; neither where it is empty.
fn written(body: &[u8]) -> (Option<String>, Option<String>) {
    match std::str::from_utf8(body) {
        Ok("") => (None, None),
        Ok(text) => (Some(text.to_owned()), None),
        Err(_) => (None, Some(STANDARD.encode(body))),
    }
}

/// Headers as lines, without secrets and without those of the connection. `length` is the body's, where
/// it is no longer what the server said.
fn headers(headers: &HeaderMap, redaction: &Redaction, length: Option<usize>) -> Vec<String> {
    let of_message = headers
        .iter()
        .filter(|(name, _)| !matches!(**name, header::CONNECTION | header::TRANSFER_ENCODING));
    let lines = of_message.map(|(name, value)| {
        let value = match length {
            Some(length) if name == header::CONTENT_LENGTH => length.to_string(),
            _ => redaction.header_value(name, value),
        };
        format!("{name}: {value}")
    });
    lines.collect()
}

fn refuse_compressed(what: &str, headers: &HeaderMap, body: &[u8]) -> Result<(), CassetteError> {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let mut codings = codings.map(|coding| String::from_utf8_lossy(coding.as_bytes()));
    match codings.find(|coding| !coding.eq_ignore_ascii_case("identity")) {
        Some(coding) if !body.is_empty() => Err(CassetteError::compressed(what, &coding)),
        _ => Ok(()),
    }
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).ok())
        .collect()
}
