use super::encode::{Encoding, encode};
use super::part::{Expression, Part, parts};

/// The expansion of RFC 6570 §3, which cannot fail.
pub(super) fn expand<'v>(text: &str, value: &impl Fn(&str) -> Option<&'v str>, into: &mut String) {
    for part in parts(text) {
        match part {
            Part::Literal(literal) => encode(literal, Encoding::Literal, into),
            Part::Expression(expression) => expand_one(expression, value, into),
        }
    }
}

/// §3.2.1: what has no value leaves no trace.
pub(super) fn expand_one<'v>(
    expression: Expression<'_>,
    value: &impl Fn(&str) -> Option<&'v str>,
    into: &mut String,
) {
    let operator = expression.operator;
    let encoding = if operator.reserved {
        Encoding::Reserved
    } else {
        Encoding::Component
    };
    let mut between = operator.first;
    for name in expression.names() {
        let Some(value) = value(name) else { continue };
        into.push_str(between);
        between = operator.separator;
        if let Some(if_empty) = operator.named {
            into.push_str(name);
            into.push_str(if value.is_empty() { if_empty } else { "=" });
        }
        encode(value, encoding, into);
    }
}
