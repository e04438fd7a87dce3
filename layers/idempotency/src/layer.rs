use std::fmt;
use std::sync::Arc;

use buttress_kernel::IdempotencyHeader;
use http::{HeaderName, HeaderValue, Method, Request};
use tower_layer::Layer;
use uuid::Uuid;

use crate::overrides::Override;
use crate::service::IdempotencyKey;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Adds an idempotency key to requests that need one and have none.
///
/// | setting | default |
/// | --- | --- |
/// | [`header`](Self::header) | `Idempotency-Key` |
/// | [`methods`](Self::methods) | POST and PATCH |
/// | [`generator`](Self::generator) | a random UUID (version 4), 122 bits from the operating system |
///
/// ```
/// use buttress_idempotency::IdempotencyKeyLayer;
/// use http::{HeaderName, Method};
///
/// let layer = IdempotencyKeyLayer::new()
///     .header(HeaderName::from_static("x-request-token"))
///     .methods([Method::POST, Method::PUT]);
/// ```
#[derive(Clone)]
pub struct IdempotencyKeyLayer {
    settings: Arc<Settings>,
}

/// What a layer was told.
#[derive(Clone)]
pub(crate) struct Settings {
    header: HeaderName,
    methods: Vec<Method>,
    generator: Arc<dyn Fn() -> HeaderValue + Send + Sync>,
}

impl IdempotencyKeyLayer {
    /// The usual header, methods and generator.
    #[must_use]
    pub fn new() -> Self {
        let settings = Settings {
            header: IDEMPOTENCY_KEY,
            methods: vec![Method::POST, Method::PATCH],
            generator: Arc::new(random),
        };
        Self {
            settings: Arc::new(settings),
        }
    }

    /// The header that carries the key. Under whatever name, retry and the other layers of this workspace know it by
    /// an [`IdempotencyHeader`] in the request's extensions, which is left for a caller's own key, too.
    #[must_use]
    pub fn header(mut self, name: HeaderName) -> Self {
        Arc::make_mut(&mut self.settings).header = name;
        self
    }

    /// The methods that get a key. Those that are idempotent by themselves
    /// ([RFC 9110 §9.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2)) need none.
    #[must_use]
    pub fn methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        Arc::make_mut(&mut self.settings).methods = methods.into_iter().collect();
        self
    }

    /// Where keys come from. Two calls must never get the same, and nobody should be able to guess
    /// one: whoever knows a key may be told the answer that was meant for its owner.
    #[must_use]
    pub fn generator<F>(mut self, generator: F) -> Self
    where
        F: Fn() -> HeaderValue + Send + Sync + 'static,
    {
        Arc::make_mut(&mut self.settings).generator = Arc::new(generator);
        self
    }
}

impl Default for IdempotencyKeyLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for IdempotencyKeyLayer {
    type Service = IdempotencyKey<S>;

    fn layer(&self, inner: S) -> Self::Service {
        IdempotencyKey::new(inner, Arc::clone(&self.settings))
    }
}

impl fmt::Debug for IdempotencyKeyLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyKeyLayer")
            .field("header", &self.header)
            .field("methods", &self.methods)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Adds a key, if the request is to have one.
    pub(crate) fn apply<B>(&self, request: &mut Request<B>) -> bool {
        let due = self.is_due(request);
        if due {
            let key = (self.generator)();
            request.headers_mut().insert(&self.header, key);
        }
        let has_own_name = self.header != IDEMPOTENCY_KEY;
        if has_own_name && request.headers().contains_key(&self.header) {
            let header = IdempotencyHeader::new(self.header.clone());
            request.extensions_mut().insert(header);
        }
        due
    }

    fn is_due<B>(&self, request: &Request<B>) -> bool {
        let change = request
            .extensions()
            .get()
            .copied()
            .unwrap_or(Override::new());
        let wanted = change.require || self.methods.contains(request.method());
        wanted && !change.skip && !request.headers().contains_key(&self.header)
    }
}

fn random() -> HeaderValue {
    let mut text = Uuid::encode_buffer();
    let text = Uuid::new_v4().hyphenated().encode_lower(&mut text);
    HeaderValue::from_str(text).expect("hexadecimal digits and hyphens are fit for a header")
}
