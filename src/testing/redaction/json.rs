//! Secrets in JSON. Types stay as they are, so that what was recorded can still be read.

use serde_json::Value;

use super::REDACTED;

/// The segments of a JSON pointer (RFC 6901 §3 and §4).
pub(super) fn segments(pointer: &str) -> Vec<String> {
    let segments = pointer.split('/').skip(1);
    segments
        .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// Redacts the fields that are secret by name; whether there were any.
pub(super) fn redact_fields(value: &mut Value, is_secret: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::Array(elements) => elements
            .iter_mut()
            .fold(false, |found, v| redact_fields(v, is_secret) | found),
        Value::Object(fields) => fields.iter_mut().fold(false, |found, (name, value)| {
            if is_secret(name) {
                redact(value);
                return true;
            }
            redact_fields(value, is_secret) | found
        }),
        _ => false,
    }
}

/// Redacts what lies at a pointer; whether there was anything.
pub(super) fn redact_at(value: &mut Value, pointer: &[String]) -> bool {
    let Some((first, rest)) = pointer.split_first() else {
        redact(value);
        return true;
    };
    let at = |value: &mut Value| redact_at(value, rest);
    match value {
        Value::Array(elements) if first == "*" => elements
            .iter_mut()
            .fold(false, |found, value| at(value) | found),
        Value::Object(fields) if first == "*" => fields
            .values_mut()
            .fold(false, |found, value| at(value) | found),
        Value::Array(elements) => {
            let index = first.parse::<usize>().ok();
            index
                .and_then(|index| elements.get_mut(index))
                .is_some_and(at)
        }
        Value::Object(fields) => fields.get_mut(first).is_some_and(at),
        _ => false,
    }
}

fn redact(value: &mut Value) {
    match value {
        Value::Null => {}
        Value::Bool(told) => *told = false,
        Value::Number(told) => *told = 0.into(),
        Value::String(told) => REDACTED.clone_into(told),
        Value::Array(elements) => elements.iter_mut().for_each(redact),
        Value::Object(fields) => fields.values_mut().for_each(redact),
    }
}
