use http::{Extensions, HeaderName};

use crate::Head;

const USUAL: HeaderName = HeaderName::from_static("idempotency-key");

/// Which header carries the idempotency key of a request, besides `Idempotency-Key`; in the request's extensions.
///
/// Whoever adds keys under another name leaves this, so that retry, redirects and fallbacks know one when they see
/// it.
///
/// ```
/// use buttress_kernel::{Head, IdempotencyHeader};
/// use http::{HeaderName, Request};
///
/// let own = IdempotencyHeader::new(HeaderName::from_static("x-request-token"));
/// let order = Request::post("https://api.example/orders").header("x-request-token", "7");
/// let order = order.extension(own).body(())?;
/// assert!(Head::of(&order).has_idempotency_key());
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyHeader(HeaderName);

impl IdempotencyHeader {
    /// The header of this name.
    #[must_use]
    pub const fn new(name: HeaderName) -> Self {
        Self(name)
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &HeaderName {
        &self.0
    }

    /// Whether a request with these extensions carries its key under this name.
    #[must_use]
    pub fn is(name: &HeaderName, extensions: &Extensions) -> bool {
        *name == USUAL || extensions.get::<Self>().is_some_and(|own| own.0 == *name)
    }
}

impl Head {
    /// Whether the request has an idempotency key, so that its repetitions can be told from new ones. An empty one
    /// is none.
    #[must_use]
    pub fn has_idempotency_key(&self) -> bool {
        let has = |name: &HeaderName| self.values(name).any(|key| !key.is_empty());
        let usual = USUAL;
        let own = self.extensions().get::<IdempotencyHeader>();
        has(&usual) || own.is_some_and(|own| has(own.name()))
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn a_key_is_known_under_either_name() {
        let own = IdempotencyHeader::new(HeaderName::from_static("x-token"));
        for (name, value, marked, has) in [
            ("idempotency-key", "7", false, true),
            ("idempotency-key", "7", true, true),
            ("idempotency-key", "", true, false),
            ("x-token", "7", false, false),
            ("x-token", "7", true, true),
            ("x-token", "", true, false),
            ("x-other", "7", true, false),
        ] {
            let mut request = Request::post("/").header(name, value).body(()).unwrap();
            if marked {
                request.extensions_mut().insert(own.clone());
            }
            let head = Head::of(&request);
            assert_eq!(head.has_idempotency_key(), has, "{name} {value} {marked}");
            let name = HeaderName::from_static(name);
            let is_key = IdempotencyHeader::is(&name, request.extensions());
            assert_eq!(is_key, has || value.is_empty(), "{name} {marked}");
        }
    }
}
