use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use crate::credential::Credential;
use crate::error::{InvalidCredential, Rule};
use crate::secret::{self, Secret};

/// What a [`TokenSource`](crate::TokenSource) gives: a credential with an end, and perhaps with what
/// is needed to get the next one.
///
/// Sent as `Authorization: Bearer …` unless told otherwise. Its secrets are wiped when it is dropped,
/// and `Debug` does not show them.
///
/// ```
/// use std::time::Duration;
/// use buttress_auth::Token;
///
/// let token = Token::new("2YotnFZFEjr1zCsicMWpAA")?
///     .expires_in(Duration::from_secs(3600))
///     .refresh_token("tGzv3JOkF0XG5Qx2TlKWIA");
/// assert!(!format!("{token:?}").contains("2YotnFZFEjr1zCsicMWpAA"));
/// # Ok::<_, buttress_auth::InvalidCredential>(())
/// ```
#[derive(Clone)]
pub struct Token {
    secret: Option<Secret>,
    scheme: Cow<'static, str>,
    sent_as: Option<Credential>,
    refresh: Option<Secret>,
    scope: Option<Box<str>>,
    lifetime: Lifetime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// Nobody said.
    Unknown,
    /// From when it was asked for.
    For(Duration),
    Until(SystemTime),
}

impl Token {
    /// An access token, to be sent as `Authorization: Bearer …`. Nothing is known of its end.
    ///
    /// # Errors
    ///
    /// If it is empty, or not one word of visible ASCII characters.
    pub fn new(secret: impl Into<String>) -> Result<Self, InvalidCredential> {
        let secret = Secret::new(secret);
        secret::check_word(secret.as_str())?;
        Ok(Self {
            secret: Some(secret),
            ..Self::blank()
        })
    }

    const fn blank() -> Self {
        Self {
            secret: None,
            scheme: Cow::Borrowed("Bearer"),
            sent_as: None,
            refresh: None,
            scope: None,
            lifetime: Lifetime::Unknown,
        }
    }

    /// Another scheme than `Bearer`, as in `Authorization: <scheme> <token>`.
    ///
    /// # Errors
    ///
    /// If it is not a token of [RFC 9110 §5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2).
    pub fn scheme(
        mut self,
        scheme: impl Into<Cow<'static, str>>,
    ) -> Result<Self, InvalidCredential> {
        self.scheme = scheme.into();
        if is_token(&self.scheme) {
            Ok(self)
        } else {
            Err(Rule::Scheme.into())
        }
    }

    /// How it is sent, in place of the `Authorization` header: in another header, a cookie, several
    /// at once.
    #[must_use]
    pub fn sent_as(mut self, credential: Credential) -> Self {
        self.sent_as = Some(credential);
        self
    }

    /// How long it is good for, counted from when it was asked for.
    #[must_use]
    pub const fn expires_in(mut self, life: Duration) -> Self {
        self.lifetime = Lifetime::For(life);
        self
    }

    /// The date at which it ends.
    #[must_use]
    pub const fn expires_at(mut self, date: SystemTime) -> Self {
        self.lifetime = Lifetime::Until(date);
        self
    }

    /// What the next token can be had for. Handed to the source with the token that it came with.
    #[must_use]
    pub fn refresh_token(mut self, secret: impl Into<String>) -> Self {
        self.refresh = Some(Secret::new(secret));
        self
    }

    /// What it allows, in the words of its issuer.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<Box<str>>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// With a life that was given as a length as one that ends at a date instead, if it was asked
    /// for at `since`. Stores need it: a length means nothing to whoever reads it later.
    #[must_use]
    pub fn dated(mut self, since: SystemTime) -> Self {
        if let Lifetime::For(life) = self.lifetime {
            // Beyond what a calendar can say is as good as for ever.
            let end = since.checked_add(life);
            self.lifetime = end.map_or(Lifetime::Unknown, Lifetime::Until);
        }
        self
    }

    /// The secret itself, for the source and the store; `None` for a token that was made from a
    /// [`Credential`].
    #[must_use]
    pub fn expose(&self) -> Option<&str> {
        self.secret.as_ref().map(Secret::as_str)
    }

    /// What the next token can be had for.
    #[must_use]
    pub fn expose_refresh_token(&self) -> Option<&str> {
        self.refresh.as_ref().map(Secret::as_str)
    }

    /// The scheme that it is sent with.
    #[must_use]
    pub fn scheme_name(&self) -> &str {
        &self.scheme
    }

    /// What it allows, if that is known.
    #[must_use]
    pub fn scope_text(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// The life that it was given, if it was given as a length.
    #[must_use]
    pub const fn life(&self) -> Option<Duration> {
        match self.lifetime {
            Lifetime::For(life) => Some(life),
            Lifetime::Unknown | Lifetime::Until(_) => None,
        }
    }

    /// The date at which it ends, if it was given as a date.
    #[must_use]
    pub const fn end(&self) -> Option<SystemTime> {
        match self.lifetime {
            Lifetime::Until(date) => Some(date),
            Lifetime::Unknown | Lifetime::For(_) => None,
        }
    }

    /// Whether both hold the same secret. Nothing is known of tokens without one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }

    pub(crate) const fn lifetime(&self) -> Lifetime {
        self.lifetime
    }

    /// As it is sent.
    pub(crate) fn credential(&self) -> Result<Credential, InvalidCredential> {
        if let Some(credential) = &self.sent_as {
            return Ok(credential.clone());
        }
        let secret = self.expose().ok_or(Rule::Empty)?;
        Credential::authorization(&self.scheme, secret)
    }
}

/// A token that is sent as this credential, for sources that answer with headers of their own.
impl From<Credential> for Token {
    fn from(credential: Credential) -> Self {
        Self::blank().sent_as(credential)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("scheme", &self.scheme)
            .field("sent_as", &self.sent_as)
            .field("lifetime", &self.lifetime)
            .field("has_refresh_token", &self.refresh.is_some())
            .finish_non_exhaustive()
    }
}

/// Whether this is a token of [RFC 9110 §5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2).
pub(crate) fn is_token(text: &str) -> bool {
    let tchar = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(tchar)
}
