use std::time::Duration;

/// What one request wants otherwise, carried in its extensions. How urgent it is says a
/// [`Priority`](crate::Priority) beside it.
///
/// It does not count for a request that [nobody waits for](buttress_kernel::Background).
///
/// ```
/// use std::time::Duration;
/// use buttress_priority::Override;
///
/// let mut request = http::Request::get("https://api.example.com/suggest").body(())?;
/// request.extensions_mut().insert(Override::new().max_wait(Duration::from_millis(50)));
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Override {
    pub(crate) skip: bool,
    pub(crate) patience: Option<Patience>,
}

/// The longest that a request waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience(pub(crate) Option<Duration>);

impl Override {
    /// Nothing otherwise yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            skip: false,
            patience: None,
        }
    }

    /// Goes at once and is not counted, as a health check should that must not wait for what it
    /// checks.
    #[must_use]
    pub const fn skip(mut self) -> Self {
        self.skip = true;
        self
    }

    /// Waits so long at most, whatever the layer allows: with [`Duration::ZERO`] not at all, with
    /// `None` without end.
    #[must_use]
    pub fn max_wait(mut self, most: impl Into<Option<Duration>>) -> Self {
        self.patience = Some(Patience(most.into()));
        self
    }
}
