//! What follows from a response.

use http::{HeaderMap, Method, StatusCode, Uri};

use super::location;
use super::policy::{Hop, Policy, Verdict};
use super::{NotFollowed, Reason};

/// What has been asked in a call, the last question last.
pub(super) type Asked = [(Method, Uri)];

/// What is asked next.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) method: Method,
    pub(super) uri: Uri,
    /// Whether the body goes along.
    pub(super) with_body: bool,
}

/// Decides about the answer to the last question; `None` when it is the response.
///
/// # Errors
///
/// When the policy is for following it, and a rule against.
pub(super) fn next(
    status: StatusCode,
    headers: &HeaderMap,
    asked: &Asked,
    can_replay: bool,
    policy: &Policy,
) -> Result<Option<Next>, NotFollowed> {
    let Some((method, from)) = asked.last() else {
        return Ok(None);
    };
    let Some((method, with_body)) = rewritten(status, method) else {
        return Ok(None);
    };
    let refused = |reason, because: &'static str| NotFollowed::new(status, reason, because);
    let to = match location::of(headers, from) {
        None => return Ok(None),
        Some(Ok(to)) => to,
        Some(Err(fault)) => {
            let because = format!("of its `Location`, {fault}");
            return Err(NotFollowed::new(status, Reason::Location, because));
        }
    };
    let hop = Hop {
        status,
        method: &method,
        from,
        to: &to,
        number: u8::try_from(asked.len()).unwrap_or(u8::MAX),
    };
    match policy.judge(&hop) {
        Verdict::Follow => {}
        Verdict::Stop => return Ok(None),
        Verdict::Refuse(because) => return Err(NotFollowed::new(status, Reason::Policy, because)),
    }
    if !policy.allows_downgrade() && is_downgrade(from, &to) {
        let because = "it leads from https to http, where others could read along; \
                       allow it with `downgrade` if that does no harm";
        return Err(refused(Reason::Downgrade, because));
    }
    if asked.len() > usize::from(policy.limit()) {
        let because = format!(
            "{} are allowed in a row; raise `most` for more",
            policy.limit()
        );
        return Err(NotFollowed::new(status, Reason::TooMany, because));
    }
    if asked.iter().any(|(m, uri)| *m == method && *uri == to) {
        return Err(refused(
            Reason::Loop,
            "it leads to where the call has been before",
        ));
    }
    if with_body && !can_replay {
        let because = "the request's body belongs to it, and cannot be sent again; \
                       send bytes, or raise the stream's replay limit";
        return Err(refused(Reason::Body, because));
    }
    Ok(Some(Next {
        method,
        uri: to,
        with_body,
    }))
}

/// The method after a redirect, and whether the body stays; `None` when it is no redirect.
fn rewritten(status: StatusCode, method: &Method) -> Option<(Method, bool)> {
    let to_get = match status.as_u16() {
        301 | 302 => *method == Method::POST,
        303 if *method == Method::HEAD => return Some((Method::HEAD, false)),
        303 => true,
        307 | 308 => false,
        _ => return None,
    };
    Some(if to_get {
        (Method::GET, false)
    } else {
        (method.clone(), true)
    })
}

fn is_downgrade(from: &Uri, to: &Uri) -> bool {
    from.scheme_str() == Some("https") && to.scheme_str() != Some("https")
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header};

    use super::*;

    fn to(location: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::LOCATION, HeaderValue::from_static(location))])
    }

    fn asked(method: &Method, uri: &'static str) -> Vec<(Method, Uri)> {
        vec![(method.clone(), Uri::from_static(uri))]
    }

    fn step(status: u16, location: &'static str, asked: &Asked) -> Result<Option<Next>, Reason> {
        let status = StatusCode::from_u16(status).unwrap();
        let policy = Policy::limited(3);
        next(status, &to(location), asked, true, &policy).map_err(|error| error.reason())
    }

    #[test]
    fn methods_change_as_rfc_9110_says() {
        for (status, method, then, with_body) in [
            (301, Method::GET, Method::GET, true),
            (301, Method::HEAD, Method::HEAD, true),
            (301, Method::POST, Method::GET, false),
            (301, Method::PUT, Method::PUT, true),
            (302, Method::POST, Method::GET, false),
            (302, Method::PATCH, Method::PATCH, true),
            (302, Method::DELETE, Method::DELETE, true),
            (303, Method::POST, Method::GET, false),
            (303, Method::PUT, Method::GET, false),
            (303, Method::DELETE, Method::GET, false),
            (303, Method::HEAD, Method::HEAD, false),
            (307, Method::POST, Method::POST, true),
            (308, Method::POST, Method::POST, true),
            (308, Method::DELETE, Method::DELETE, true),
        ] {
            let found = step(status, "/x", &asked(&method, "http://a/"))
                .unwrap()
                .unwrap();
            assert_eq!(
                (found.method, found.with_body),
                (then, with_body),
                "{status} {method}"
            );
        }
    }

    #[test]
    fn no_other_status_is_followed() {
        for status in (100..1000).filter(|status| ![301, 302, 303, 307, 308].contains(status)) {
            assert_eq!(
                step(status, "/x", &asked(&Method::GET, "http://a/")),
                Ok(None),
                "{status}"
            );
        }
        let status = StatusCode::FOUND;
        let asked = asked(&Method::GET, "http://a/");
        let found = next(status, &HeaderMap::new(), &asked, true, &Policy::limited(3));
        assert!(matches!(found, Ok(None)), "there is no Location: {found:?}");
    }

    #[test]
    fn the_rules_refuse() {
        let secure = asked(&Method::GET, "https://a/");
        assert_eq!(step(302, "http://a/", &secure), Err(Reason::Downgrade));
        assert_eq!(step(302, "\\\\b/", &secure), Err(Reason::Location));
        assert_eq!(step(302, "/", &secure), Err(Reason::Loop));
        // Another method is another question.
        let post = asked(&Method::POST, "https://a/");
        assert!(step(302, "/", &post).is_ok());
        let many: Vec<_> = ["http://a/1", "http://a/2", "http://a/3", "http://a/4"]
            .map(|uri| (Method::GET, Uri::from_static(uri)))
            .into();
        assert!(step(302, "/5", &many[..3]).is_ok());
        assert_eq!(step(302, "/5", &many), Err(Reason::TooMany));
        let once = next(
            StatusCode::TEMPORARY_REDIRECT,
            &to("/x"),
            &post,
            false,
            &Policy::limited(1),
        );
        assert_eq!(once.unwrap_err().reason(), Reason::Body);
    }

    #[test]
    fn a_downgrade_can_be_allowed() {
        let policy = Policy::limited(1).downgrade(true);
        let asked = asked(&Method::GET, "https://a/");
        assert!(next(StatusCode::FOUND, &to("http://a/"), &asked, true, &policy).is_ok());
    }

    #[test]
    fn more_questions_than_a_policy_can_count_are_too_many() {
        let many = vec![(Method::GET, Uri::from_static("http://a/1")); 300];
        let status = StatusCode::FOUND;
        let found = next(status, &to("/2"), &many, true, &Policy::limited(u8::MAX));
        assert_eq!(found.unwrap_err().reason(), Reason::TooMany);
    }
}
