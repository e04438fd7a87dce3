use std::fmt;
use std::sync::Arc;

use buttress_kernel::BoxError;
use http::HeaderValue;

use crate::{InvalidSettings, Secret, SignError};

/// Who signs: an access key, and the session token that comes with a temporary one.
///
/// The secrets are wiped when the last clone is dropped. `Debug` shows the id of the access key, which
/// every request does.
#[derive(Clone)]
pub struct Credentials(Arc<Held>);

#[derive(Clone)]
struct Held {
    id: String,
    secret: Secret,
    token: Option<Secret>,
}

impl Credentials {
    /// An access key.
    ///
    /// # Errors
    ///
    /// If the id is not letters and digits, or if the secret is empty or not text.
    pub fn new(id: &str, secret: impl Into<Secret>) -> Result<Self, InvalidSettings> {
        let secret = secret.into();
        if id.is_empty()
            || !id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            return Err(InvalidSettings::new(
                "the id of an access key is letters and digits",
            ));
        }
        if text(&secret).is_none_or(str::is_empty) {
            return Err(InvalidSettings::new(
                "the secret of an access key is text that is not empty",
            ));
        }
        let (id, token) = (id.to_owned(), None);
        Ok(Self(Arc::new(Held { id, secret, token })))
    }

    /// Adds the session token of a temporary access key.
    ///
    /// # Errors
    ///
    /// If it is empty or not fit for a header.
    pub fn session_token(mut self, token: impl Into<Secret>) -> Result<Self, InvalidSettings> {
        let token = token.into();
        let fits = text(&token).is_some_and(|token| HeaderValue::from_str(token).is_ok());
        if token.expose().is_empty() || !fits {
            return Err(InvalidSettings::new(
                "a session token is text without line breaks that is not empty",
            ));
        }
        Arc::make_mut(&mut self.0).token = Some(token);
        Ok(self)
    }

    /// Whether the secret is the same one, whatever the session token is.
    pub(super) fn has_key_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.secret.expose() == other.0.secret.expose()
    }

    pub(super) fn id(&self) -> &str {
        &self.0.id
    }

    pub(super) fn secret(&self) -> &str {
        text(&self.0.secret).expect("the constructor saw that it is text")
    }

    pub(super) fn token(&self) -> Option<&str> {
        self.0.token.as_ref().and_then(text)
    }
}

fn text(secret: &Secret) -> Option<&str> {
    std::str::from_utf8(secret.expose()).ok()
}

/// Where the credentials come from.
#[derive(Clone)]
pub(super) enum Source {
    Fixed(Credentials),
    Provider(Arc<Provider>),
}

pub(super) type Provider = dyn Fn() -> Result<Credentials, BoxError> + Send + Sync;

impl Source {
    /// Those of this moment.
    pub(super) fn current(&self) -> Result<Credentials, SignError> {
        match self {
            Self::Fixed(credentials) => Ok(credentials.clone()),
            Self::Provider(provider) => provider().map_err(|error| {
                SignError::new("there are no credentials now; see the cause").caused_by(error)
            }),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(credentials) => credentials.fmt(f),
            Self::Provider(_) => f.write_str("Provider"),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}
