use std::fmt;

use oauth2::basic::BasicClient;
use oauth2::url::Url;
use oauth2::{AuthUrl, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};

use super::callback;
use super::endpoint::TokenEndpoint;
use super::form::{Form, Params, Scopes};
use super::invalid::{self, InvalidUrl};
use super::not_granted::{NotGranted, Problem};
use crate::Token;
use crate::secret::Secret;

/// What the flow itself says to the authorization endpoint.
const OWN: [&str; 7] = [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
];

/// Lets a user sign in with a browser: the authorization code grant
/// ([RFC 6749 §4.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1)), always with a random state
/// and with PKCE S256 ([RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)).
///
/// ```
/// use buttress_auth::oauth2::{AuthorizationCode, ClientAuth, TokenEndpoint};
/// use buttress_testkit::{Scripted, Step};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let http_client = Scripted::new([Step::ok()
/// #     .body(r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer"}"#)]);
/// let client = ClientAuth::basic("my-site", "7Fjfp0ZBr1KtDRbnfVdmIw")?;
/// let endpoint = TokenEndpoint::new(http_client, "https://id.example.com/token", client)?;
/// let flow = AuthorizationCode::new(
///     endpoint,
///     "https://id.example.com/authorize",
///     "https://my-site.example/signed-in",
/// )?
/// .scope("openid");
///
/// let sign_in = flow.begin();
/// // Send the user to `sign_in.url()`; keep `sign_in`, or its state and verifier, with his session.
/// # let state = sign_in.expose_state().to_owned();
///
/// // He comes back:
/// let redirect = format!("https://my-site.example/signed-in?code=SplxlOBeZQQYbYS6WxSbIA&state={state}");
/// let token = sign_in.finish(&redirect).await?;
/// assert_eq!(token.expose(), Some("2YotnFZFEjr1zCsicMWpAA"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct AuthorizationCode {
    endpoint: TokenEndpoint,
    url: Url,
    redirect: RedirectUrl,
    scopes: Scopes,
    extra: Params,
    issuer: Option<String>,
}

impl AuthorizationCode {
    /// Sign-ins at this authorization endpoint, from where the user is sent back to `redirect`.
    ///
    /// # Errors
    ///
    /// If the endpoint's URI is one that a [`TokenEndpoint`] could not have, or `redirect` is not
    /// absolute or has a fragment.
    pub fn new(endpoint: TokenEndpoint, url: &str, redirect: &str) -> Result<Self, InvalidUrl> {
        Ok(Self {
            url: endpoint.sibling(url)?,
            redirect: invalid::redirect(redirect)?,
            endpoint,
            scopes: Scopes::NONE,
            extra: Params::NONE,
            issuer: None,
        })
    }

    /// Adds a scope to ask for, or several joined by spaces.
    #[must_use]
    pub fn scope(mut self, scope: &str) -> Self {
        self.scopes.add(scope);
        self
    }

    /// Adds a parameter for the authorization endpoint, such as `prompt` or `login_hint`. It cannot take
    /// the place of one that the flow makes.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = name.into();
        if !OWN.contains(&name.as_str()) {
            self.extra.add(name, value);
        }
        self
    }

    /// Who has to have sent the user back
    /// ([RFC 9207](https://www.rfc-editor.org/rfc/rfc9207)). For programs with several servers, any
    /// of which might pass its own codes off as another's.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Begins a sign-in: with a state and a verifier that nobody can guess.
    #[must_use]
    pub fn begin(&self) -> SignIn {
        let (_, verifier) = PkceCodeChallenge::new_random_sha256();
        self.with(CsrfToken::new_random(), verifier)
    }

    /// A sign-in that was begun before, by its [state](SignIn::expose_state) and its
    /// [verifier](SignIn::expose_verifier); for servers that keep both in the user's session.
    ///
    /// # Errors
    ///
    /// If the state is empty, or the verifier is none
    /// ([RFC 7636 §4.1](https://www.rfc-editor.org/rfc/rfc7636#section-4.1)): the session was lost, or is
    /// not ours.
    pub fn resume(
        &self,
        state: impl Into<String>,
        verifier: impl Into<String>,
    ) -> Result<SignIn, NotGranted> {
        let (state, verifier) = (CsrfToken::new(state.into()), verifier.into());
        if state.secret().is_empty() || !is_verifier(&verifier) {
            return Err(NotGranted::new(Problem::State));
        }
        Ok(self.with(state, PkceCodeVerifier::new(verifier)))
    }

    fn with(&self, state: CsrfToken, verifier: PkceCodeVerifier) -> SignIn {
        let client = BasicClient::new(self.endpoint.client().id().clone())
            .set_auth_uri(AuthUrl::from_url(self.url.clone()))
            .set_redirect_uri(self.redirect.clone());
        let mut request = client
            .authorize_url(|| state)
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        if !self.scopes.as_str().is_empty() {
            request = request.add_scope(Scope::new(self.scopes.as_str().to_owned()));
        }
        for (name, value) in self.extra.iter() {
            request = request.add_extra_param(name, value);
        }
        let (url, state) = request.url();
        SignIn {
            flow: self.clone(),
            url,
            state,
            verifier: Secret::new(verifier.into_secret()),
        }
    }
}

/// The endpoint's host alone: the parameters of its query are not for everybody.
impl fmt::Debug for AuthorizationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationCode")
            .field("endpoint", &self.endpoint)
            .field("host", &self.url.host_str())
            .field("scopes", &self.scopes)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// A sign-in that was begun, and that can be finished once.
pub struct SignIn {
    flow: AuthorizationCode,
    url: Url,
    state: CsrfToken,
    verifier: Secret,
}

impl SignIn {
    /// Where the user has to go.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// What proves that an answer belongs to this sign-in.
    #[must_use]
    pub fn expose_state(&self) -> &str {
        self.state.secret()
    }

    /// What proves that whoever has the code is who began the sign-in.
    #[must_use]
    pub fn expose_verifier(&self) -> &str {
        self.verifier.as_str()
    }

    /// Exchanges the code for a token. `redirect` is where the user came back to: the URI, or its
    /// query alone. What is left of the token's life is counted from when it was asked for.
    ///
    /// # Errors
    ///
    /// If the redirect's state is not this sign-in's, if it has no code, or if no token was granted.
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the request. The code may have been used up.
    pub async fn finish(self, redirect: &str) -> Result<Token, NotGranted> {
        let issuer = self.flow.issuer.as_deref();
        let code = callback::code(redirect, self.expose_state(), issuer)?;
        let mut form = Form::grant("authorization_code");
        form.push("code", code.as_str());
        form.push("redirect_uri", self.flow.redirect.as_str());
        form.push("code_verifier", self.verifier.as_str());
        self.flow.endpoint.grant_now(form).await
    }

    #[cfg(feature = "oauth2-loopback")]
    pub(super) fn is_answered_by(&self, redirect: &str) -> bool {
        callback::has_state(redirect, self.expose_state())
    }
}

/// 43 to 128 characters that mean nothing in a URI.
fn is_verifier(text: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn")
            .field("flow", &self.flow)
            .finish_non_exhaustive()
    }
}
