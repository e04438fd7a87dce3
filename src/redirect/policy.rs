use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::{Method, StatusCode, Uri};

use crate::base_uri::same_origin;

/// How many redirects a call follows, unless set.
const MOST: u8 = 10;

/// Which redirects are followed.
///
/// ```
/// use buttress::redirect::{Policy, Verdict};
///
/// let nowhere = Policy::none();
/// let anywhere = Policy::limited(5);
/// let at_home = Policy::same_origin();
/// let to_the_store = Policy::custom(|hop| match hop.to().host() {
///     Some("files.example.com") => Verdict::Follow,
///     _ => Verdict::Stop,
/// });
/// # let _ = (nowhere, anywhere, at_home, to_the_store);
/// ```
#[derive(Clone)]
pub struct Policy {
    scope: Scope,
    most: u8,
    downgrade: bool,
}

#[derive(Clone)]
enum Scope {
    Nowhere,
    Anywhere,
    Origin,
    Custom(Judge),
}

type Judge = Arc<dyn Fn(&Hop<'_>) -> Verdict + Send + Sync>;

impl Policy {
    const fn within(scope: Scope) -> Self {
        Self {
            scope,
            most: MOST,
            downgrade: false,
        }
    }

    /// Follows none: a redirect is a response. This is the default.
    #[must_use]
    pub const fn none() -> Self {
        Self::within(Scope::Nowhere)
    }

    /// Follows so many in a row, to any origin. With 0 every redirect is an error.
    #[must_use]
    pub const fn limited(most: u8) -> Self {
        Self::within(Scope::Anywhere).most(most)
    }

    /// Follows up to 10, as long as scheme, host and port stay the same. One that leads elsewhere is a
    /// response.
    #[must_use]
    pub const fn same_origin() -> Self {
        Self::within(Scope::Origin)
    }

    /// Follows up to 10 of those that `judge` is for.
    #[must_use]
    pub fn custom<F>(judge: F) -> Self
    where
        F: Fn(&Hop<'_>) -> Verdict + Send + Sync + 'static,
    {
        Self::within(Scope::Custom(Arc::new(judge)))
    }

    /// Follows so many in a row; one more is an error.
    #[must_use]
    pub const fn most(mut self, hops: u8) -> Self {
        self.most = hops;
        self
    }

    /// Whether a step from https to http is allowed. It is not unless set: whoever listens on the way
    /// could read, and answer, what was meant to be private.
    #[must_use]
    pub const fn downgrade(mut self, allowed: bool) -> Self {
        self.downgrade = allowed;
        self
    }

    pub(super) const fn is_none(&self) -> bool {
        matches!(self.scope, Scope::Nowhere)
    }

    pub(super) const fn limit(&self) -> u8 {
        self.most
    }

    pub(super) const fn allows_downgrade(&self) -> bool {
        self.downgrade
    }

    pub(super) fn judge(&self, hop: &Hop<'_>) -> Verdict {
        match &self.scope {
            Scope::Nowhere => Verdict::Stop,
            Scope::Anywhere => Verdict::Follow,
            Scope::Origin if same_origin(hop.from, hop.to) => Verdict::Follow,
            Scope::Origin => Verdict::Stop,
            Scope::Custom(judge) => judge(hop),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::none()
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scope = match &self.scope {
            Scope::Nowhere => "nowhere",
            Scope::Anywhere => "anywhere",
            Scope::Origin => "same origin",
            Scope::Custom(_) => "custom",
        };
        f.debug_struct("Policy")
            .field("scope", &scope)
            .field("most", &self.most)
            .field("downgrade", &self.downgrade)
            .finish()
    }
}

/// What a [custom](Policy::custom) policy says to a redirect.
// Closed: whoever writes a policy must be able to name all there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Ask there, unless a rule forbids it.
    Follow,
    /// Take the redirect for the response.
    Stop,
    /// Fail, and say this.
    Refuse(Cow<'static, str>),
}

/// A redirect, as a [custom](Policy::custom) policy sees it.
#[derive(Clone, Copy)]
pub struct Hop<'a> {
    pub(super) status: StatusCode,
    pub(super) method: &'a Method,
    pub(super) from: &'a Uri,
    pub(super) to: &'a Uri,
    pub(super) number: u8,
}

impl<'a> Hop<'a> {
    /// The redirect's status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The method that would be sent.
    #[must_use]
    pub const fn method(&self) -> &'a Method {
        self.method
    }

    /// Who redirects.
    #[must_use]
    pub const fn from(&self) -> &'a Uri {
        self.from
    }

    /// Where to.
    #[must_use]
    pub const fn to(&self) -> &'a Uri {
        self.to
    }

    /// The how many-th redirect of this call it is, from 1 on.
    #[must_use]
    pub const fn number(&self) -> u8 {
        self.number
    }

    /// Whether scheme, host and port stay the same.
    #[must_use]
    pub fn is_same_origin(&self) -> bool {
        same_origin(self.from, self.to)
    }
}

impl fmt::Debug for Hop<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hop")
            .field("status", &self.status)
            .field("method", self.method)
            .field("from", &crate::error::redacted(self.from))
            .field("to", &crate::error::redacted(self.to))
            .field("number", &self.number)
            .finish()
    }
}
