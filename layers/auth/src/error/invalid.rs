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

/// Settings of [`Tokens`](crate::Tokens) that contradict themselves. `Display` says which rule they
/// break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidTokens(TokensRule);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokensRule {
    AheadAboveHundred,
    CapBelowBase,
    NoTime,
    NoTtl,
}

impl From<TokensRule> for InvalidTokens {
    fn from(rule: TokensRule) -> Self {
        Self(rule)
    }
}

impl fmt::Display for InvalidTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            TokensRule::AheadAboveHundred => {
                "a token cannot be renewed earlier than at its beginning: ahead is at most 100 percent"
            }
            TokensRule::CapBelowBase => "the backoff's cap must not be below its base",
            TokensRule::NoTtl => "a token that is kept for no time is one of `each_request`",
            TokensRule::NoTime => "the source needs some time to fetch a token: its limit is 0",
        })
    }
}

impl Error for InvalidTokens {}

/// This is not an origin. It is not shown, since URIs may hold secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidOrigin(());

impl InvalidOrigin {
    pub(crate) const fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "an origin needs a scheme and a host, and no user info, as in `https://api.example.com`",
        )
    }
}

impl Error for InvalidOrigin {}
