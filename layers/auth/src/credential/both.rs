use crate::{Credential, Tokens};

/// What a layer adds to requests: a [`Credential`], [`Tokens`], or both.
///
/// ```
/// use buttress_auth::{Credential, Token, Tokens};
///
/// let tokens = Tokens::new(|| async { Token::new("2YotnFZFEjr1zCsicMWpAA") });
/// let both = tokens.and(Credential::api_key("x-api-key", "3f9a…")?);
/// # drop(both);
/// # Ok::<_, buttress_auth::InvalidCredential>(())
/// ```
#[derive(Clone, Debug)]
pub struct Credentials {
    pub(crate) fixed: Option<Credential>,
    pub(crate) tokens: Option<Tokens>,
}

impl Credentials {
    /// None: for a layer whose requests bring their own, in an [`Override`](crate::Override).
    ///
    /// ```
    /// use buttress_auth::{AuthLayer, Credentials, Origins};
    ///
    /// let each_its_own = AuthLayer::new(Credentials::none(), Origins::only("https://api.example.com")?);
    /// # drop(each_its_own);
    /// # Ok::<_, buttress_auth::InvalidOrigin>(())
    /// ```
    #[must_use]
    pub const fn none() -> Self {
        Self {
            fixed: None,
            tokens: None,
        }
    }

    pub(crate) const fn is_none(&self) -> bool {
        self.fixed.is_none() && self.tokens.is_none()
    }

    pub(crate) const fn both(tokens: Tokens, fixed: Credential) -> Self {
        Self {
            fixed: Some(fixed),
            tokens: Some(tokens),
        }
    }
}

impl From<Credential> for Credentials {
    fn from(fixed: Credential) -> Self {
        Self {
            fixed: Some(fixed),
            tokens: None,
        }
    }
}

impl From<Tokens> for Credentials {
    fn from(tokens: Tokens) -> Self {
        Self {
            fixed: None,
            tokens: Some(tokens),
        }
    }
}
