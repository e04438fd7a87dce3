//! Secrets in bodies. What cannot be read cannot be searched, and is not told.

use std::borrow::Cow;
use std::fmt;

use super::media::Media;
use super::{REDACTED, Redaction, json, multipart};

/// A body whose secrets, if there are any, cannot be found.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::testing) struct Opaque {
    essence: String,
    why: &'static str,
}

impl fmt::Display for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let essence: String = self.essence.escape_debug().take(80).collect();
        match essence.as_str() {
            "" => write!(f, "no content type, {}", self.why),
            essence => write!(f, "{essence}, {}", self.why),
        }
    }
}

/// So deep may forms of parts lie in each other.
const MOST: u32 = 4;

const MARK: &str = "\u{feff}";

impl Redaction {
    /// A body as it may be told; the same bytes where nothing is secret.
    ///
    /// # Errors
    ///
    /// When it is of a kind in which secrets cannot be found, or not what its type says.
    pub(in crate::testing) fn body<'b>(
        &self,
        content_type: Option<&str>,
        body: &'b [u8],
    ) -> Result<Cow<'b, [u8]>, Opaque> {
        self.body_at(0, content_type, body)
    }

    pub(super) fn body_at<'b>(
        &self,
        depth: u32,
        content_type: Option<&str>,
        body: &'b [u8],
    ) -> Result<Cow<'b, [u8]>, Opaque> {
        let media = Media::of(content_type);
        if body.is_empty() {
            return Ok(body.into());
        }
        if self.withheld.iter().any(|range| media.is_in(range)) {
            return Ok(REDACTED.as_bytes().into());
        }
        match self.read(depth, &media, body) {
            Ok(told) if *told == *body => Ok(body.into()),
            Ok(told) => Ok(told.into_owned().into()),
            Err(_) if self.plain.iter().any(|range| media.is_in(range)) => Ok(self.bytes(body)),
            Err(why) => Err(Opaque {
                essence: media.essence,
                why,
            }),
        }
    }

    fn read<'b>(
        &self,
        depth: u32,
        media: &Media,
        body: &'b [u8],
    ) -> Result<Cow<'b, [u8]>, &'static str> {
        if media.essence.starts_with("multipart/") {
            let boundary = media.boundary.as_deref().filter(|_| depth < MOST);
            let told = multipart::parts(self, depth, boundary, body);
            return told.map(Cow::Owned).ok_or("whose parts cannot be searched");
        }
        let text = std::str::from_utf8(body).ok().filter(|_| media.is_utf8());
        let text = text.ok_or("which is no text in UTF-8")?;
        let text = text.strip_prefix(MARK).unwrap_or(text);
        let told = match media.essence.as_str() {
            "application/x-www-form-urlencoded" => self.form(text),
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonlines"
            | "application/jsonlines"
            | "application/json-seq" => self.lines(text),
            "text/event-stream" => self.events(text),
            "text/plain" => self.prose(text),
            // Without a type only what is JSON beyond doubt is taken for it.
            "application/json" | "text/json" | "" => json::document(self, text),
            of if of.ends_with("+json") => json::document(self, text),
            _ => return Err("in which secrets cannot be found"),
        };
        let told = told.ok_or("which it is not")?;
        Ok(match told == text {
            true => body.into(),
            false => told.into_owned().into_bytes().into(),
        })
    }

    /// A form, or JSON that somebody forgot to call so.
    fn form<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        if text.trim_start().starts_with(['{', '[']) {
            return json::document(self, text);
        }
        Some(self.pairs(text, crate::template::Encoding::Form).into())
    }

    /// A document of JSON in each line.
    fn lines<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        let mut told = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            // RFC 7464 §2.2 sets a mark before each document.
            let document = line.trim_matches(['\u{1e}', '\n', '\r', ' ', '\t']);
            if document.is_empty() {
                told.push_str(line);
                continue;
            }
            let (before, behind) = line.split_once(document)?;
            told.push_str(before);
            told.push_str(&json::document(self, document)?);
            told.push_str(behind);
        }
        Some(told.into())
    }

    /// Text, in which a line may well be a document.
    fn prose<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        // Text in UTF-16 would have these.
        if text.contains('\0') {
            return None;
        }
        if let Some(told) = json::document(self, text) {
            return Some(told);
        }
        let lines = text.split_inclusive('\n').map(|line| match line.trim() {
            document if document.starts_with(['{', '[']) => {
                let told = json::document(self, document);
                told.map_or(line.into(), |told| line.replacen(document, &told, 1).into())
            }
            _ => Cow::Borrowed(line),
        });
        let told: String = lines.collect();
        Some(self.text(&told).into_owned().into())
    }

    /// An event stream (WHATWG HTML §9.2.6): the data of an event is JSON, or text that does not look
    /// like it.
    fn events<'t>(&self, text: &'t str) -> Option<Cow<'t, str>> {
        let lines = text.replace("\r\n", "\n").replace('\r', "\n");
        let (mut told, mut is_changed) = (String::with_capacity(text.len()), false);
        let mut data: Vec<&str> = Vec::new();
        // The last event may want its empty line.
        for line in lines.split('\n').chain([""]) {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            if name == "data" {
                data.push(value.strip_prefix(' ').unwrap_or(value));
                continue;
            }
            let whole = std::mem::take(&mut data).join("\n");
            let redacted = match whole.trim_start().starts_with('{') {
                true => json::document(self, &whole)?,
                false => self.prose(&whole)?,
            };
            let redacted_line = self.prose(line)?;
            is_changed |= redacted != whole || redacted_line != line;
            if !whole.is_empty() {
                let data = redacted.split('\n');
                told.extend(data.flat_map(|line| ["data: ", line, "\n"]));
            }
            told.extend([&*redacted_line, "\n"]);
        }
        Some(match is_changed {
            true => told.into(),
            false => text.into(),
        })
    }

    /// Bytes of which somebody has said that no name in them says what is secret.
    fn bytes<'b>(&self, body: &'b [u8]) -> Cow<'b, [u8]> {
        if let Ok(text) = std::str::from_utf8(body) {
            return match self.text(text) {
                Cow::Borrowed(_) => body.into(),
                Cow::Owned(told) => told.into_bytes().into(),
            };
        }
        let mut told = body.to_vec();
        for secret in self.values.iter().map(String::as_bytes) {
            let mut from = 0;
            while let Some(at) = told[from..]
                .windows(secret.len())
                .position(|bytes| bytes == secret)
            {
                told.splice(from + at..from + at + secret.len(), REDACTED.bytes());
                from += at + REDACTED.len();
            }
        }
        told.into()
    }
}
