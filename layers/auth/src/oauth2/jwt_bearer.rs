use std::fmt;

use serde_json::{Map, Value};

use super::endpoint::TokenEndpoint;
use super::form::{Form, Scopes};
use super::jwt::{Claims, JwtKey};
use super::not_granted::NotGranted;
use crate::{FetchError, Token, TokenSource};

/// Tokens for whoever a signed assertion names: the JWT bearer grant
/// ([RFC 7523 §2.1](https://www.rfc-editor.org/rfc/rfc7523#section-2.1)), as service accounts use it.
///
/// ```no_run
/// use buttress_auth::oauth2::{Algorithm, ClientAuth, JwtBearer, JwtKey, TokenEndpoint};
/// use buttress_auth::Tokens;
/// # let http_client = buttress_testkit::Scripted::new([buttress_testkit::Step::ok()]);
///
/// let key = JwtKey::from_pem(Algorithm::RS256, &std::fs::read("key.pem")?)?;
/// let endpoint = TokenEndpoint::new(
///     http_client,
///     "https://id.example.com/token",
///     ClientAuth::anonymous(),
/// )?;
/// let source = JwtBearer::new(endpoint, key, "robot@example.com")
///     .claim("scope", "https://api.example.com/auth/read");
/// let tokens = Tokens::new(source);
/// # drop(tokens);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct JwtBearer {
    endpoint: TokenEndpoint,
    key: JwtKey,
    issuer: String,
    subject: Option<String>,
    audience: Option<String>,
    claims: Map<String, Value>,
    scopes: Scopes,
}

impl JwtBearer {
    /// Tokens for this issuer, who signs with this key.
    #[must_use]
    pub fn new(endpoint: TokenEndpoint, key: JwtKey, issuer: impl Into<String>) -> Self {
        Self {
            endpoint,
            key,
            issuer: issuer.into(),
            subject: None,
            audience: None,
            claims: Map::new(),
            scopes: Scopes::NONE,
        }
    }

    /// Whom the token is for; the issuer himself unless set.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Who the assertion is meant for; the token endpoint's URI unless set.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Adds a claim to the assertion. It cannot take the place of one that the grant makes.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        if !["iss", "sub", "aud", "iat", "exp", "jti"].contains(&name.as_str()) {
            self.claims.insert(name, Value::String(value.into()));
        }
        self
    }

    /// Adds a scope to ask for, or several joined by spaces, as a parameter. Some servers want a
    /// [claim](Self::claim) instead.
    #[must_use]
    pub fn scope(mut self, scope: &str) -> Self {
        self.scopes.add(scope);
        self
    }

    /// A new token.
    ///
    /// # Errors
    ///
    /// If none was granted.
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the request.
    pub async fn request(&self) -> Result<Token, NotGranted> {
        self.endpoint.grant_now(self.form()?).await
    }

    fn form(&self) -> Result<Form, NotGranted> {
        let subject = self.subject.as_deref().unwrap_or(&self.issuer);
        let audience = self.audience.as_deref();
        let audience = audience.unwrap_or(self.endpoint.written());
        let claims = Claims::new(&self.issuer, subject, audience).extra(&self.claims);
        let assertion = self.key.sign(&claims, self.endpoint.date())?;
        let mut form = Form::grant("urn:ietf:params:oauth:grant-type:jwt-bearer");
        form.push("assertion", &assertion);
        form.push_some("scope", self.scopes.as_str());
        Ok(form)
    }
}

impl TokenSource for JwtBearer {
    async fn fetch(&self, _: Option<&Token>) -> Result<Token, FetchError> {
        let form = self.form().map_err(NotGranted::into_fetch_error)?;
        let granted = self.endpoint.grant(form).await;
        granted
            .map(|granted| granted.token)
            .map_err(NotGranted::into_fetch_error)
    }
}

impl fmt::Debug for JwtBearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtBearer")
            .field("endpoint", &self.endpoint)
            .field("key", &self.key)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
