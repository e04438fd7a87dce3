use bytes::Bytes;
use http::Response;

/// What one request wants otherwise, carried in its extensions.
///
/// It does not count for a request that [nobody waits for](buttress_kernel::Background).
///
/// ```
/// use buttress_fallback::Override;
///
/// let mut search = http::Request::post("https://api.example.com/search").body(())?;
/// // A search changes nothing, so an empty result may stand for a failed one.
/// let nothing = http::Response::new(bytes::Bytes::from_static(b"[]"));
/// search.extensions_mut().insert(Override::new().on().value(nothing));
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Override {
    wanted: Option<bool>,
    value: Option<Response<Bytes>>,
}

impl Override {
    /// Nothing otherwise yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            wanted: None,
            value: None,
        }
    }

    /// Falls back whatever the method. The layer's rule for failures stays.
    #[must_use]
    pub const fn on(mut self) -> Self {
        self.wanted = Some(true);
        self
    }

    /// Does not fall back.
    #[must_use]
    pub const fn off(mut self) -> Self {
        self.wanted = Some(false);
        self
    }

    /// Answers with this in place of the layer's substitute.
    #[must_use]
    pub fn value(mut self, response: Response<Bytes>) -> Self {
        self.value = Some(response);
        self
    }

    pub(crate) const fn wanted(&self) -> Option<bool> {
        self.wanted
    }

    pub(crate) const fn own_value(&self) -> Option<&Response<Bytes>> {
        self.value.as_ref()
    }
}
