use std::time::Duration;

use crate::clock::nanos;
use crate::rules::Patience;

/// What one request wants otherwise, carried in its extensions.
///
/// For a request that [nobody waits for](buttress_kernel::Background), its cost alone counts.
///
/// ```
/// use std::time::Duration;
/// use buttress_rate_limit::Override;
///
/// let mut request = http::Request::get("https://api.example.com/export").body(())?;
/// request.extensions_mut().insert(Override::new().cost(10).wait(Duration::from_secs(2)));
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Override {
    pub(crate) skip: bool,
    pub(crate) cost: Option<u32>,
    pub(crate) patience: Option<Patience>,
}

impl Override {
    /// Nothing otherwise yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            skip: false,
            cost: None,
            patience: None,
        }
    }

    /// Goes at once and pays nothing.
    #[must_use]
    pub const fn skip(mut self) -> Self {
        self.skip = true;
        self
    }

    /// Pays so many tokens, whatever the layer would ask.
    #[must_use]
    pub const fn cost(mut self, tokens: u32) -> Self {
        self.cost = Some(tokens);
        self
    }

    /// Waits so long at most, also where the layer rejects. Takes the place of
    /// [`reject`](Self::reject).
    #[must_use]
    pub fn wait(mut self, most: Duration) -> Self {
        self.patience = Some(Patience::Wait(nanos(most)));
        self
    }

    /// Fails at once instead of waiting. Takes the place of [`wait`](Self::wait).
    #[must_use]
    pub const fn reject(mut self) -> Self {
        self.patience = Some(Patience::Reject);
        self
    }
}
