use std::error::Error;
use std::fmt;

/// A URI that cannot be used, and the rule that it broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidUri(Rule);

impl InvalidUri {
    pub(super) const fn new(rule: Rule) -> Self {
        Self(rule)
    }

    pub(crate) const fn malformed() -> Self {
        Self(Rule::Malformed)
    }

    pub(crate) const fn no_base() -> Self {
        Self(Rule::NoBase)
    }

    pub(crate) const fn elsewhere() -> Self {
        Self(Rule::Elsewhere)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Malformed,
    NotAbsolute,
    Scheme,
    UserInfo,
    Query,
    Fragment,
    Backslash,
    OtherHost,
    DotSegments,
    NoBase,
    Elsewhere,
}

impl fmt::Display for InvalidUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Rule::Malformed => "the URI is malformed: a host is letters, digits, `-`, `.` and `_`, a port is at most 65535, \
                 and other characters must be percent-encoded",
            Rule::NotAbsolute => "the URI has no scheme and host; write it as https://host/path",
            Rule::Scheme => "the URI's scheme is neither http nor https",
            Rule::UserInfo => "the URI holds a user name or password; credentials belong in a header",
            Rule::Query => "a base URI has no query and no fragment",
            Rule::Fragment => "what follows a `#` is never sent; write `%23` where the character itself is meant, or leave it out",
            Rule::Backslash => "a path holds a `\\`, which no URI has and some servers read as `/`; write `/`, or `%5C` where the character itself is meant",
            Rule::OtherHost => "a path that begins with `//` means another host; write the whole URI or one slash",
            Rule::DotSegments => "a path segment is `..`, which could leave the base URI's prefix",
            Rule::Elsewhere => "the request's URI names another origin than the client's base URI; take the authority out, or use `execute`",
            Rule::NoBase => "the request's URI is relative and the client has no base URI; set one with `base_uri`",
        })
    }
}

impl Error for InvalidUri {}
