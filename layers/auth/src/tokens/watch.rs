use std::fmt;

use tokio::sync::watch::Receiver;

use super::Status;

/// Tells when the [`Status`] of a source's tokens changes; made by
/// [`Handle::watch`](super::Handle::watch).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use buttress_auth::{Token, Tokens};
///
/// let handle = Tokens::new(|| async { Token::new("abc") }).handle();
/// let mut watch = handle.watch();
///
/// handle.set(Token::new("def")?)?;
/// assert_eq!(watch.changed().await.map(|status| status.generation()), Some(1));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Watch(Receiver<Status>);

impl Watch {
    pub(super) const fn new(changes: Receiver<Status>) -> Self {
        Self(changes)
    }

    /// The status now.
    #[must_use]
    pub fn status(&self) -> Status {
        *self.0.borrow()
    }

    /// Waits for a change, and returns the status then; of several changes only the last is told.
    /// `None` when all the tokens, layers and handles are gone.
    ///
    /// # Cancellation
    ///
    /// Dropping the future loses nothing: the next one tells of what has changed since.
    pub async fn changed(&mut self) -> Option<Status> {
        self.0.changed().await.ok()?;
        Some(*self.0.borrow_and_update())
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watch").field(&self.status()).finish()
    }
}
