//! The secrets that a request itself carries, which may come back anywhere.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, Uri, header, request};
use serde_json::Value;

use super::{Redaction, content_type, media::Media};
use crate::template::matching::{decode, query_of};

/// What is shorter is as likely a word, or a number, that means something else elsewhere.
const SHORTEST: usize = 6;

impl Redaction {
    /// The same, which also finds the credentials of this request wherever they stand: a server may repeat
    /// them in a body, an error or a `Location`.
    pub(in crate::testing) fn knowing(&self, head: &request::Parts, body: &[u8]) -> Self {
        let mut secrets = Vec::new();
        for (name, value) in &head.headers {
            if value.is_sensitive() || self.is_header(name.as_str()) {
                of_header(name, value, &mut secrets);
            }
        }
        self.of_query(&head.uri, &mut secrets);
        self.of_body(content_type(&head.headers), body, &mut secrets);
        let secrets = secrets.into_iter();
        secrets
            .filter(|secret| secret.len() >= SHORTEST)
            .fold(self.clone(), Self::value)
    }

    fn of_query(&self, uri: &Uri, secrets: &mut Vec<String>) {
        let pairs = query_of(uri).into_iter();
        let secret = pairs.filter(|(name, _)| self.is_parameter(name));
        secrets.extend(secret.map(|(_, value)| value));
    }

    fn of_body(&self, content_type: Option<&str>, body: &[u8], secrets: &mut Vec<String>) {
        let Ok(text) = std::str::from_utf8(body) else {
            return;
        };
        if let Ok(document) = serde_json::from_str(text) {
            return self.of_json(&document, false, secrets);
        }
        if Media::of(content_type).essence == "application/x-www-form-urlencoded" {
            let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
            let secret = pairs.filter(|(name, _)| self.is_parameter(&decode(name, true)));
            secrets.extend(secret.map(|(_, value)| decode(value, true)));
        }
    }

    fn of_json(&self, value: &Value, is_secret: bool, secrets: &mut Vec<String>) {
        match value {
            Value::String(text) if is_secret => secrets.push(text.clone()),
            Value::Array(all) => {
                for value in all {
                    self.of_json(value, is_secret, secrets);
                }
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.of_json(value, is_secret || self.is_field(name), secrets);
                }
            }
            _ => {}
        }
    }
}

/// A credential, and the parts of it that are secret alone.
fn of_header(name: &HeaderName, value: &HeaderValue, secrets: &mut Vec<String>) {
    let Ok(text) = value.to_str() else { return };
    if *name == header::COOKIE {
        let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
        secrets.extend(pairs.map(|(_, value)| value.trim().to_owned()));
        return;
    }
    if let Some((scheme, credential)) = text.split_once(' ') {
        let credential = credential.trim();
        if scheme.eq_ignore_ascii_case("basic")
            && let Ok(pair) = STANDARD.decode(credential)
            && let Some((_, password)) = String::from_utf8_lossy(&pair).split_once(':')
        {
            secrets.push(password.to_owned());
        }
        secrets.push(credential.to_owned());
    }
    secrets.push(text.to_owned());
}
