use std::iter;
use std::ops::Range;

use bytes::Bytes;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};

/// A request's head, kept so that the request can be sent again exactly as it was.
///
/// A clone of a header map costs two allocations and copies its table. Here all fields lie in one
/// flat buffer, which costs one and is only taken apart again if an attempt fails.
pub(crate) struct Head {
    method: Method,
    uri: Uri,
    version: Version,
    extensions: Extensions,
    /// For each field its marks, its name and its value.
    fields: Vec<u8>,
}

/// In front of each field lie eight bytes: the value's length above the name's, and one bit for a
/// sensitive value.
const MARKS: usize = 8;

/// Where the value's length begins in the marks. Below it there is room for the length of any name
/// that `http` accepts, and above it for that of any value in memory.
const VALUE: u32 = 17;

impl Head {
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            extensions: cloned(request.extensions()),
            fields: flattened(request.headers()),
        }
    }

    pub(crate) const fn method(&self) -> &Method {
        &self.method
    }

    pub(crate) const fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Whether the request says that its repetitions can be told from new ones.
    pub(crate) fn has_idempotency_key(&self) -> bool {
        let is_key = |field: &Field| &self.fields[field.name.clone()] == b"idempotency-key";
        self.layout()
            .any(|field| is_key(&field) && !field.value.is_empty())
    }

    /// The request as it was, with another body; `None` when a field holds what `http` would
    /// not accept from anybody, so that it cannot be made again.
    pub(crate) fn restore<B>(&self, body: B) -> Option<Request<B>> {
        let mut request = Request::new(body);
        let values = Bytes::copy_from_slice(&self.fields);
        for field in self.layout() {
            let name = HeaderName::from_bytes(&self.fields[field.name]).ok()?;
            let value = values.slice(field.value);
            let mut value = HeaderValue::from_maybe_shared(value).ok()?;
            value.set_sensitive(field.sensitive);
            request.headers_mut().append(name, value);
        }
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        *request.extensions_mut() = cloned(&self.extensions);
        Some(request)
    }

    /// Where the fields are.
    fn layout(&self) -> impl Iterator<Item = Field> {
        let mut at = 0;
        iter::from_fn(move || {
            let marks = u64::from_le_bytes(*self.fields.get(at..)?.first_chunk()?);
            let length = |marks| usize::try_from(marks).ok();
            let name = at + MARKS..at + MARKS + length((marks % (1 << VALUE)) >> 1)?;
            let value = name.end..name.end + length(marks >> VALUE)?;
            at = value.end;
            Some(Field {
                name,
                value,
                sensitive: marks & 1 == 1,
            })
        })
    }
}

/// A clone of nothing is nothing: a map that was emptied keeps its room, which nobody needs twice.
#[inline]
fn cloned(extensions: &Extensions) -> Extensions {
    if extensions.is_empty() {
        Extensions::new()
    } else {
        extensions.clone()
    }
}

/// Where a field's parts are.
struct Field {
    name: Range<usize>,
    value: Range<usize>,
    sensitive: bool,
}

/// Room for each field, in bytes. Most are shorter; where they are not, the buffer grows, which
/// costs less than going through all fields twice.
const ROOM: usize = 64;

fn flattened(headers: &HeaderMap) -> Vec<u8> {
    let mut flat = Vec::with_capacity(headers.len() * ROOM);
    headers.iter().for_each(|(name, value)| {
        let name = name.as_str();
        let lengths = (value.len() as u64) << VALUE | (name.len() as u64) << 1;
        let marks = lengths | u64::from(value.is_sensitive());
        flat.extend_from_slice(&marks.to_le_bytes());
        flat.extend_from_slice(name.as_bytes());
        flat.extend_from_slice(value.as_bytes());
    });
    flat
}
