use std::fmt;

use super::answer::Granted;
use super::endpoint::TokenEndpoint;
use super::form::{Form, Params, Scopes};
use super::not_granted::NotGranted;
use crate::secret::Secret;
use crate::{FetchError, Token, TokenSource};

/// One token for another: token exchange
/// ([RFC 8693](https://www.rfc-editor.org/rfc/rfc8693)), to act for a user at the next service.
///
/// ```
/// use buttress_auth::oauth2::{ClientAuth, TokenEndpoint, TokenExchange, TokenType};
/// use buttress_testkit::{Scripted, Step};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let http_client = Scripted::new([Step::ok().body(
/// #     r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer"}"#)]);
/// let client = ClientAuth::basic("my-service", "7Fjfp0ZBr1KtDRbnfVdmIw")?;
/// let endpoint = TokenEndpoint::new(http_client, "https://id.example.com/token", client)?;
/// let incoming = "the token that a caller sent";
/// let token = TokenExchange::new(endpoint, incoming, TokenType::ACCESS_TOKEN)
///     .audience("billing")
///     .request()
///     .await?;
/// assert_eq!(token.expose(), Some("2YotnFZFEjr1zCsicMWpAA"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct TokenExchange {
    endpoint: TokenEndpoint,
    subject: (Secret, TokenType),
    actor: Option<(Secret, TokenType)>,
    wanted: Option<TokenType>,
    targets: Params,
    scopes: Scopes,
}

/// What sort of token it is
/// ([RFC 8693 §3](https://www.rfc-editor.org/rfc/rfc8693#section-3)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenType(&'static str);

impl TokenType {
    /// An access token of this server.
    pub const ACCESS_TOKEN: Self = Self("urn:ietf:params:oauth:token-type:access_token");
    /// A refresh token of this server.
    pub const REFRESH_TOKEN: Self = Self("urn:ietf:params:oauth:token-type:refresh_token");
    /// An ID token, which says who somebody is.
    pub const ID_TOKEN: Self = Self("urn:ietf:params:oauth:token-type:id_token");
    /// Any JWT.
    pub const JWT: Self = Self("urn:ietf:params:oauth:token-type:jwt");
    /// A SAML 1.1 assertion.
    pub const SAML1: Self = Self("urn:ietf:params:oauth:token-type:saml1");
    /// A SAML 2.0 assertion.
    pub const SAML2: Self = Self("urn:ietf:params:oauth:token-type:saml2");

    /// A sort that a server names by a URI of its own.
    #[must_use]
    pub const fn custom(uri: &'static str) -> Self {
        Self(uri)
    }
}

impl TokenExchange {
    /// A token for whoever this one speaks for.
    #[must_use]
    pub fn new(endpoint: TokenEndpoint, subject: impl Into<String>, kind: TokenType) -> Self {
        Self {
            endpoint,
            subject: (Secret::new(subject), kind),
            actor: None,
            wanted: None,
            targets: Params::NONE,
            scopes: Scopes::NONE,
        }
    }

    /// Who acts for him.
    #[must_use]
    pub fn actor(mut self, actor: impl Into<String>, kind: TokenType) -> Self {
        self.actor = Some((Secret::new(actor), kind));
        self
    }

    /// What sort of token to ask for; the server chooses unless it is set.
    #[must_use]
    pub const fn wanted(mut self, kind: TokenType) -> Self {
        self.wanted = Some(kind);
        self
    }

    /// Adds a service that the token is for, by its name.
    #[must_use]
    pub fn audience(mut self, name: impl Into<String>) -> Self {
        self.targets.add("audience", name);
        self
    }

    /// Adds a service that the token is for, by its URI.
    #[must_use]
    pub fn resource(mut self, uri: impl Into<String>) -> Self {
        self.targets.add("resource", uri);
        self
    }

    /// Adds a scope to ask for, or several joined by spaces.
    #[must_use]
    pub fn scope(mut self, scope: &str) -> Self {
        self.scopes.add(scope);
        self
    }

    /// The token in exchange.
    ///
    /// # Errors
    ///
    /// If none was granted, or one of another sort than was [wanted](Self::wanted).
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the request.
    pub async fn request(&self) -> Result<Token, NotGranted> {
        let asked = crate::tokens::now();
        let token = self.exchange().await?;
        Ok(TokenEndpoint::what_is_left(token, asked))
    }

    async fn exchange(&self) -> Result<Token, NotGranted> {
        let Granted { token, issued } = self.endpoint.grant(self.form()).await?;
        match (self.wanted, issued) {
            (Some(wanted), Some(issued)) if *issued != *wanted.0 => {
                Err(NotGranted::new(super::Problem::TokenType))
            }
            _ => Ok(token),
        }
    }

    fn form(&self) -> Form {
        let mut form = Form::grant("urn:ietf:params:oauth:grant-type:token-exchange");
        form.push("subject_token", self.subject.0.as_str());
        form.push("subject_token_type", self.subject.1.0);
        if let Some((actor, kind)) = &self.actor {
            form.push("actor_token", actor.as_str());
            form.push("actor_token_type", kind.0);
        }
        if let Some(wanted) = self.wanted {
            form.push("requested_token_type", wanted.0);
        }
        form.push_all(&self.targets);
        form.push_some("scope", self.scopes.as_str());
        form
    }
}

/// Asks with the same token each time, for subjects that live long. Where they change, a closure that
/// makes an exchange of the subject at hand is a source.
impl TokenSource for TokenExchange {
    async fn fetch(&self, _: Option<&Token>) -> Result<Token, FetchError> {
        self.exchange().await.map_err(NotGranted::into_fetch_error)
    }
}

impl fmt::Debug for TokenExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExchange")
            .field("endpoint", &self.endpoint)
            .field("subject", &self.subject.1)
            .field("actor", &self.actor.as_ref().map(|(_, kind)| kind))
            .field("wanted", &self.wanted)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}
