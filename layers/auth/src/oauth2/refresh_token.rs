use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::endpoint::TokenEndpoint;
use super::form::{Form, Scopes};
use super::not_granted::{NotGranted, Problem};
use crate::secret::Secret;
use crate::{FetchError, Token, TokenSource};

/// Tokens for a user who has signed in: the refresh token grant
/// ([RFC 6749 §6](https://www.rfc-editor.org/rfc/rfc6749#section-6)).
///
/// Each token brings the refresh token for the next one. Where the server gives a new one (rotation),
/// it takes the place of the old one, which is not used again: a server takes its second use for a theft
/// and ends the session. Where the server gives none, the old one stays. `invalid_grant` means that
/// the session has ended: [terminal](FetchError::terminal). Any other refusal leaves it: a wrong client
/// secret is no reason to sign in again.
///
/// Within [`Stored`](crate::Stored), the session survives the process.
///
/// ```
/// use buttress_auth::oauth2::{ClientAuth, FileStore, RefreshToken, TokenEndpoint};
/// use buttress_auth::{Stored, Tokens};
/// # let http_client = buttress_testkit::Scripted::new([buttress_testkit::Step::ok()]);
///
/// let client = ClientAuth::public("my-program")?;
/// let endpoint = TokenEndpoint::new(http_client, "https://id.example.com/token", client)?;
/// let session = Stored::new(RefreshToken::new(endpoint), FileStore::new("/home/alice/.my-program"));
/// let tokens = Tokens::new(session);
/// // After somebody has signed in: `tokens.handle().set(token)`.
/// # drop(tokens);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct RefreshToken {
    endpoint: TokenEndpoint,
    scopes: Scopes,
    /// The one to begin with, until it is used.
    first: Mutex<Option<Secret>>,
}

impl RefreshToken {
    /// Renews the tokens that it is given, by a store or by [`Handle::set`](crate::Handle::set).
    #[must_use]
    pub const fn new(endpoint: TokenEndpoint) -> Self {
        Self {
            endpoint,
            scopes: Scopes::NONE,
            first: Mutex::new(None),
        }
    }

    /// The refresh token to begin with, for want of a token that has one. Once it has been replaced or
    /// refused, or a [`Handle`](crate::Handle) has set or cleared the session, it is not used again: it
    /// may be that of another user.
    #[must_use]
    pub fn first(self, refresh_token: impl Into<String>) -> Self {
        *self.lock() = Some(Secret::new(refresh_token));
        self
    }

    /// Adds a scope to ask for, out of those that were granted. Unless one is added, all remain.
    #[must_use]
    pub fn scope(mut self, scope: &str) -> Self {
        self.scopes.add(scope);
        self
    }

    fn lock(&self) -> MutexGuard<'_, Option<Secret>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the first one, if it is this.
    fn used_up(&self, refresh: &Secret) {
        let mut first = self.lock();
        if first.as_ref() == Some(refresh) {
            *first = None;
        }
    }

    async fn renew(&self, refresh: &Secret) -> Result<Token, FetchError> {
        let mut form = Form::grant("refresh_token");
        form.push("refresh_token", refresh.as_str());
        form.push_some("scope", self.scopes.as_str());
        match self.endpoint.grant(form).await {
            Ok(granted) if granted.token.expose_refresh_token().is_some() => {
                self.used_up(refresh);
                Ok(granted.token)
            }
            Ok(granted) => Ok(granted.token.refresh_token(refresh.as_str())),
            Err(error) => {
                let ended = error.is_terminal() && error.code() == Some("invalid_grant");
                if ended {
                    self.used_up(refresh);
                }
                Err(error.told(ended))
            }
        }
    }
}

impl TokenSource for RefreshToken {
    async fn fetch(&self, previous: Option<&Token>) -> Result<Token, FetchError> {
        let held = previous.and_then(Token::expose_refresh_token);
        let refresh = held.map(Secret::new).or_else(|| self.lock().clone());
        match refresh {
            Some(refresh) => self.renew(&refresh).await,
            None => Err(NotGranted::new(Problem::NothingToRefresh).told(true)),
        }
    }

    fn changed(&self, _: Option<&Token>) {
        *self.lock() = None;
    }

    fn spends(&self) -> bool {
        true
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken")
            .field("endpoint", &self.endpoint)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
