/// What one request wants otherwise, carried in its extensions.
///
/// ```
/// use buttress_sign::Override;
///
/// let mut request = http::Request::get("https://api.example.com/public").body(())?;
/// request.extensions_mut().insert(Override::new().skip());
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Override {
    pub(crate) skip: bool,
}

impl Override {
    /// Nothing otherwise yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { skip: false }
    }

    /// Sends the request unsigned.
    #[must_use]
    pub const fn skip(mut self) -> Self {
        self.skip = true;
        self
    }

    pub(crate) fn of(extensions: &http::Extensions) -> Self {
        extensions.get().copied().unwrap_or_default()
    }
}
