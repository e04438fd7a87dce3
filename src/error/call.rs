use std::fmt;

use http::{Method, Request, Uri};

/// A call as errors name it: method and URI, shown without user info and query.
#[derive(Clone)]
pub(crate) struct Call {
    method: Method,
    uri: Uri,
    /// What was given and is no URI, without what may be a query.
    given: Option<Box<str>>,
}

impl Call {
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        Self::at(request.method().clone(), request.uri().clone())
    }

    pub(crate) const fn at(method: Method, uri: Uri) -> Self {
        let given = None;
        Self { method, uri, given }
    }

    /// A call whose template has not been filled. Its names may be told, a query in it may not.
    pub(crate) fn unfilled(method: Method, template: &str) -> Self {
        let mut shown = String::new();
        let mut in_query = false;
        for piece in template.split_inclusive('}') {
            let (literal, expression) = piece.split_at(piece.find('{').unwrap_or(piece.len()));
            let path = literal.split(['?', '#']).next().unwrap_or_default();
            shown.push_str(if in_query { "" } else { path });
            if path.len() < literal.len() {
                break;
            }
            in_query |= ["{?", "{&", "{#"]
                .iter()
                .any(|sign| expression.starts_with(sign));
            let is_secret = in_query && expression.contains('=');
            shown.push_str(if is_secret { "{…}" } else { expression });
        }
        Self::named(method, &shown)
    }

    /// A call whose URI could not be made of what was given.
    pub(crate) fn unlocated(method: Method, given: &str) -> Self {
        let shown = given.split(['?', '#']).next().unwrap_or_default();
        // A question mark may also belong to a password.
        let secret = given[shown.len()..].contains('@');
        let shown = match shown.split_once("://") {
            Some((scheme, _)) if secret => &given[..scheme.len() + "://".len()],
            _ => shown,
        };
        Self::named(method, shown)
    }

    fn named(method: Method, path: &str) -> Self {
        // User info may stand before the last `@`.
        let path = path.rsplit_once('@').map_or(path, |(_, rest)| rest);
        let given: String = path.escape_debug().take(256).collect();
        Self {
            method,
            uri: Uri::default(),
            given: Some(given.into()),
        }
    }

    pub(super) const fn method(&self) -> &Method {
        &self.method
    }

    /// The URI, if one could be made.
    pub(super) const fn known_uri(&self) -> Option<&Uri> {
        match self.given {
            None => Some(&self.uri),
            Some(_) => None,
        }
    }

    /// The URI of a call that has one.
    pub(crate) const fn uri(&self) -> &Uri {
        &self.uri
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.given {
            None => write!(f, "{} {}", self.method, redacted(&self.uri)),
            Some(text) => write!(f, "{} {text}", self.method),
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A URI without user info and query.
pub(crate) fn redacted(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    let port = uri
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let scheme = uri
        .scheme_str()
        .map(|scheme| format!("{scheme}://"))
        .unwrap_or_default();
    format!("{scheme}{host}{port}{}", uri.path())
}
