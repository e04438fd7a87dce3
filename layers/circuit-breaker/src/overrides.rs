/// What one request wants otherwise, carried in its extensions.
///
/// It does not count for a request that [nobody waits for](buttress_kernel::Background).
///
/// ```
/// use buttress_circuit_breaker::Override;
///
/// let mut request = http::Request::get("https://api.example.com/health").body(())?;
/// request.extensions_mut().insert(Override::new().bypass());
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Override {
    pub(crate) bypass: bool,
}

impl Override {
    /// Nothing otherwise yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { bypass: false }
    }

    /// Makes the call whatever the circuit's state, and counts it for nothing: for health checks
    /// with a meaning of their own, and for what must be tried at any price.
    #[must_use]
    pub const fn bypass(mut self) -> Self {
        self.bypass = true;
        self
    }
}
