use std::time::Duration;

use crate::rules::Patience;

/// What one request wants otherwise, carried in its extensions.
///
/// It does not count for a request that [nobody waits for](buttress_kernel::Background).
///
/// ```
/// use std::time::Duration;
/// use buttress_retry_after::Override;
///
/// let mut request = http::Request::get("https://api.example.com/health").body(())?;
/// request.extensions_mut().insert(Override::new().max_hold(Duration::from_secs(2)));
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Override {
    pub(crate) ignore: bool,
    pub(crate) patience: Option<Patience>,
}

impl Override {
    /// Nothing otherwise yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            ignore: false,
            patience: None,
        }
    }

    /// Sends the request whatever is held. Its response teaches the gate like any other.
    #[must_use]
    pub const fn ignore(mut self) -> Self {
        self.ignore = true;
        self
    }

    /// Waits so long at most, also where the layer rejects. Takes the place of
    /// [`reject`](Self::reject).
    #[must_use]
    pub const fn max_hold(mut self, most: Duration) -> Self {
        self.patience = Some(Patience::Hold(most));
        self
    }

    /// Fails at once instead of waiting. Takes the place of [`max_hold`](Self::max_hold).
    #[must_use]
    pub const fn reject(mut self) -> Self {
        self.patience = Some(Patience::Reject);
        self
    }
}
