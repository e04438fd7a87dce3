//! What is left of headers, URIs, parameters and text.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue, Uri};
use serde_json::Value;

use crate::template::matching::decode;
use crate::template::{Encoding, encode};

use super::text::Sign;
use super::{REDACTED, Redaction, json, names, shapes, text};

impl Redaction {
    /// A header's value as it may be told. What is no text is told byte by byte, as Latin 1.
    pub(in crate::testing) fn header_value(
        &self,
        name: &HeaderName,
        value: &HeaderValue,
    ) -> String {
        if value.is_sensitive() || self.is_header(name.as_str()) {
            return REDACTED.to_owned();
        }
        let text: String = value.as_bytes().iter().copied().map(char::from).collect();
        let told = self.leaf(&text);
        // An escape that was taken off can be what no header may hold.
        match told.chars().all(|c| u32::from(c) < 256 && !c.is_control()) {
            false if told != text => REDACTED.to_owned(),
            _ => told.into_owned(),
        }
    }

    /// A URI as it may be told.
    pub(in crate::testing) fn uri(&self, uri: &Uri) -> String {
        let told = crate::error::redacted(uri);
        let mut told = self.text(&told).into_owned();
        if let Some(query) = uri.query() {
            told.push('?');
            told.push_str(&self.pairs(query, Encoding::Component));
        }
        told
    }

    /// The value of a parameter of the path, the query or a form, as it may be told.
    pub(in crate::testing) fn parameter<'t>(&self, name: &str, value: &'t str) -> Cow<'t, str> {
        if self.is_parameter(name) {
            return REDACTED.into();
        }
        self.leaf(value)
    }

    /// A JSON document as it may be told.
    pub(in crate::testing) fn json(&self, value: &Value) -> Value {
        let text = value.to_string();
        let told = json::document(self, &text).unwrap_or(Cow::Borrowed("null"));
        serde_json::from_str(&told).unwrap_or_default()
    }

    /// The pairs of a query or a form, as they may be told.
    pub(super) fn pairs(&self, text: &str, encoding: Encoding) -> String {
        let told = text.split('&').map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (plain_name, plain) = (decode(name, true), decode(value, true));
            let told_name = self.leaf(&plain_name);
            let told = match pair.contains('=') {
                true => self.parameter(&plain_name, &plain),
                false => Cow::Borrowed(""),
            };
            if told_name == plain_name && told == plain {
                return pair.to_owned();
            }
            let mut told_pair = String::with_capacity(pair.len());
            match told_name == plain_name {
                true => told_pair.push_str(name),
                false => encode(&told_name, encoding, &mut told_pair),
            }
            told_pair.push('=');
            encode(&told, encoding, &mut told_pair);
            told_pair
        });
        told.collect::<Vec<_>>().join("&")
    }

    /// Text that is a value of its own, and perhaps JSON.
    pub(super) fn leaf<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let may_be_json = text.trim_start().starts_with(['{', '[', '"']);
        if may_be_json && let Some(told) = json::document(self, text) {
            return told;
        }
        self.text(text)
    }

    /// Text as it may be told. A secret that shows only once escapes are taken off takes them all with it.
    pub(super) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        /// More layers of escapes than anybody means.
        const MOST: u32 = 8;
        let mut told = self.flat(text);
        let mut layer = told.clone();
        for _ in 0..MOST {
            let plain = text::unescaped(&layer);
            if plain == layer {
                return match told == text {
                    true => text.into(),
                    false => told.into(),
                };
            }
            layer = self.flat(&plain);
            if layer != plain {
                told.clone_from(&layer);
            }
        }
        REDACTED.into()
    }

    pub(super) fn flat(&self, text: &str) -> String {
        let mut told = text::search(text, &|name, sign| {
            self.is_field(name) || (sign == Sign::Equals && self.parameters.has_part(name))
        });
        told = shapes::without(&told);
        for secret in &self.values {
            if told.contains(secret.as_str()) {
                told = told.replace(secret.as_str(), REDACTED);
            }
        }
        told
    }

    pub(super) fn holds_value(&self, text: &str) -> bool {
        let mut values = self.values.iter();
        values.any(|secret| text.contains(secret.as_str()))
    }

    pub(super) fn is_header(&self, name: &str) -> bool {
        let secret = [&self.ends, &self.fields, &self.header_ends];
        self.headers.has(name) || names::is_secret(name, &secret, &[&self.kept, &self.open_headers])
    }

    /// A header's name is one of a field, too: servers tell what they were sent.
    pub(super) fn is_field(&self, name: &str) -> bool {
        let kept = [&self.kept, &self.positions];
        self.headers.has(name)
            || self.fields.has_part(name)
            || names::is_any_secret(name, &[&self.ends], &kept)
    }

    pub(in crate::testing) fn is_parameter(&self, name: &str) -> bool {
        self.parameters.has_part(name) || self.is_field(name)
    }
}
