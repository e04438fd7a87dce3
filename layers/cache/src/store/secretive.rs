//! Which stored heads hold secrets of the requests that they answer.

use http::{HeaderName, header};

/// Parts of the names of fields that carry secrets.
const TELLING: [&str; 15] = [
    "assertion",
    "auth",
    "cert",
    "credential",
    "csrf",
    "jwt",
    "key",
    "oidc",
    "otp",
    "passw",
    "secret",
    "session",
    "signature",
    "token",
    "xsrf",
];

/// Whether a request field of this name is likely to carry a secret.
///
/// What a response varies by is stored along with it, as the request said it. In memory that is as safe
/// as the request was; a disk, or another server, is another matter.
pub(super) fn carries_secrets(name: &HeaderName) -> bool {
    // Names are in lower case.
    *name == header::COOKIE || TELLING.iter().any(|part| name.as_str().contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_carry_secrets_are_known_by_their_names() {
        for name in [
            "Authorization",
            "Proxy-Authorization",
            "Cookie",
            "X-Api-Key",
            "X-Auth",
            "X-CSRF-Token",
            "X-Session-Id",
            "X-Amz-Credential",
            "X-Hub-Signature-256",
            "X-Client-Secret",
            "X-Password",
            "Cf-Access-Jwt-Assertion",
            "X-Amzn-Oidc-Data",
            "X-Forwarded-Client-Cert",
            "X-Csrf",
            "X-Xsrf",
            "X-Otp",
        ] {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            assert!(carries_secrets(&name), "{name}");
        }
        for name in [
            "accept",
            "accept-encoding",
            "origin",
            "user-agent",
            "x-tenant",
            "cookies-ok",
        ] {
            assert!(!carries_secrets(&HeaderName::from_static(name)), "{name}");
        }
    }
}
