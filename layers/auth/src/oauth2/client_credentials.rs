use super::endpoint::TokenEndpoint;
use super::form::{Form, Params, Scopes};
use super::not_granted::NotGranted;
use crate::{FetchError, Token, TokenSource};

/// Tokens for the client itself: the client credentials grant
/// ([RFC 6749 §4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)).
///
/// ```
/// use buttress_auth::oauth2::{ClientAuth, ClientCredentials, TokenEndpoint};
/// use buttress_auth::{AuthLayer, Origins, Tokens};
/// use buttress_kernel::Body;
/// use buttress_testkit::{Scripted, Step};
/// use http::Request;
/// use tower::{ServiceBuilder, ServiceExt};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// // In place of an HTTP client and an identity server.
/// let http_client = Scripted::new([Step::ok()
///     .body(r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","expires_in":3600}"#)]);
///
/// let client = ClientAuth::basic("my-client", "7Fjfp0ZBr1KtDRbnfVdmIw")?;
/// let endpoint = TokenEndpoint::new(http_client, "https://id.example.com/token", client)?;
/// let tokens = Tokens::new(ClientCredentials::new(endpoint).scope("read"));
///
/// # let api = Scripted::new([Step::ok()]);
/// # let calls = api.clone();
/// let api = ServiceBuilder::new()
///     .layer(AuthLayer::new(tokens, Origins::only("https://api.example.com")?))
///     .service(api);
/// let request = Request::get("https://api.example.com/users/42").body(Body::empty())?;
/// assert_eq!(api.oneshot(request).await?.status(), 200);
/// # assert_eq!(calls.calls()[0].header("authorization"), Some("Bearer 2YotnFZFEjr1zCsicMWpAA"));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    endpoint: TokenEndpoint,
    scopes: Scopes,
    extra: Params,
}

impl ClientCredentials {
    /// Tokens of this endpoint's client.
    #[must_use]
    pub const fn new(endpoint: TokenEndpoint) -> Self {
        Self {
            endpoint,
            scopes: Scopes::NONE,
            extra: Params::NONE,
        }
    }

    /// Adds a scope to ask for, or several joined by spaces. None is asked for unless one is added.
    #[must_use]
    pub fn scope(mut self, scope: &str) -> Self {
        self.scopes.add(scope);
        self
    }

    /// Adds a parameter that the server wants besides, such as `audience` or `resource`.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.extra.add(name, value);
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
        self.endpoint.grant_now(self.form()).await
    }

    fn form(&self) -> Form {
        let mut form = Form::grant("client_credentials");
        form.push_some("scope", self.scopes.as_str());
        form.push_all(&self.extra);
        form
    }
}

impl TokenSource for ClientCredentials {
    async fn fetch(&self, _: Option<&Token>) -> Result<Token, FetchError> {
        let granted = self.endpoint.grant(self.form()).await;
        granted
            .map(|granted| granted.token)
            .map_err(NotGranted::into_fetch_error)
    }
}
