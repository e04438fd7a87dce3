//! The words of a reader's error.

/// What the reader's message says of the type that was expected; the rest of it quotes the document,
/// and so may whatever serde did not write itself.
pub(super) fn wanted(error: &serde_json::Error) -> String {
    if !error.is_data() {
        return "this is not valid JSON".to_owned();
    }
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = message.strip_suffix(&place).unwrap_or(&message);
    if is_missing_field(message) {
        return message.to_owned();
    }
    let is_serdes = SERDES.iter().any(|words| message.starts_with(words));
    match message.rsplit_once(", expected ") {
        Some((_, expected)) if is_serdes => format!("expected {expected}"),
        _ => "this value does not fit".to_owned(),
    }
}

/// How serde's own messages begin that end with what was expected.
const SERDES: [&str; 5] = [
    "invalid type: ",
    "invalid value: ",
    "invalid length ",
    "unknown variant `",
    "unknown field `",
];

/// The field's name, and nothing behind it.
fn is_missing_field(message: &str) -> bool {
    let name = message.strip_prefix("missing field `");
    let name = name.and_then(|name| name.strip_suffix('`'));
    name.is_some_and(|name| !name.contains('`'))
}
