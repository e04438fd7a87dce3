/// What one request wants otherwise, carried in its extensions.
///
/// ```
/// use buttress_idempotency::Override;
///
/// let mut search = http::Request::post("https://api.example.com/search").body(())?;
/// search.extensions_mut().insert(Override::new().skip());
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Override {
    pub(crate) skip: bool,
    pub(crate) require: bool,
}

impl Override {
    /// Nothing otherwise yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            skip: false,
            require: false,
        }
    }

    /// Adds no key. Takes the place of [`require`](Self::require).
    #[must_use]
    pub const fn skip(mut self) -> Self {
        self.skip = true;
        self.require = false;
        self
    }

    /// Adds a key whatever the method. Takes the place of [`skip`](Self::skip).
    #[must_use]
    pub const fn require(mut self) -> Self {
        self.require = true;
        self.skip = false;
        self
    }
}
