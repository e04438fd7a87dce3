//! The client's expansion: every place has its value, every value its place, and no value changes
//! which resource the path names.

use std::ops::Range;

use buttress_kernel::BoxError;

use super::error::Rule;
use super::expand::expand_one;
use super::part::{Expression, Part, parts};
use super::{
    InvalidParameter, InvalidTemplate, MissingParameters, UnknownParameters, encode, syntax,
};
use crate::base_uri::names_host;
use crate::segments;

/// A value that was given, and the name it was given for.
pub(crate) type Value = (std::borrow::Cow<'static, str>, String);

/// A template with its places filled.
#[derive(Debug)]
pub(crate) struct Filled<'v> {
    pub(crate) reference: String,
    /// Values that have no place in it.
    pub(crate) surplus: Vec<&'v Value>,
}

/// # Errors
///
/// When `text` is no template, when a place that is not optional has no value, when a value would
/// change the path, and when one has no place and the template is not `open`.
pub(crate) fn fill<'v>(
    text: &str,
    values: &'v [Value],
    open: bool,
) -> Result<Filled<'v>, BoxError> {
    syntax::check(text)?;
    check_authority(text)?;
    check_fragment(text)?;
    check_missing(text, values)?;
    let surplus = surplus(text, values);
    if !open && !surplus.is_empty() {
        let names = surplus.iter().map(|(name, _)| name.to_string()).collect();
        return Err(UnknownParameters(names).into());
    }
    check_reserved(text, values)?;
    let reference = write(text, values, |_, _| {});
    if forbidden(&reference).next().is_some() {
        blame(text, values)?;
    }
    check_host(text, values, &reference)?;
    Ok(Filled { reference, surplus })
}

/// The template filled. `made` is told where each expression stands in the result.
///
/// It is the RFC's expansion but for one thing: what goes on with a query (`{&b}`) begins it where it has
/// not begun, since the `{?a}` before it may have been left out.
fn write<'t>(
    text: &'t str,
    values: &[Value],
    mut made: impl FnMut(Range<usize>, Expression<'t>),
) -> String {
    let find = |name: &str| find(values, name);
    let mut reference = String::with_capacity(text.len() + 32);
    for part in parts(text) {
        match part {
            Part::Literal(literal) => encode(literal, super::Encoding::Literal, &mut reference),
            Part::Expression(mut expression) => {
                if expression.operator.first == "&" && !reference.contains(['?', '#']) {
                    expression.operator.first = "?";
                }
                let begin = reference.len();
                expand_one(expression, &find, &mut reference);
                made(begin..reference.len(), expression);
            }
        }
    }
    reference
}

/// The last value of a name: a later one replaces an earlier one.
fn find<'v>(values: &'v [Value], name: &str) -> Option<&'v str> {
    let mut values = values.iter().rev();
    values.find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

/// Where the host is decided, nothing is left to values.
fn check_authority(text: &str) -> Result<(), InvalidTemplate> {
    let Some(first) = text.find('{') else {
        return Ok(());
    };
    let Some((scheme, rest)) = text.split_once("//") else {
        return Ok(());
    };
    let is_authority = scheme.is_empty() || scheme.ends_with(':') && !scheme.contains('/');
    let end = rest.find(['/', '?', '#']).map(|at| at + scheme.len() + 2);
    if is_authority && end.is_none_or(|end| first < end) {
        return Err(InvalidTemplate::new(Rule::Authority, first));
    }
    Ok(())
}

/// A template that leaves the host to the client's base leaves it so when it is filled, too: `{+a}//{b}`
/// must not become the URI of somewhere else.
fn check_host(text: &str, values: &[Value], reference: &str) -> Result<(), InvalidParameter> {
    let literal = text.split('{').next().unwrap_or_default();
    if names_host(literal) || !names_host(reference) {
        return Ok(());
    }
    let host = reference.find("//").map_or(0, |at| at + "//".len());
    let mut names = Vec::new();
    write(text, values, |range, expression| {
        if range.start <= host {
            names.extend(expression.names().map(str::to_owned));
        }
    });
    let reason = "chooses the host, which is the template's to say or the base URI's".into();
    Err(InvalidParameter { names, reason })
}

/// No request sends what follows a `#`, so whoever writes one means something else.
fn check_fragment(text: &str) -> Result<(), InvalidTemplate> {
    let mut at = 0;
    let hash = text.split_inclusive('}').find_map(|piece| {
        let literal = piece.split('{').next().unwrap_or_default();
        let found = literal.find('#').map(|hash| at + hash);
        at += piece.len();
        found
    });
    hash.map_or(Ok(()), |at| Err(InvalidTemplate::new(Rule::Fragment, at)))
}

fn expressions(text: &str) -> impl Iterator<Item = Expression<'_>> {
    parts(text).filter_map(|part| match part {
        Part::Literal(_) => None,
        Part::Expression(expression) => Some(expression),
    })
}

fn check_missing(text: &str, values: &[Value]) -> Result<(), MissingParameters> {
    let required = expressions(text).filter(|expression| !expression.operator.optional);
    let mut missing: Vec<String> = Vec::new();
    for name in required.flat_map(Expression::names) {
        if find(values, name).is_none() && !missing.iter().any(|known| known == name) {
            missing.push(name.to_owned());
        }
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(MissingParameters(missing))
    }
}

fn surplus<'v>(text: &str, values: &'v [Value]) -> Vec<&'v Value> {
    let has = |name: &str| expressions(text).any(|e| e.names().any(|known| known == name));
    values.iter().filter(|(name, _)| !has(name)).collect()
}

/// In an expansion that keeps reserved characters, those that would end the path or the query.
fn check_reserved(text: &str, values: &[Value]) -> Result<(), InvalidParameter> {
    let mut ends: &[char] = &['?', '#'];
    for part in parts(text) {
        let expression = match part {
            Part::Literal(literal) if literal.contains('?') => {
                ends = &['#'];
                continue;
            }
            Part::Literal(_) => continue,
            Part::Expression(expression) => expression,
        };
        let operator = expression.operator;
        if operator.first == "?" {
            ends = &['#'];
        }
        for name in expression
            .names()
            .filter(|_| operator.reserved && operator.first.is_empty())
        {
            if find(values, name).is_some_and(|value| value.contains(ends)) {
                return Err(InvalidParameter {
                    names: vec![name.to_owned()],
                    reason: "holds a `?` or a `#`, which would end the path or the query".into(),
                });
            }
        }
    }
    Ok(())
}

/// The segments of a path that must not come from a value: those that are empty, and those that are
/// `.` or `..` to any server.
fn forbidden(reference: &str) -> impl Iterator<Item = (Range<usize>, &'static str)> {
    let end = reference.find(['?', '#']).unwrap_or(reference.len());
    let mut begin = 0;
    reference[..end].split('/').filter_map(move |segment| {
        let range = begin..begin + segment.len();
        begin = range.end + 1;
        let reason = match segment {
            "" => "leaves a segment of the path empty",
            _ if segments::any(segment, |part| part == "." || part == "..") => {
                "makes a segment of the path `.` or `..`"
            }
            _ => return None,
        };
        Some((range, reason))
    })
}

/// Who made a forbidden segment. One that the template itself has is its author's business.
fn blame(text: &str, values: &[Value]) -> Result<(), InvalidParameter> {
    let mut made: Vec<(Range<usize>, Expression<'_>)> = Vec::new();
    let reference = write(text, values, |range, expression| {
        made.push((range, expression));
    });
    for (segment, reason) in forbidden(&reference) {
        let touches =
            |range: &Range<usize>| range.start <= segment.end && segment.start <= range.end;
        let makers = made.iter().filter(|(range, _)| touches(range));
        let makers: Vec<_> = makers
            .filter(|maker| !may_be_empty(maker, &segment, &reference))
            .collect();
        if !makers.is_empty() {
            let names = makers.iter().flat_map(|(_, expression)| expression.names());
            let names = names.map(str::to_owned).collect();
            let reason = reason.into();
            return Err(InvalidParameter { names, reason });
        }
    }
    Ok(())
}

/// A value with slashes of its own may begin or end with one, what is optional may be absent, and before the
/// slash with which `{/a}` begins a reference there is nothing.
fn may_be_empty(
    (range, expression): &(Range<usize>, Expression<'_>),
    segment: &Range<usize>,
    reference: &str,
) -> bool {
    let operator = expression.operator;
    if !segment.is_empty() {
        return false;
    }
    let at_end =
        reference[segment.end..].is_empty() || reference[segment.end..].starts_with(['?', '#']);
    let own = operator.reserved && !range.is_empty() && (segment.start == 0 || at_end);
    let leading = operator.first == "/" && range.start == 0 && segment.start == 0;
    own || operator.optional || leading && !range.is_empty()
}
