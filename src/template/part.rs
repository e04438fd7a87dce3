use super::operator::Operator;

/// A piece of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Literal(&'a str),
    Expression(Expression<'a>),
}

/// What stands between two braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expression<'a> {
    pub(super) operator: Operator,
    list: &'a str,
}

impl<'a> Expression<'a> {
    /// The names, commas between them.
    pub(super) const fn list(self) -> &'a str {
        self.list
    }

    pub(super) fn names(self) -> impl Iterator<Item = &'a str> {
        self.list.split(',')
    }
}

/// The pieces of a template that has been checked. It is walked instead of kept in pieces: that costs
/// a look at each byte and nothing on the heap.
pub(super) fn parts(mut rest: &str) -> impl Iterator<Item = Part<'_>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some(inside) = rest.strip_prefix('{') else {
            let (literal, behind) = rest.split_at(rest.find('{').unwrap_or(rest.len()));
            rest = behind;
            return Some(Part::Literal(literal));
        };
        let (inside, behind) = inside.split_once('}').unwrap_or((inside, ""));
        rest = behind;
        let (operator, list) = Operator::split(inside);
        Some(Part::Expression(Expression { operator, list }))
    })
}
