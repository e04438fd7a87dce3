//! A template's path held against a URI's, in as many steps as both are long together.

use super::matching::{Found, Token, decode};

/// The values that make this path of these tokens. Where several do, each value is as long as can be, the
/// first before the second.
pub(super) fn walk(tokens: &[Token], path: &str) -> Option<Found> {
    // What a token may begin with follows from what the next one may, so it is found out from the end.
    let mut fits = vec![only_at(path.len(), path)];
    for token in tokens.iter().rev() {
        let next = fits.last()?;
        fits.push(token.begins(path, next));
    }
    fits.reverse();
    if !fits[0][0] {
        return None;
    }
    let (mut found, mut at) = (Vec::new(), 0);
    for (token, next) in tokens.iter().zip(&fits[1..]) {
        at = token.end(path, at, next, &mut found)?;
    }
    Some(found)
}

fn only_at(end: usize, path: &str) -> Vec<bool> {
    let mut fits = vec![false; path.len() + 1];
    fits[end] = true;
    fits
}

impl Token {
    /// Where this token may begin, for what follows may begin where `next` says.
    fn begins(&self, path: &str, next: &[bool]) -> Vec<bool> {
        match self {
            Self::Literal(literal) => {
                let begins = |at: usize| {
                    let is_there = path.as_bytes()[at..].starts_with(literal.as_bytes());
                    is_there && next[at + literal.len()]
                };
                (0..next.len()).map(begins).collect()
            }
            Self::Value {
                ends, may_be_empty, ..
            } => value_begins(path, ends, *may_be_empty, next),
            Self::Matrix(name) => {
                let begins = |at: usize| matrix_end(name, path, at, next).is_some();
                (0..next.len()).map(begins).collect()
            }
        }
    }

    /// Where this token ends, which begins at `at`; its value is put into `found`.
    fn end(&self, path: &str, at: usize, next: &[bool], found: &mut Found) -> Option<usize> {
        let (name, value, end) = match self {
            Self::Literal(literal) => return Some(at + literal.len()),
            Self::Value {
                name,
                ends,
                may_be_empty,
            } => {
                let last = path[at..]
                    .find(*ends)
                    .map_or(path.len(), |length| at + length);
                let first = at + usize::from(!may_be_empty);
                let end = (first..=last).rev().find(|end| next[*end])?;
                (name, at, end)
            }
            Self::Matrix(name) => match matrix_end(name, path, at, next)? {
                (None, end) => return Some(end),
                (Some(value), end) => (name, value, end),
            },
        };
        found.push((name.clone(), decode(&path[value..end], false)));
        Some(end)
    }
}

/// Goes through the path from its end, and so knows the nearest place where what follows may begin, and the
/// nearest where the value must be over.
fn value_begins(path: &str, ends: &[char], may_be_empty: bool, next: &[bool]) -> Vec<bool> {
    let mut begins = vec![false; next.len()];
    let (mut nearest, mut limit) = (usize::MAX, path.len());
    for at in (0..next.len()).rev() {
        // Of an empty value the end is here, of any other behind.
        let behind = nearest;
        if next[at] {
            nearest = at;
        }
        let byte = path.as_bytes().get(at);
        if byte.is_some_and(|byte| ends.contains(&char::from(*byte))) {
            limit = at;
        }
        let end = if may_be_empty { nearest } else { behind };
        begins[at] = end <= limit && path.is_char_boundary(at);
    }
    begins
}

/// Where `;name` or `;name=value` ends, or nothing, and where its value begins.
fn matrix_end(name: &str, path: &str, at: usize, next: &[bool]) -> Option<(Option<usize>, usize)> {
    let rest = &path.as_bytes()[at..];
    let behind = rest
        .strip_prefix(b";")
        .and_then(|rest| rest.strip_prefix(name.as_bytes()));
    let Some(behind) = behind else {
        return next[at].then_some((None, at));
    };
    let value = path.len() - behind.len();
    if let Some(behind) = behind.strip_prefix(b"=") {
        let length = behind.iter().position(|byte| matches!(byte, b';' | b'/'));
        let end = value + 1 + length.unwrap_or(behind.len());
        return next[end].then_some((Some(value + 1), end));
    }
    match (next[value], next[at]) {
        (true, _) => Some((Some(value), value)),
        (false, true) => Some((None, at)),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::template::matching::Pattern;

    /// The same, by trying everything.
    fn slowly(tokens: &[Token], path: &str) -> Option<Found> {
        let Some((token, rest)) = tokens.split_first() else {
            return path.is_empty().then(Vec::new);
        };
        let with = |name: &str, value: &str, end: usize| {
            let mut found = slowly(rest, path.get(end..)?)?;
            found.insert(0, (name.to_owned(), decode(value, false)));
            Some(found)
        };
        match token {
            Token::Literal(literal) => slowly(rest, path.strip_prefix(literal.as_str())?),
            Token::Value {
                name,
                ends,
                may_be_empty,
            } => {
                let longest = path.find(*ends).unwrap_or(path.len());
                let mut all = (usize::from(!may_be_empty)..=longest).rev();
                all.find_map(|end| with(name, path.get(..end)?, end))
            }
            Token::Matrix(name) => {
                let value = path
                    .strip_prefix(';')
                    .and_then(|path| path.strip_prefix(name));
                let Some(value) = value else {
                    return slowly(rest, path);
                };
                let begin = path.len() - value.len();
                if let Some(value) = value.strip_prefix('=') {
                    let length = value.find([';', '/']).unwrap_or(value.len());
                    return with(name, &value[..length], begin + 1 + length);
                }
                with(name, "", begin).or_else(|| slowly(rest, path))
            }
        }
    }

    proptest! {
        #[test]
        fn it_finds_what_trying_everything_finds(
            template in "(/|a|\\{v\\}|\\{\\+w\\}|\\{/x,y\\}|\\{;m\\}|\\{\\.n\\}){0,6}",
            path in "(/|a|b|,|\\.|;m|;m=|%2F|é){0,9}",
        ) {
            let Ok(pattern) = Pattern::new(&template) else { return Ok(()) };
            prop_assert_eq!(walk(pattern.tokens(), &path), slowly(pattern.tokens(), &path));
        }
    }

    #[test]
    fn no_template_and_no_path_make_it_try_everything() {
        // Twenty values that may all end anywhere: 10^60 ways to fail, were each tried.
        let template = "{+a}/".repeat(20) + "{;b}".repeat(20).as_str() + "end";
        let pattern = Pattern::new(&template).unwrap();
        let path = "/".repeat(20_000) + &";b".repeat(10);
        assert_eq!(walk(pattern.tokens(), &path), None);
        let found = walk(pattern.tokens(), &(path + "end")).unwrap();
        let lengths: Vec<_> = found
            .iter()
            .take(20)
            .map(|(_, value)| value.len())
            .collect();
        assert_eq!(
            (lengths[0], lengths[1..].iter().sum()),
            (20_000 - 20, 0),
            "the first is the longest"
        );
    }
}
