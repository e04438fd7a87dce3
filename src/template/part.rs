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
        let mut rest = Some(self.list);
        std::iter::from_fn(move || {
            let list = rest?;
            let (name, behind) = list.split_at(end_at(list, b','));
            rest = behind.get(1..);
            Some(name)
        })
    }
}

/// The pieces of a template that has been checked. It is walked instead of kept in pieces: that costs
/// a look at each byte and nothing on the heap.
pub(super) fn parts(mut rest: &str) -> impl Iterator<Item = Part<'_>> {
    std::iter::from_fn(move || {
        let first = rest.bytes().next()?;
        if first != b'{' {
            let (literal, behind) = rest.split_at(end_at(rest, b'{'));
            rest = behind;
            return Some(Part::Literal(literal));
        }
        let (inside, behind) = rest[1..].split_at(end_at(&rest[1..], b'}'));
        rest = behind.get(1..).unwrap_or_default();
        let (operator, list) = Operator::split(inside);
        Some(Part::Expression(Expression { operator, list }))
    })
}

/// Pieces are short: a search that prepares itself takes longer.
fn end_at(text: &str, end: u8) -> usize {
    let found = text.bytes().position(|byte| byte == end);
    found.unwrap_or(text.len())
}
