//! Names of what is secret.

use std::collections::BTreeSet;

/// Names that are compared by their letters and digits: `access_token`, `accessToken` and
/// `Access-Token` are one.
#[derive(Clone, Debug)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    pub(super) fn of(names: &[&str]) -> Self {
        Self(names.iter().map(|name| plain(name)).collect())
    }

    pub(super) fn insert(&mut self, name: &str) {
        self.0.insert(plain(name));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.remove(&plain(name));
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains(&plain(name))
    }

    /// The same for a path of names, as forms and queries write them: `card[number]`, `card.number`.
    pub(super) fn has_part(&self, name: &str) -> bool {
        let mut parts = name.split(['[', ']', '.']).filter(|part| !part.is_empty());
        self.has(name) || parts.any(|part| self.has(part))
    }

    /// The same for a header, whose name may begin with whose it is: `x-vault-token`.
    pub(super) fn has_end(&self, name: &str) -> bool {
        let begins = name.match_indices('-').map(|(at, _)| at + 1);
        let mut ends = begins.chain([0]).map(|at| &name[at..]);
        ends.any(|end| self.has(end))
    }
}

fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

pub(super) const HEADERS: [&str; 7] = [
    "authorization",
    "cookie",
    "dpop",
    "ocp-apim-subscription-key",
    "proxy-authorization",
    "set-cookie",
    "x-functions-key",
];

/// In JSON as everywhere else.
pub(super) const FIELDS: [&str; 30] = [
    "access_token",
    "actor_token",
    "api_key",
    "api_token",
    "assertion",
    "auth_token",
    "authorization",
    "bearer_token",
    "client_assertion",
    "client_secret",
    "code_verifier",
    "credential",
    "csrf_token",
    "device_code",
    "id_token",
    "jwt",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "refresh_token",
    "registration_access_token",
    "secret",
    "secret_access_key",
    "secret_key",
    "security_token",
    "session_token",
    "subject_token",
    "token",
    "x_api_key",
];

/// In queries and forms alone: as fields of JSON these are mostly something else.
pub(super) const PARAMETERS: [&str; 10] = [
    "code",
    "key",
    "saml_response",
    "sig",
    "signature",
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
    "x-goog-credential",
    "x-goog-signature",
];
