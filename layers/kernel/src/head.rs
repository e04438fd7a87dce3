use std::iter;
use std::ops::Range;

use bytes::Bytes;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};

/// A request's head, kept so that the request can be sent again as it was.
///
/// It is taken of every request that can be sent again and needed by hardly any, so it must be cheap
/// to take. A clone of a header map costs two allocations and copies its table; here all fields lie
/// in one flat buffer, which costs one and is only taken apart again when it is needed.
///
/// The buffer holds what sensitive fields say. It is not wiped; take the head before a secret is added.
///
/// ```
/// use buttress_kernel::Head;
/// use http::Request;
///
/// let request = Request::get("https://example.com/").header("accept", "text/plain").body(())?;
/// let head = Head::of(&request);
///
/// let again = head.restore("another body").expect("what http has accepted, it accepts");
/// assert_eq!(again.uri(), request.uri());
/// assert_eq!(again.headers(), request.headers());
/// # Ok::<_, http::Error>(())
/// ```
pub struct Head {
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

/// Room for each field, in bytes. Most are shorter; where they are not, the buffer grows, which
/// costs less than going through all fields twice.
const ROOM: usize = 64;

impl Head {
    /// The head of this request.
    #[inline]
    #[must_use]
    pub fn of<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            extensions: cloned(request.extensions()),
            fields: flattened(request.headers()),
        }
    }

    /// The request's method.
    #[inline]
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// The request's extensions.
    #[inline]
    #[must_use]
    pub const fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The values of all fields of this name.
    pub fn values(&self, name: &HeaderName) -> impl Iterator<Item = &[u8]> {
        let is_it =
            move |field: &Field| &self.fields[field.name.clone()] == name.as_str().as_bytes();
        let fields = layout(&self.fields).filter(is_it);
        fields.map(|field| &self.fields[field.value])
    }

    /// The request as it was, with this body; `None` when a field holds what `http` would not accept
    /// from anybody, so that it cannot be made again.
    #[must_use]
    pub fn restore<B>(&self, body: B) -> Option<Request<B>> {
        let mut request = Request::new(body);
        *request.headers_mut() = restored(&self.fields)?;
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        *request.extensions_mut() = cloned(&self.extensions);
        Some(request)
    }
}

/// Shows neither the query nor the fields' values.
impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Head")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .field("fields", &layout(&self.fields).count())
            .finish_non_exhaustive()
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

fn restored(fields: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    let values = Bytes::copy_from_slice(fields);
    for field in layout(fields) {
        let name = HeaderName::from_bytes(&fields[field.name]).ok()?;
        let mut value = HeaderValue::from_maybe_shared(values.slice(field.value)).ok()?;
        value.set_sensitive(field.sensitive);
        headers.append(name, value);
    }
    Some(headers)
}

/// Where a field's parts are.
struct Field {
    name: Range<usize>,
    value: Range<usize>,
    sensitive: bool,
}

/// Where the fields are.
fn layout(fields: &[u8]) -> impl Iterator<Item = Field> {
    let mut at = 0;
    iter::from_fn(move || {
        let marks = u64::from_le_bytes(*fields.get(at..)?.first_chunk()?);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(value: &[u8]) -> HeaderValue {
        let mut secret = HeaderValue::from_bytes(value).unwrap();
        secret.set_sensitive(true);
        secret
    }

    #[test]
    fn a_head_comes_back_as_it_was() {
        let request = Request::patch("https://a.example/b?c=d")
            .version(Version::HTTP_2)
            .header("x-two", "1")
            .header("cookie", secret(b"s=\xff"))
            .header("x-two", "2")
            .header("x-none", "")
            .header("x-long", "v".repeat(1_000))
            .extension(7_u32)
            .body(())
            .unwrap();
        let head = Head::of(&request);
        assert_eq!(head.method(), Method::PATCH);
        assert_eq!(head.extensions().get::<u32>(), Some(&7));
        for _ in 0..2 {
            let again = head.restore(()).unwrap();
            assert_eq!(again.method(), request.method());
            assert_eq!(again.uri(), request.uri());
            assert_eq!(again.version(), request.version());
            assert_eq!(again.headers(), request.headers());
            assert!(again.headers()["cookie"].is_sensitive());
            assert!(!again.headers()["x-none"].is_sensitive());
            assert_eq!(again.extensions().get::<u32>(), Some(&7));
        }
    }

    #[test]
    fn the_longest_name_and_a_long_value_fit() {
        let name = "n".repeat(u16::MAX as usize - 1);
        let mut request = Request::new(());
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        let value = HeaderValue::try_from("v".repeat(100_000)).unwrap();
        request.headers_mut().insert(name.clone(), value);
        request
            .headers_mut()
            .insert("after", HeaderValue::from_static("it"));
        let head = Head::of(&request);
        assert_eq!(head.restore(()).unwrap().headers(), request.headers());
        assert_eq!(head.values(&name).next().unwrap().len(), 100_000);
    }

    #[test]
    fn all_values_of_a_name_are_found() {
        let request = Request::get("/")
            .header("a", "1")
            .header("b", "")
            .header("a", "2");
        let head = Head::of(&request.body(()).unwrap());
        let values = |name| {
            head.values(&HeaderName::from_static(name))
                .collect::<Vec<_>>()
        };
        assert_eq!(values("a"), [b"1", b"2"]);
        assert_eq!(values("b"), [b""]);
        assert!(values("c").is_empty());
    }

    #[test]
    fn neither_query_nor_values_are_shown() {
        let request = Request::get("/p?q=s3cret").header("cookie", "s3cret");
        let shown = format!("{:?}", Head::of(&request.body(()).unwrap()));
        assert_eq!(shown, "Head { method: GET, path: \"/p\", fields: 1, .. }");
    }
}
