use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// A text that is not a template, and the rule that it broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidTemplate {
    rule: Rule,
    at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Literal,
    Percent,
    Unopened,
    Unclosed,
    Operator,
    Name,
    Level4,
    Authority,
    Fragment,
}

impl InvalidTemplate {
    pub(super) const fn new(rule: Rule, at: usize) -> Self {
        Self { rule, at }
    }

    /// What a constant's compilation ends with.
    pub(super) const fn give_up(self) -> ! {
        panic!("{}", self.rule.as_str())
    }
}

impl Rule {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Literal => "this character must be percent-encoded",
            Self::Percent => "`%` is not followed by two hexadecimal digits",
            Self::Unopened => "`}` has no `{`",
            Self::Unclosed => "`{` has no `}`",
            Self::Operator => "this operator is reserved for extensions",
            Self::Name => "a name is letters, digits, `_` and single dots between them",
            Self::Level4 => {
                "prefixes (`:3`) and explosion (`*`) are not supported; give the value as it shall be"
            }
            Self::Authority => "a host and a port are not for values to choose",
            Self::Fragment => {
                "what follows a `#` is never sent; write `%23` where the character itself is meant"
            }
        }
    }
}

impl fmt::Display for InvalidTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = self.rule.as_str();
        write!(f, "the template is invalid at byte {}: {rule}", self.at)
    }
}

impl Error for InvalidTemplate {}

/// A template has names for which no value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingParameters(pub(super) Vec<String>);

impl MissingParameters {
    pub(crate) const fn of(names: Vec<String>) -> Self {
        Self(names)
    }

    /// The names, in the template's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for MissingParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no value was given for {}", Listed(&self.0))
    }
}

impl Error for MissingParameters {}

/// Values were given for names that the template does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownParameters(pub(super) Vec<String>);

impl UnknownParameters {
    pub(crate) const fn of(names: Vec<String>) -> Self {
        Self(names)
    }

    /// The names, in the order in which they were given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for UnknownParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Listed(&self.0);
        write!(
            f,
            "the template has no {names}; `open` sends values without a place as the query"
        )
    }
}

impl Error for UnknownParameters {}

/// A value that would change the request's path instead of filling a place in it, or that a
/// [check](crate::registry::Parameter::check) refused. The value itself is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidParameter {
    pub(super) names: Vec<String>,
    pub(super) reason: Cow<'static, str>,
}

impl InvalidParameter {
    pub(crate) fn of(name: &str, reason: Cow<'static, str>) -> Self {
        let names = vec![name.to_owned()];
        Self { names, reason }
    }

    /// The name, or the names that make the segment together.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}

impl fmt::Display for InvalidParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the value of {} {}", Listed(&self.names), self.reason)
    }
}

impl Error for InvalidParameter {}

struct Listed<'a>(&'a [String]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, name) in self.0.iter().enumerate() {
            let separator = if n == 0 { "" } else { ", " };
            write!(f, "{separator}`{}`", name.escape_debug())?;
        }
        Ok(())
    }
}
