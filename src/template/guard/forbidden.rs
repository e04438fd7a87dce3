//! The segments of a path that no value may make.

use std::ops::Range;

use super::{Expression, InvalidParameter, Values, find, write};
use crate::segments;

/// Whether a path may hold a segment that must not come from a value. Before the slash with which a
/// template begins there is none.
pub(super) fn may_be_forbidden(text: &str, reference: &str) -> bool {
    let filled = match text.starts_with('/') {
        true => &reference[1..],
        false => reference,
    };
    let look = segments::look(filled);
    look.has_empty || look.may_hold_dots
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
pub(super) fn blame(text: &str, values: &Values) -> Result<(), InvalidParameter> {
    let mut made: Vec<(Range<usize>, Expression<'_>)> = Vec::new();
    let reference = write(text, &|name| find(values, name), |range, expression| {
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
