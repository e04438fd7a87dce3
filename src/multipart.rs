use std::borrow::Cow;
use std::fmt::Write as _;
use std::hash::{BuildHasher, Hasher, RandomState};

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::HeaderValue;

mod body;
mod part;

use self::body::Chain;
use self::part::Content;
pub use self::part::Part;

/// A form of several parts (`multipart/form-data`,
/// [RFC 7578](https://www.rfc-editor.org/rfc/rfc7578)): texts, bytes, files, streams.
///
/// It owns its boundary, and so its content type. Parts in memory and files can be sent again, with the
/// same boundary; with a stream among them, up to 64 KiB of the whole can. Its length is sent ahead when that
/// of each part is known.
///
/// ```
/// use buttress::{Multipart, Part};
///
/// let form = Multipart::new()
///     .text("title", "Sunrise")
///     .part("photo", Part::bytes(&b"..."[..]).file_name("sunrise.jpg").content_type("image/jpeg"));
/// # let _ = form;
/// ```
#[derive(Debug)]
#[must_use]
pub struct Multipart {
    boundary: String,
    /// Whether the caller set it, so that somebody may know it.
    is_chosen: bool,
    parts: Vec<(String, Part)>,
    fault: Option<BoxError>,
}

impl Multipart {
    /// A form without parts, with a boundary of 128 random bits, which nobody who knows other forms' can foresee.
    pub fn new() -> Self {
        let random = || RandomState::new().build_hasher().finish();
        Self {
            boundary: format!("buttress-{:016x}{:016x}", random(), random()),
            is_chosen: false,
            parts: Vec::new(),
            fault: None,
        }
    }

    /// Sets the boundary, for a server that is particular about it or a test that is. Up to 70 letters,
    /// digits, `-`, `_` and `'` (RFC 2046 §5.1.1 has more, which some servers do not read).
    ///
    /// It must not stand in a part, which would end there for the server: in one that lies in memory that is an error
    /// when the request is sent; files and streams are not looked through.
    pub fn boundary(mut self, boundary: impl Into<String>) -> Self {
        self.boundary = boundary.into();
        self.is_chosen = true;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_'".contains(&byte);
        let is_sound = (1..=70).contains(&self.boundary.len()) && self.boundary.bytes().all(fits);
        if !is_sound {
            self.fault
                .get_or_insert_with(|| "the boundary of a form is malformed".into());
        }
        self
    }

    /// Adds a text.
    pub fn text(self, name: impl Into<String>, text: impl Into<Cow<'static, str>>) -> Self {
        self.part(name, Part::text(text))
    }

    /// Adds a file, read each time it is sent, under its own name. Several may have one field's name.
    #[cfg(feature = "fs")]
    pub fn file(mut self, name: impl Into<String>, path: impl AsRef<std::path::Path>) -> Self {
        match Part::file(path) {
            Ok(part) => self.part(name, part),
            Err(fault) => {
                self.fault.get_or_insert(fault);
                self
            }
        }
    }

    /// Adds a part.
    pub fn part(mut self, name: impl Into<String>, part: Part) -> Self {
        self.parts.push((name.into(), part));
        self
    }

    pub(crate) fn into_parts(mut self) -> (Result<Body, BoxError>, HeaderValue) {
        let content_type = format!("multipart/form-data; boundary={}", self.boundary);
        let content_type = HeaderValue::try_from(content_type);
        let fault = self.fault.take().or_else(|| self.broken_up());
        let body = fault.map_or_else(|| Ok(self.body()), Err);
        match content_type {
            Ok(content_type) => (body, content_type),
            // Only of a malformed boundary, which is a fault already.
            Err(_) => (body, HeaderValue::from_static("multipart/form-data")),
        }
    }

    /// That a part has the boundary in it, at the beginning of a line (RFC 2046 §5.1.1). Some servers know a line by its
    /// LF alone.
    fn broken_up(&self) -> Option<BoxError> {
        let delimiter = format!("\n--{}", self.boundary);
        let delimiter = delimiter.as_bytes();
        let holds = |bytes: &[u8]| {
            let mut windows = bytes.windows(delimiter.len());
            bytes.starts_with(&delimiter[1..]) || windows.any(|found| found == delimiter)
        };
        let mut parts = self.parts.iter().filter(|_| self.is_chosen);
        let is_broken = parts.any(|(_, part)| part.in_memory().is_some_and(holds));
        is_broken.then(|| "the boundary of a form stands in one of its parts".into())
    }

    fn body(self) -> Body {
        let mut pieces = Vec::with_capacity(self.parts.len() * 2 + 1);
        let mut text = String::new();
        for (name, part) in self.parts {
            let _ = write!(text, "--{}\r\n", self.boundary);
            part.write_head(&name, &mut text);
            pieces.push(Content::Bytes(std::mem::take(&mut text).into()));
            pieces.push(part.into_content());
            text.push_str("\r\n");
        }
        let _ = write!(text, "--{}--\r\n", self.boundary);
        pieces.push(Content::Bytes(text.into()));
        if let Some(whole) = in_memory(&pieces) {
            return Body::from(whole);
        }
        match again(&pieces) {
            Some(_) => Body::from_fn(move || chain(again(&pieces).unwrap_or_default())),
            None => Body::stream(chain(pieces)),
        }
    }
}

/// Everything as one piece, where everything is there.
fn in_memory(pieces: &[Content]) -> Option<Bytes> {
    let bytes = pieces.iter().map(Content::in_memory);
    bytes
        .collect::<Option<Vec<_>>>()
        .map(|bytes| Bytes::from(bytes.concat()))
}

/// Everything once more, where nothing need be kept for that.
fn again(pieces: &[Content]) -> Option<Vec<Content>> {
    pieces.iter().map(Content::again).collect()
}

fn chain(pieces: Vec<Content>) -> Chain {
    Chain::new(pieces.into_iter().map(Content::into_body).collect())
}

impl From<Multipart> for crate::Payload {
    fn from(form: Multipart) -> Self {
        Self::multipart(form)
    }
}

impl Default for Multipart {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
