//! The flags that tell the upstream who is calling.

use std::fmt;
use std::time::Duration;

use buttress::auth::oauth2::{ClientAuth, ClientCredentials, TokenEndpoint};
use buttress::auth::{AuthLayer, Credential, Credentials, Origins, Tokens};
use buttress::{BoxError, Client};
use clap::Args;

/// What the upstream is told of who is calling. A request that has the field already keeps its own.
// All are read later: clap repeats a value that it cannot read, and these are secrets.
#[derive(Args)]
#[group(multiple = false)]
pub(crate) struct Given {
    /// A token, sent as `Authorization: Bearer T`
    #[arg(long, value_name = "T", help_heading = "Credentials")]
    bearer: Option<String>,

    /// A user's name and password, sent as `Authorization: Basic …`
    #[arg(long, value_name = "U:P", help_heading = "Credentials")]
    basic: Option<String>,

    /// A header that holds a key
    #[arg(long, value_name = "NAME:VALUE", help_heading = "Credentials")]
    api_key: Option<String>,

    /// Tokens of an OAuth 2 server, for a client's own credentials; scopes are separated by spaces
    #[arg(
        long,
        value_name = "TOKEN_URL,CLIENT_ID,CLIENT_SECRET[,SCOPE]",
        help_heading = "Credentials"
    )]
    oauth2: Option<String>,
}

impl Given {
    /// A layer for the upstream's origin alone. An error names the flag, and does not repeat what
    /// was given.
    pub(crate) fn layer(&self, upstream: &str) -> Result<Option<AuthLayer>, BoxError> {
        let credentials = self.credentials()?;
        let origins = Origins::only(upstream)?;
        Ok(credentials.map(|credentials| AuthLayer::new(credentials, origins)))
    }

    fn credentials(&self) -> Result<Option<Credentials>, BoxError> {
        let made = [
            ("--bearer", self.bearer.as_deref().map(bearer)),
            ("--basic", self.basic.as_deref().map(basic)),
            ("--api-key", self.api_key.as_deref().map(api_key)),
            ("--oauth2", self.oauth2.as_deref().map(oauth2)),
        ];
        for (flag, credentials) in made {
            if let Some(credentials) = credentials {
                return match credentials {
                    Ok(credentials) => Ok(Some(credentials)),
                    Err(error) => Err(format!("{flag}: {error}").into()),
                };
            }
        }
        Ok(None)
    }
}

fn bearer(token: &str) -> Result<Credentials, BoxError> {
    Ok(Credential::bearer(token)?.into())
}

fn basic(pair: &str) -> Result<Credentials, BoxError> {
    let (user, password) = pair.split_once(':').ok_or("write it as USER:PASSWORD")?;
    Ok(Credential::basic(user, password)?.into())
}

fn api_key(pair: &str) -> Result<Credentials, BoxError> {
    let (name, key) = pair.split_once(':').ok_or("write it as NAME:VALUE")?;
    Ok(Credential::api_key(name, key.trim_start())?.into())
}

/// Tokens come through a stack of their own: one that carried them would wait for itself.
fn oauth2(parts: &str) -> Result<Credentials, BoxError> {
    let mut parts = parts.splitn(4, ',');
    let (Some(url), Some(id), Some(secret)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("write it as TOKEN_URL,CLIENT_ID,CLIENT_SECRET[,SCOPE]".into());
    };
    let client = Client::builder().timeout(Duration::from_secs(10)).build()?;
    let endpoint = TokenEndpoint::new(client, url, ClientAuth::basic(id, secret)?)?;
    let mut source = ClientCredentials::new(endpoint);
    for scope in parts.next().unwrap_or_default().split_whitespace() {
        source = source.scope(scope);
    }
    Ok(Tokens::new(source).into())
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given").finish_non_exhaustive()
    }
}
