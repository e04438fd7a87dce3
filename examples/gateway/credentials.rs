//! The flags that tell the upstream who is calling.

use std::fmt;

use buttress::BoxError;
use buttress::auth::{AuthLayer, Credential, Credentials, Origins};
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
        ];
        for (flag, credential) in made {
            if let Some(credential) = credential {
                let credential = credential.map_err(|error| format!("{flag}: {error}"))?;
                return Ok(Some(credential.into()));
            }
        }
        Ok(None)
    }
}

fn bearer(token: &str) -> Result<Credential, BoxError> {
    Ok(Credential::bearer(token)?)
}

fn basic(pair: &str) -> Result<Credential, BoxError> {
    let (user, password) = pair.split_once(':').ok_or("write it as USER:PASSWORD")?;
    Ok(Credential::basic(user, password)?)
}

fn api_key(pair: &str) -> Result<Credential, BoxError> {
    let (name, key) = pair.split_once(':').ok_or("write it as NAME:VALUE")?;
    Ok(Credential::api_key(name, key.trim_start())?)
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given").finish_non_exhaustive()
    }
}
