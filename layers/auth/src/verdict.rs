//! Which responses say that the token was rejected.

use http::{HeaderMap, StatusCode};

use crate::challenge::Named;

/// Whether a status may be a rejection. 407 is not: it is about the proxy's credentials, which are
/// not ours.
#[inline]
pub(crate) fn may_reject(status: StatusCode, forbidden: bool) -> bool {
    status == StatusCode::UNAUTHORIZED || (forbidden && status == StatusCode::FORBIDDEN)
}

/// Whether another token may help, after a status that may be a rejection. A token whose scope is too
/// narrow is as good as any that the source has
/// ([RFC 6750 §3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)), and so is one whose user has to
/// sign in in a stronger way ([RFC 9470 §3](https://www.rfc-editor.org/rfc/rfc9470#section-3)).
pub(crate) fn is_rejected(headers: &HeaderMap) -> bool {
    let named = Named::of(headers);
    named.invalid_token || !named.insufficient
}

/// Whether a status says that the token was accepted. An error does not: it may come from somebody
/// who has not looked at it.
pub(crate) fn is_accepted(status: StatusCode) -> bool {
    status.is_success() || status.is_redirection()
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header};

    use super::*;

    fn rejected(challenge: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_static(challenge);
        headers.insert(header::WWW_AUTHENTICATE, value);
        is_rejected(&headers)
    }

    #[test]
    fn a_401_may_be_a_rejection_and_a_403_if_asked_for() {
        let may = |status, forbidden| may_reject(StatusCode::from_u16(status).unwrap(), forbidden);
        let statuses = |forbidden| (100..600).filter(move |status| may(*status, forbidden));
        assert_eq!(statuses(false).collect::<Vec<_>>(), [401]);
        assert_eq!(statuses(true).collect::<Vec<_>>(), [401, 403]);
    }

    #[test]
    fn insufficient_scope_alone_is_none() {
        assert!(!rejected("Bearer error=\"insufficient_scope\""));
        assert!(!rejected(
            "Bearer error=\"insufficient_user_authentication\", acr_values=\"myACR\""
        ));
        assert!(rejected("Bearer error=\"invalid_token\""));
        assert!(rejected(
            "Bearer error=invalid_token, DPoP error=insufficient_scope"
        ));
        assert!(rejected("Basic realm=\"a\""));
        assert!(is_rejected(&HeaderMap::new()));
    }

    #[test]
    fn only_what_did_as_asked_or_leads_on_has_accepted() {
        let accepted = |status| is_accepted(StatusCode::from_u16(status).unwrap());
        let all: Vec<u16> = (100..600).filter(|status| accepted(*status)).collect();
        assert_eq!(all, (200..400).collect::<Vec<_>>());
    }
}
