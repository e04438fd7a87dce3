use std::error::Error;
use std::fmt;

use buttress_kernel::{Facts, Sent};

/// The pages of a list do not end, or lead in a circle, or to where they should not.
#[derive(Debug)]
pub struct Astray {
    rule: Rule,
    facts: Facts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Circle,
    Equal,
    Empty(u32),
    TooMany(u32),
    NoEnd,
    Elsewhere,
    TooLong(usize),
}

impl Astray {
    pub(super) fn new(rule: Rule) -> Self {
        let sent = match rule {
            Rule::Equal | Rule::NoEnd => Sent::Yes,
            _ => Sent::No,
        };
        let facts = Facts::default().sent(sent);
        Self { rule, facts }
    }

    #[cfg(test)]
    pub(crate) fn without_end() -> Self {
        Self::new(Rule::NoEnd)
    }

    #[cfg(test)]
    pub(super) const fn rule(&self) -> Rule {
        self.rule
    }
}

impl fmt::Display for Astray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rule {
            Rule::Circle => {
                f.write_str("the server names a page as the next that was read already")
            }
            Rule::Equal => f.write_str(
                "the page is the same as the one before; the server may not know the parameter, \
                 or a cache may not (where pages can be equal, `allow_equal_pages`)",
            ),
            Rule::Empty(pages) => write!(
                f,
                "{pages} pages in a row were empty, and each named a next one; raise \
                 `max_empty_pages` where that is right"
            ),
            Rule::TooMany(pages) => write!(
                f,
                "there are more than {pages} pages; raise `max_pages`, or go on from this position"
            ),
            Rule::NoEnd => f.write_str(
                "the server does not say where the list ends, so it cannot be read backwards from \
                 there; say where to begin with `start_at`",
            ),
            Rule::Elsewhere => f.write_str(
                "the next page is at another origin; allow it with `any_origin`, and it is asked \
                 for without credentials (never from https to http, nor with a body)",
            ),
            Rule::TooLong(bytes) => write!(
                f,
                "the position of the next page has {bytes} bytes, more than fit into a request"
            ),
        }
    }
}

impl Error for Astray {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}
