//! Secrets in JSON. All that is not secret stays as it was written, spaces and long numbers included,
//! and types stay what they are, so that what was recorded can still be read.

use std::borrow::Cow;

use serde_json::Value;

use super::{REDACTED, Redaction};

/// The segments of a JSON pointer (RFC 6901 §3 and §4).
pub(super) fn segments(pointer: &str) -> Vec<String> {
    let segments = pointer.split('/').skip(1);
    segments
        .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// A document without its secrets; `None` where it is none.
pub(super) fn document<'t>(redaction: &Redaction, text: &'t str) -> Option<Cow<'t, str>> {
    let value: Value = serde_json::from_str(text).ok()?;
    // The request for a token, which some servers take in JSON, has the parameters of a form.
    let is_grant = value.get("grant_type").is_some();
    let mut scan = Scan {
        redaction,
        is_grant,
        rest: text,
        told: String::with_capacity(text.len()),
    };
    let pointers: Vec<_> = redaction.pointers.iter().map(Vec::as_slice).collect();
    scan.value(&pointers, false)?;
    scan.space();
    Some(if scan.told == text {
        Cow::Borrowed(text)
    } else {
        scan.told.into()
    })
}

/// Reads text that is known to be JSON, and tells it.
struct Scan<'r, 't> {
    redaction: &'r Redaction,
    is_grant: bool,
    rest: &'t str,
    told: String,
}

impl<'t> Scan<'_, 't> {
    /// `pointers` are what is left of those that lead here.
    fn value(&mut self, pointers: &[&[String]], is_secret: bool) -> Option<()> {
        let is_secret = is_secret || pointers.iter().any(|pointer| pointer.is_empty());
        self.space();
        match self.rest.as_bytes().first()? {
            b'{' => self.object(pointers, is_secret),
            b'[' => self.list(pointers, is_secret),
            b'"' => {
                let token = self.string()?;
                let text: String = serde_json::from_str(token).ok()?;
                let told = match is_secret {
                    true => REDACTED.into(),
                    false => self.redaction.leaf(&text),
                };
                self.tell(token, &text, &told);
                Some(())
            }
            _ => self.scalar(is_secret),
        }
    }

    fn object(&mut self, pointers: &[&[String]], is_secret: bool) -> Option<()> {
        self.copy(1);
        self.space();
        while !self.rest.starts_with('}') {
            let token = self.string()?;
            let name: String = serde_json::from_str(token).ok()?;
            let told = self.redaction.text(&name);
            self.tell(token, &name, &told);
            self.space();
            self.copy(1);
            let is_named = self.redaction.is_field(&name)
                || (self.is_grant && self.redaction.is_parameter(&name));
            self.value(&below(pointers, &name), is_secret || is_named)?;
            self.comma();
        }
        self.copy(1);
        Some(())
    }

    fn list(&mut self, pointers: &[&[String]], is_secret: bool) -> Option<()> {
        self.copy(1);
        self.space();
        let mut index = 0_usize;
        while !self.rest.starts_with(']') {
            self.value(&below(pointers, &index.to_string()), is_secret)?;
            self.comma();
            index += 1;
        }
        self.copy(1);
        Some(())
    }

    fn scalar(&mut self, is_secret: bool) -> Option<()> {
        let ends = |c: char| c == ',' || c == ']' || c == '}' || is_space(c);
        let (token, rest) = self
            .rest
            .split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
        self.rest = rest;
        self.told.push_str(match (token, is_secret) {
            ("null", _) => token,
            ("true" | "false", true) => "false",
            (_, true) => "0",
            (number, false) if self.redaction.holds_value(number) => "0",
            _ => token,
        });
        Some(())
    }

    /// Takes a string, quotes included.
    fn string(&mut self) -> Option<&'t str> {
        let mut is_escaped = false;
        let end = self.rest.bytes().skip(1).position(|byte| {
            let ends = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            ends
        })?;
        let (token, rest) = self.rest.split_at(end + 2);
        self.rest = rest;
        Some(token)
    }

    fn tell(&mut self, token: &str, text: &str, told: &str) {
        if told == text {
            self.told.push_str(token);
        } else {
            self.told.push_str(&Value::from(told).to_string());
        }
    }

    fn comma(&mut self) {
        self.space();
        if self.rest.starts_with(',') {
            self.copy(1);
            self.space();
        }
    }

    fn space(&mut self) {
        let end = self.rest.find(|c| !is_space(c));
        self.copy(end.unwrap_or(self.rest.len()));
    }

    fn copy(&mut self, bytes: usize) {
        let (copied, rest) = self.rest.split_at(bytes);
        self.told.push_str(copied);
        self.rest = rest;
    }
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// What is left of the pointers that lead through this segment.
fn below<'p>(pointers: &[&'p [String]], segment: &str) -> Vec<&'p [String]> {
    let splits = pointers.iter().filter_map(|pointer| pointer.split_first());
    splits
        .filter(|(first, _)| *first == segment || *first == "*")
        .map(|(_, rest)| rest)
        .collect()
}
