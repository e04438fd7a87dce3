//! What comes back from the authorization endpoint.

use oauth2::url::form_urlencoded;
use subtle::ConstantTimeEq;

use super::not_granted::{NotGranted, Problem};
use super::refusal::Refusal;
use crate::secret::Secret;

/// No redirect is longer, in bytes.
const LIMIT: usize = 16 * 1024;

/// The parameters of a redirect
/// ([RFC 6749 §4.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2)), and RFC 9207's issuer.
#[derive(Default)]
struct Callback {
    state: Option<Secret>,
    code: Option<Secret>,
    issuer: Option<String>,
    error: Option<String>,
    description: Option<String>,
    uri: Option<String>,
}

/// The query of a redirect that may be given whole.
fn query(redirect: &str) -> &str {
    let query = redirect
        .split_once('?')
        .map_or(redirect, |(_, query)| query);
    query.split_once('#').map_or(query, |(query, _)| query)
}

impl Callback {
    /// `None` for what is too long, or says something twice.
    fn read(redirect: &str) -> Option<Self> {
        if redirect.len() > LIMIT {
            return None;
        }
        let mut callback = Self::default();
        for (name, value) in form_urlencoded::parse(query(redirect).as_bytes()) {
            let value = value.into_owned();
            let again = match &*name {
                "state" => callback.state.replace(Secret::new(value)).is_some(),
                "code" => callback.code.replace(Secret::new(value)).is_some(),
                "iss" => callback.issuer.replace(value).is_some(),
                "error" => callback.error.replace(value).is_some(),
                "error_description" => callback.description.replace(value).is_some(),
                "error_uri" => callback.uri.replace(value).is_some(),
                _ => false,
            };
            if again {
                return None;
            }
        }
        Some(callback)
    }

    fn refusal(&self) -> Option<Refusal> {
        let code = self.error.as_deref()?;
        Refusal::new(code, self.description.as_deref(), self.uri.as_deref())
    }
}

/// Whether this redirect answers the sign-in with this state.
#[cfg(feature = "oauth2-loopback")]
pub(super) fn has_state(redirect: &str, state: &str) -> bool {
    Callback::read(redirect).is_some_and(|callback| is_state(&callback, state))
}

/// In a time that says nothing about how much of it is right.
fn is_state(callback: &Callback, state: &str) -> bool {
    let got = callback.state.as_ref().map_or("", Secret::as_str);
    !state.is_empty() && bool::from(got.as_bytes().ct_eq(state.as_bytes()))
}

/// The code of a redirect. Nothing of it counts before its state is known to be right.
pub(super) fn code(
    redirect: &str,
    state: &str,
    issuer: Option<&str>,
) -> Result<Secret, NotGranted> {
    let callback = Callback::read(redirect).ok_or(NotGranted::new(Problem::Callback))?;
    if !is_state(&callback, state) {
        return Err(NotGranted::new(Problem::State));
    }
    if issuer.is_some() && issuer != callback.issuer.as_deref() {
        return Err(NotGranted::new(Problem::Callback));
    }
    if let Some(refusal) = callback.refusal() {
        return Err(NotGranted::refused(refusal));
    }
    let code = callback.code.filter(|code| !code.as_str().is_empty());
    code.ok_or(NotGranted::new(Problem::Callback))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn problem(redirect: &str, issuer: Option<&str>) -> Problem {
        code(redirect, "s t", issuer).unwrap_err().problem()
    }

    #[test]
    fn a_code_is_read_from_a_query_or_from_a_whole_redirect() {
        for redirect in [
            "code=a%2Fb&state=s+t",
            "/callback?state=s%20t&code=a/b&session_state=x",
            "http://127.0.0.1:7/callback?code=a/b&state=s+t#fragment",
        ] {
            assert_eq!(code(redirect, "s t", None).unwrap().as_str(), "a/b");
        }
    }

    #[test]
    fn nothing_counts_without_the_state() {
        for wrong in [
            "",
            "code=a",
            "code=a&state=",
            "code=a&state=s",
            "code=a&state=s+t+",
            "error=access_denied",
        ] {
            assert_eq!(problem(wrong, None), Problem::State, "{wrong}");
        }
        assert_eq!(
            code("code=a&state=", "", None).unwrap_err().problem(),
            Problem::State
        );
    }

    #[test]
    fn what_is_said_twice_is_not_believed() {
        assert_eq!(problem("code=a&code=b&state=s+t", None), Problem::Callback);
        assert_eq!(
            problem("code=a&state=s+t&state=s+t", None),
            Problem::Callback
        );
        assert_eq!(problem("state=s+t", None), Problem::Callback);
        assert_eq!(problem("code=&state=s+t", None), Problem::Callback);
        let long = format!("code={}&state=s+t", "a".repeat(LIMIT));
        assert_eq!(problem(&long, None), Problem::Callback);
    }

    #[test]
    fn a_refusal_is_told() {
        let redirect = "error=access_denied&error_description=no&state=s+t";
        let error = code(redirect, "s t", None).unwrap_err();
        assert_eq!(error.code(), Some("access_denied"));
        assert_eq!(error.description(), Some("no"));
        assert!(error.is_terminal());
    }

    #[test]
    fn an_issuer_that_is_expected_has_to_be_there() {
        let (right, other) = ("https://id.example", "https://evil.example");
        let redirect = format!("code=a&state=s+t&iss={right}");
        assert!(code(&redirect, "s t", Some(right)).is_ok());
        assert!(code(&redirect, "s t", None).is_ok());
        assert_eq!(problem(&redirect, Some(other)), Problem::Callback);
        assert_eq!(problem("code=a&state=s+t", Some(right)), Problem::Callback);
    }

    proptest! {
        #[test]
        fn no_redirect_panics_or_passes(redirect in ".{0,200}") {
            prop_assert!(code(&redirect, "2YotnFZFEjr1zCsicMWpAA", None).is_err());
        }
    }
}
