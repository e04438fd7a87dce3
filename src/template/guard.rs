//! The client's expansion: every place has its value, every value its place, and no value changes
//! which resource the path names.

use std::cell::Cell;
use std::ops::Range;

use buttress_kernel::BoxError;

use super::draft::Draft;
use super::expand::expand_one;
use super::part::{Expression, Part, parts};
use super::values::Values;
use super::{InvalidParameter, MissingParameters, UnknownParameters, encode};
use crate::base_uri::names_host;

mod forbidden;

use self::forbidden::{blame, may_be_forbidden};

/// A template with its places filled.
#[derive(Debug)]
pub(crate) struct Filled<'v> {
    pub(crate) reference: String,
    /// Values that have no place in it, with their names.
    pub(crate) surplus: Vec<(&'v str, &'v str)>,
}

/// Writes first and asks then: what was seen on the way tells which questions are left.
///
/// # Errors
///
/// When it is no template, when a place that is not optional has no value, when a value would
/// change the path, and when one has no place and the template is not `open`.
pub(crate) fn fill<'v>(
    draft: &Draft,
    values: &'v Values,
    open: bool,
) -> Result<Filled<'v>, BoxError> {
    let text = draft.checked()?;
    let seen = Seen::default();
    let reference = write(text, &|name| seen.find(values, name), |_, expression| {
        seen.note(expression);
    });
    if seen.lacks.get() {
        check_missing(text, values)?;
    }
    let surplus = if seen.has_used_all(values) {
        Vec::new()
    } else {
        surplus(text, values)
    };
    if !open && !surplus.is_empty() {
        let names = surplus.iter().map(|(name, _)| (*name).to_owned()).collect();
        return Err(UnknownParameters(names).into());
    }
    if seen.reserved.get() {
        check_reserved(text, values)?;
    }
    if may_be_forbidden(text, &reference) {
        blame(text, values)?;
    }
    check_host(text, values, &reference)?;
    Ok(Filled { reference, surplus })
}

/// What was met while a template was written.
#[derive(Default)]
struct Seen {
    /// The first 64 values that found a place.
    used: Cell<u64>,
    /// Whether a name had no value.
    lacks: Cell<bool>,
    /// Whether reserved characters stayed as they are.
    reserved: Cell<bool>,
}

impl Seen {
    fn find<'v>(&self, values: &'v Values, name: &str) -> Option<&'v str> {
        let Some((at, value)) = values.find(name) else {
            self.lacks.set(true);
            return None;
        };
        let bit = u32::try_from(at).ok().and_then(|at| 1_u64.checked_shl(at));
        self.used.set(self.used.get() | bit.unwrap_or_default());
        Some(value)
    }

    fn note(&self, expression: Expression<'_>) {
        if expression.operator.reserved {
            self.reserved.set(true);
        }
    }

    fn has_used_all(&self, values: &Values) -> bool {
        self.used.get().count_ones() as usize == values.len()
    }
}

/// The template filled. `made` is told where each expression stands in the result.
///
/// It is the RFC's expansion but for one thing: what goes on with a query (`{&b}`) begins it where it has
/// not begun, since the `{?a}` before it may have been left out.
fn write<'t, 'v>(
    text: &'t str,
    find: &impl Fn(&str) -> Option<&'v str>,
    mut made: impl FnMut(Range<usize>, Expression<'t>),
) -> String {
    // There is room for what will be put in front of it and behind it.
    let mut reference = String::with_capacity(text.len() + 96);
    for part in parts(text) {
        match part {
            Part::Literal(literal) => encode(literal, super::Encoding::Literal, &mut reference),
            Part::Expression(mut expression) => {
                if expression.operator.first == "&" && !reference.contains(['?', '#']) {
                    expression.operator.first = "?";
                }
                let begin = reference.len();
                expand_one(expression, find, &mut reference);
                made(begin..reference.len(), expression);
            }
        }
    }
    reference
}

fn find<'v>(values: &'v Values, name: &str) -> Option<&'v str> {
    values.find(name).map(|(_, value)| value)
}

/// A template that leaves the host to the client's base leaves it so when it is filled, too: `{+a}//{b}`
/// must not become the URI of somewhere else.
fn check_host(text: &str, values: &Values, reference: &str) -> Result<(), InvalidParameter> {
    if !names_host(reference) || names_host(text.split('{').next().unwrap_or_default()) {
        return Ok(());
    }
    let host = reference.find("//").map_or(0, |at| at + "//".len());
    let mut names = Vec::new();
    write(text, &|name| find(values, name), |range, expression| {
        if range.start <= host {
            names.extend(expression.names().map(str::to_owned));
        }
    });
    let reason = "chooses the host, which is the template's to say or the base URI's".into();
    Err(InvalidParameter { names, reason })
}

fn expressions(text: &str) -> impl Iterator<Item = Expression<'_>> {
    parts(text).filter_map(|part| match part {
        Part::Literal(_) => None,
        Part::Expression(expression) => Some(expression),
    })
}

fn check_missing(text: &str, values: &Values) -> Result<(), MissingParameters> {
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

fn surplus<'v>(text: &str, values: &'v Values) -> Vec<(&'v str, &'v str)> {
    let has = |name: &str| expressions(text).any(|e| e.names().any(|known| known == name));
    values.iter().filter(|(name, _)| !has(name)).collect()
}

/// In an expansion that keeps reserved characters, those that would end the path or the query.
fn check_reserved(text: &str, values: &Values) -> Result<(), InvalidParameter> {
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

#[cfg(test)]
mod tests;
