use std::pin::pin;

use buttress_kernel::Sent;

use super::{Landed, Status, Tokens, Watch, Why, now};
use crate::{InvalidCredential, Token, Unauthenticated};

/// Looks at [`Tokens`] from outside, and changes them. Clones are the same.
///
/// It has no say over tokens that are fetched for [each
/// request](super::Builder::each_request): there is nothing to keep.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use buttress_auth::{Token, Tokens};
///
/// let tokens = Tokens::new(|| async { Token::new("from-the-source") });
/// let handle = tokens.handle();
///
/// handle.refresh().await?; // at the start, so that the first request need not wait
/// assert!(handle.status().has_token());
///
/// handle.set(Token::new("from-a-login")?)?;
/// assert_eq!(handle.status().generation(), 2);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Handle(Tokens);

impl Handle {
    pub(super) const fn new(tokens: Tokens) -> Self {
        Self(tokens)
    }

    /// What is known now.
    #[must_use]
    pub fn status(&self) -> Status {
        *self.0.0.vault.watch().borrow()
    }

    /// Tells when the status changes.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch::new(self.0.0.vault.watch())
    }

    /// The token at hand is not sent any more: the next request fetches another, at once though the
    /// last fetch may have failed. The source still learns of it, for its refresh token.
    pub fn invalidate(&self) {
        self.0.0.vault.invalidate();
    }

    /// Fetches a token now, or waits for the fetch under way, though the token at hand may be fresh
    /// and the last fetch may have failed. Requests go on with the token at hand meanwhile.
    ///
    /// # Errors
    ///
    /// When the fetch fails, though there may be a token at hand.
    ///
    /// # Cancellation
    ///
    /// The fetch goes on.
    pub async fn refresh(&self) -> Result<(), Unauthenticated> {
        loop {
            let vault = &self.0.0.vault;
            let (ticket, start) = vault.demand();
            self.0.launch(start, Why::Demanded);
            let flight = ticket.flight();
            match self.0.ended(flight, pin!(ticket.landed())).await {
                Landed::Token(_) => return Ok(()),
                Landed::Failed(fallen) => return Err(Unauthenticated::told(&fallen, Sent::No)),
                Landed::Superseded if vault.usable(now()).is_some() => return Ok(()),
                Landed::Superseded => {}
            }
        }
    }

    /// Puts a token in place, for instance after somebody has signed in. A fetch under way counts for
    /// nothing; who waits for it gets this one. The source [is told](crate::TokenSource::changed), and
    /// a [store](crate::Stored) with it, in the background.
    ///
    /// # Errors
    ///
    /// If it cannot be sent.
    pub fn set(&self, token: Token) -> Result<(), InvalidCredential> {
        let sent = token.credential()?;
        let inner = &self.0.0;
        let _changing = inner.changing.lock();
        // A fetch that begins now finds the new token already.
        inner.source.changed(Some(&token));
        let life = inner.life(&token, now());
        inner.vault.set(sent, token, life);
        Ok(())
    }

    /// Forgets the token, its refresh token and all failures, as at a logout. A fetch under way counts
    /// for nothing; the next request asks the source from the beginning. What a
    /// [store](crate::Stored) holds is removed, in the background.
    pub fn clear(&self) {
        let inner = &self.0.0;
        let _changing = inner.changing.lock();
        inner.source.changed(None);
        inner.vault.clear();
    }
}
