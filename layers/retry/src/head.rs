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
    fields: Bytes,
}

/// In front of each field: the name's length and one bit for a sensitive value, then the value's
/// length, eight bytes each.
const MARKS: usize = 16;

impl Head {
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            extensions: request.extensions().clone(),
            fields: Bytes::from(flattened(request.headers())),
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
        for field in self.layout() {
            let name = HeaderName::from_bytes(&self.fields[field.name]).ok()?;
            let value = self.fields.slice(field.value);
            let mut value = HeaderValue::from_maybe_shared(value).ok()?;
            value.set_sensitive(field.sensitive);
            request.headers_mut().append(name, value);
        }
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        *request.extensions_mut() = self.extensions.clone();
        Some(request)
    }

    /// Where the fields are.
    fn layout(&self) -> impl Iterator<Item = Field> {
        let mut at = 0;
        iter::from_fn(move || {
            let (marks, length) = (number(&self.fields, at)?, number(&self.fields, at + 8)?);
            let name = at + MARKS..at + MARKS + (marks >> 1);
            let value = name.end..name.end + length;
            at = value.end;
            Some(Field {
                name,
                value,
                sensitive: marks & 1 == 1,
            })
        })
    }
}

/// Where a field's parts are.
struct Field {
    name: Range<usize>,
    value: Range<usize>,
    sensitive: bool,
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    usize::try_from(u64::from_le_bytes(*bytes)).ok()
}

fn flattened(headers: &HeaderMap) -> Vec<u8> {
    let length =
        |(name, value): (&HeaderName, &HeaderValue)| MARKS + name.as_str().len() + value.len();
    let mut flat = Vec::with_capacity(headers.iter().map(length).sum());
    for (name, value) in headers {
        let name = name.as_str();
        let marks = (name.len() as u64) << 1 | u64::from(value.is_sensitive());
        flat.extend_from_slice(&marks.to_le_bytes());
        flat.extend_from_slice(&(value.len() as u64).to_le_bytes());
        flat.extend_from_slice(name.as_bytes());
        flat.extend_from_slice(value.as_bytes());
    }
    flat
}
