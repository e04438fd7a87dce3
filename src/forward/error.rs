use std::error::Error;
use std::fmt;

use http::HeaderName;

/// Something that cannot be forwarded, and why.
///
/// ```
/// use buttress::forward::Forward;
///
/// let error = Forward::new().header(http::header::HOST).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "`host` is about one message or connection alone, so it cannot be forwarded",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidForward(Rule);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// The name of a cookie is none.
    Cookie(String),
    /// A field that is about a message or a connection.
    Message(HeaderName),
    /// A field that decides what the answer to one request is like.
    Answer(HeaderName),
    /// A field that says who somebody is.
    Secret(HeaderName),
    /// A field for which there is a setting of its own.
    Special(HeaderName, &'static str),
}

impl InvalidForward {
    pub(super) const fn new(rule: Rule) -> Self {
        Self(rule)
    }
}

impl fmt::Display for InvalidForward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Rule::Cookie(name) => {
                let name = name.escape_debug();
                write!(
                    f,
                    "no cookie can have the name `{name}`; it is a token (RFC 6265 §4.1.1)"
                )
            }
            Rule::Message(name) => write!(
                f,
                "`{name}` is about one message or connection alone, so it cannot be forwarded"
            ),
            Rule::Answer(name) => write!(
                f,
                "`{name}` decides what the answer to one request is like, and the call needs one of its own, so it \
                 cannot be forwarded"
            ),
            Rule::Secret(name) => {
                write!(f, "`{name}` is a secret and no request id; use `header`")
            }
            Rule::Special(name, setting) => {
                write!(f, "`{name}` is not forwarded as it comes; use `{setting}`")
            }
        }
    }
}

impl Error for InvalidForward {}
