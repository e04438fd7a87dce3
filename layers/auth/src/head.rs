use std::iter;
use std::ops::Range;

use bytes::Bytes;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};

/// A request's head as the caller made it, kept for the case that its token is rejected.
///
/// It is made for every request that can be sent again and needed by hardly any, so it must be cheap
/// to make: all fields lie in one buffer, which is one allocation where a clone of the header map is
/// two and takes twice as long.
pub(crate) struct Head {
    method: Method,
    uri: Uri,
    version: Version,
    extensions: Extensions,
    /// For each field its marks, its name and its value.
    fields: Vec<u8>,
}

/// Each field begins with eight bytes: the length of its value above that of its name, and lowest
/// whether the value is sensitive.
const MARKS: usize = 8;

/// Where the value's length begins in them, above the length of any name that `http` accepts.
const VALUE: u32 = 17;

/// Room for each field, in bytes; most need less.
const ROOM: usize = 64;

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

    pub(crate) const fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The request as it was, with this body; `None` when a field holds what `http` would not accept
    /// from anybody else.
    pub(crate) fn restore<B>(self, body: B) -> Option<Request<B>> {
        let mut request = Request::new(body);
        let values = Bytes::copy_from_slice(&self.fields);
        for field in layout(&self.fields) {
            let name = HeaderName::from_bytes(&self.fields[field.name]).ok()?;
            let mut value = HeaderValue::from_maybe_shared(values.slice(field.value)).ok()?;
            value.set_sensitive(field.sensitive);
            request.headers_mut().append(name, value);
        }
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.version_mut() = self.version;
        *request.extensions_mut() = self.extensions;
        Some(request)
    }
}

/// A map that was emptied keeps its room, which nobody needs twice.
#[inline]
fn cloned(extensions: &Extensions) -> Extensions {
    if extensions.is_empty() {
        Extensions::new()
    } else {
        extensions.clone()
    }
}

#[inline]
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

struct Field {
    name: Range<usize>,
    value: Range<usize>,
    sensitive: bool,
}

fn layout(fields: &[u8]) -> impl Iterator<Item = Field> {
    let mut at = 0;
    iter::from_fn(move || {
        let marks = u64::from_le_bytes(*fields.get(at..)?.first_chunk()?);
        let length = |marks| usize::try_from(marks).ok();
        let name = at + MARKS..at + MARKS + length((marks % (1 << VALUE)) >> 1)?;
        let value = name.end..name.end + length(marks >> VALUE)?;
        at = value.end;
        let sensitive = marks & 1 == 1;
        Some(Field {
            name,
            value,
            sensitive,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_comes_back_as_it_was() {
        let mut secret = HeaderValue::from_bytes(b"s=\xff").unwrap();
        secret.set_sensitive(true);
        let request = Request::patch("https://a.example/b?c=d")
            .version(Version::HTTP_2)
            .header("x-two", "1")
            .header("cookie", secret)
            .header("x-two", "2")
            .header("x-none", "")
            .header("x-long", "v".repeat(1_000))
            .extension(7_u32)
            .body(())
            .unwrap();
        let again = Head::of(&request).restore(()).unwrap();
        assert_eq!(again.method(), request.method());
        assert_eq!(again.uri(), request.uri());
        assert_eq!(again.version(), request.version());
        assert_eq!(again.headers(), request.headers());
        assert!(again.headers()["cookie"].is_sensitive());
        assert!(!again.headers()["x-none"].is_sensitive());
        assert_eq!(again.extensions().get::<u32>(), Some(&7));
    }
}
