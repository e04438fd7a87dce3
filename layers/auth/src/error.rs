use std::error::Error;
use std::fmt;

/// A credential that cannot be sent as it is. `Display` says which rule it breaks, and never what
/// it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCredential(Rule);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Empty,
    Control,
    Space,
    Word,
    Colon,
    Name,
    CookieValue,
    Scheme,
}

impl From<Rule> for InvalidCredential {
    fn from(rule: Rule) -> Self {
        Self(rule)
    }
}

impl fmt::Display for InvalidCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Rule::Empty => "a credential must not be empty",
            Rule::Control => {
                "a credential must not hold control characters; is there a line break at its end?"
            }
            Rule::Space => "a credential must not begin or end with a space",
            Rule::Word => "a token must be one word of visible ASCII characters",
            Rule::Colon => {
                "a user name must not hold a colon, because the password begins behind the first"
            }
            Rule::Name => "this is not a name that a header, a parameter or a cookie can have",
            Rule::CookieValue => {
                "a cookie's value must not hold spaces, quotes, commas, semicolons or backslashes"
            }
            Rule::Scheme => "a scheme must be one word, such as `Bearer`",
        })
    }
}

impl Error for InvalidCredential {}
