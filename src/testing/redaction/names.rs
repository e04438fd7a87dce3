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
        self.has(name) || path(name).any(|part| self.has(part))
    }
}

/// Whether a name is secret, by its last words: `new_password`, `githubToken` and `X-Vault-Token` are. The longest
/// ending that is known counts, so that a `page_token` can be kept where a `token` is secret.
pub(super) fn is_secret(name: &str, secret: &[&Names], kept: &[&Names]) -> bool {
    let known = |ending: &str| {
        let has = |names: &[&Names]| names.iter().any(|names| names.has(ending));
        if has(kept) {
            return Some(false);
        }
        has(secret).then_some(true)
    };
    let mut endings = words(name).map(|at| &name[at..]);
    endings.find_map(known).unwrap_or(false)
}

/// The same for each part of a path of names.
pub(super) fn is_any_secret(name: &str, secret: &[&Names], kept: &[&Names]) -> bool {
    path(name).any(|part| is_secret(part, secret, kept))
}

fn path(name: &str) -> impl Iterator<Item = &str> {
    let parts = name.split(['[', ']', '.']);
    parts.filter(|part| !part.is_empty())
}

/// Where the words of a name begin: behind what is no letter and no digit, and where capitals say so (`accessToken`,
/// `APIKey`).
fn words(name: &str) -> impl Iterator<Item = usize> {
    name.char_indices().filter_map(|(at, now)| {
        let last = name[..at].chars().next_back();
        let next = name[at..].chars().nth(1);
        let follows = last.is_some_and(char::is_alphanumeric);
        let is_capital = now.is_uppercase()
            && (last.is_some_and(|last| !last.is_uppercase())
                || next.is_some_and(char::is_lowercase));
        (now.is_alphanumeric() && (!follows || is_capital)).then_some(at)
    })
}

fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

pub(super) const HEADERS: [&str; 5] = [
    "authorization",
    "cookie",
    "dpop",
    "proxy-authorization",
    "set-cookie",
];

/// Last words of headers alone: as fields of JSON these are mostly something else.
pub(super) const HEADER_ENDS: [&str; 1] = ["key"];

/// Headers with such a last word that are no secret.
pub(super) const OPEN_HEADERS: [&str; 5] = [
    "cache-key",
    "idempotency-key",
    "partition-key",
    "sec-websocket-key",
    "surrogate-key",
];

/// In JSON as everywhere else, and with other words before them.
pub(super) const FIELDS: [&str; 48] = [
    "access_key",
    "access_token",
    "actor_token",
    "api_key",
    "api_token",
    "app_key",
    "application_key",
    "assertion",
    "auth_key",
    "auth_token",
    "authorization",
    "bearer",
    "bearer_token",
    "client_assertion",
    "client_secret",
    "code_verifier",
    "credential",
    "csrf_token",
    "device_code",
    "encryption_key",
    "id_token",
    "jwt",
    "master_key",
    "otp",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "password_confirm",
    "password_confirmation",
    "password_hash",
    "private_key",
    "pwd",
    "refresh_token",
    "registration_access_token",
    "secret",
    "secret_access_key",
    "secret_key",
    "secret_string",
    "secret_value",
    "security_token",
    "session_token",
    "shared_key",
    "signing_key",
    "subject_token",
    "subscription_key",
    "token",
    "x_api_key",
];

/// What pages a list, and must come back as it was.
pub(super) const POSITIONS: [&str; 8] = [
    "continuation_token",
    "cursor_token",
    "next_token",
    "page_token",
    "pagination_token",
    "previous_token",
    "resume_token",
    "sync_token",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_by_signs_and_by_capitals() {
        for (name, endings) in [
            ("token", &["token"][..]),
            ("accessToken", &["accessToken", "Token"]),
            ("userAPIKey", &["userAPIKey", "APIKey", "Key"]),
            (
                "X-CMC_PRO.key",
                &["X-CMC_PRO.key", "CMC_PRO.key", "PRO.key", "key"],
            ),
            ("_a--B2b_", &["a--B2b_", "B2b_"]),
            ("ACCESS_TOKEN", &["ACCESS_TOKEN", "TOKEN"]),
            ("élanÉtat", &["élanÉtat", "État"]),
            ("--", &[]),
            ("", &[]),
        ] {
            let found: Vec<_> = words(name).map(|at| &name[at..]).collect();
            assert_eq!(found, endings, "{name}");
        }
    }

    #[test]
    fn the_longest_ending_that_is_known_counts() {
        let secret = Names::of(&["token", "list_page_token"]);
        let kept = Names::of(&["page_token"]);
        for (name, wanted) in [
            ("token", true),
            ("githubToken", true),
            ("tokens", false),
            ("token_count", false),
            ("pageToken", false),
            ("next-page-token", false),
            ("list_page_token", true),
        ] {
            assert_eq!(is_secret(name, &[&secret], &[&kept]), wanted, "{name}");
        }
    }
}
