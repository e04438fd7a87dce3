use std::error::Error;
use std::fmt;

use buttress_kernel::{BoxError, Facts, Kind, Sent};

/// A request could not be signed, and was not sent.
///
/// Says why, and never what: no key, no header value and no part of a URI is in it.
///
/// ```
/// use buttress_kernel::{Failure, Kind, Sent};
/// use buttress_sign::SignError;
///
/// let error = SignError::new("it has no host");
/// assert_eq!(error.to_string(), "the request cannot be signed: it has no host");
/// assert_eq!(Failure::of(&error).kind(), Kind::Request);
/// assert_eq!(Failure::of(&error).sent(), Sent::No);
/// ```
#[derive(Debug)]
pub struct SignError {
    reason: &'static str,
    facts: Facts,
}

impl SignError {
    /// The request cannot be signed because of `reason`, a clause such as `it has no host`.
    ///
    /// The reason must hold nothing of the request and nothing of a key.
    #[must_use]
    pub fn new(reason: &'static str) -> Self {
        let facts = Facts::new(Kind::Request).sent(Sent::No);
        Self { reason, facts }
    }

    /// The scheme needs the body's bytes, and the body is a stream.
    #[must_use]
    pub fn unknown_body() -> Self {
        Self::new(
            "its body is a stream, whose digest nobody knows before it is sent; send bytes, or let \
             the signer leave the body out where the scheme allows it",
        )
    }

    /// Sets the error behind this one.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<BoxError>) -> Self {
        self.facts = self.facts.caused_by(source.into());
        self
    }

    /// Why, as a clause.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        self.reason
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the request cannot be signed: {}", self.reason)
    }
}

impl Error for SignError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}

/// Settings of a signer that cannot work, with the rule that they break.
///
/// Never says what was given: it may be a key.
#[derive(Debug)]
pub struct InvalidSettings(&'static str);

impl InvalidSettings {
    pub(crate) const fn new(rule: &'static str) -> Self {
        Self(rule)
    }
}

impl fmt::Display for InvalidSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for InvalidSettings {}
