use std::fmt;
use std::sync::Arc;

use buttress_kernel::Kind;
use http::Method;

use crate::cause::Failed;
use crate::overrides::Override;

/// Which calls fall back, and for which failures.
#[derive(Clone)]
pub(crate) struct Rule {
    pub(crate) methods: Vec<Method>,
    pub(crate) when: Option<When>,
}

pub(crate) type When = Arc<dyn Fn(Failed<'_>) -> bool + Send + Sync>;

impl Rule {
    /// The safe methods (RFC 9110 §9.2.1), and failures that are nobody's fault here.
    pub(crate) fn new() -> Self {
        Self {
            methods: vec![Method::GET, Method::HEAD, Method::OPTIONS],
            when: None,
        }
    }

    /// Whether a call of this method can fall back at all.
    pub(crate) fn covers(&self, method: &Method, change: Option<&Override>) -> bool {
        let wanted = change.and_then(Override::wanted);
        wanted.unwrap_or_else(|| self.methods.contains(method))
    }

    /// Whether this failure does.
    pub(crate) fn names(&self, failed: Failed<'_>) -> bool {
        match &self.when {
            Some(when) => when(failed),
            None => usual(failed),
        }
    }
}

/// Closed circuits, limits and holds of ours are refusals that a substitute is for. What the caller did
/// wrong stays visible, and so does a want of credentials.
fn usual(failed: Failed<'_>) -> bool {
    match failed.kind() {
        None => failed.status().is_some_and(|status| status.as_u16() >= 500),
        Some(Kind::Request | Kind::RequestBody | Kind::Unauthenticated) => false,
        Some(_) => true,
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("methods", &self.methods)
            .field("when", &self.when.as_ref().map(|_| "a closure"))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use buttress_kernel::{Facts, HttpClassify, Outcome};
    use http::{HeaderMap, StatusCode};

    use super::*;

    #[test]
    fn no_status_below_500_falls_back_and_all_others_do() {
        let headers = HeaderMap::new();
        for status in 400..=999 {
            let status = StatusCode::from_u16(status).unwrap();
            let names = Rule::new().names(Failed::response(status, &headers));
            assert_eq!(names, status.as_u16() >= 500, "{status}");
        }
    }

    #[test]
    fn errors_of_the_caller_do_not_fall_back() {
        for (kind, falls_back) in [
            (Kind::Timeout, true),
            (Kind::Connect, true),
            (Kind::Transport, true),
            (Kind::CircuitOpen, true),
            (Kind::RateLimited, true),
            (Kind::Held, true),
            (Kind::Other, true),
            (Kind::Unauthenticated, false),
            (Kind::Request, false),
            (Kind::RequestBody, false),
        ] {
            let error = Facts::new(kind);
            let names = Rule::new().names(Failed::error(&error));
            assert_eq!(names, falls_back, "{kind}");
            // What every other layer takes for the caller's fault does not, either.
            let is_ours = HttpClassify::error(&error) == Outcome::CallerFault;
            assert_eq!(
                is_ours && kind != Kind::Unauthenticated,
                !names && kind != Kind::Unauthenticated,
                "{kind}"
            );
        }
    }

    #[test]
    fn an_override_is_stronger_than_the_method() {
        let rule = Rule::new();
        let covers = |method: Method, change: Override| rule.covers(&method, Some(&change));
        assert!(covers(Method::GET, Override::new()));
        assert!(!covers(Method::POST, Override::new()));
        assert!(covers(Method::POST, Override::new().off().on()));
        assert!(!covers(Method::GET, Override::new().on().off()));
        assert!(rule.covers(&Method::HEAD, None) && !rule.covers(&Method::DELETE, None));
    }
}
