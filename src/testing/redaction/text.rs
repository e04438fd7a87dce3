//! Secrets in queries, alone and in the middle of text.

use std::borrow::Cow;

use super::REDACTED;

/// The pairs of a query or a form, without the values that are secret by name.
pub(super) fn pairs(text: &str, is_secret: &impl Fn(&str) -> bool) -> String {
    let told = text.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={REDACTED}"),
        _ => pair.to_owned(),
    });
    told.collect::<Vec<_>>().join("&")
}

/// Text in which each `?name=value` and `&name=value` that is secret has lost its value.
pub(super) fn uris<'t>(text: &'t str, is_secret: &impl Fn(&str) -> bool) -> Cow<'t, str> {
    let mut told = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['?', '&']) {
        let (before, behind) = rest.split_at(at + 1);
        told.push_str(before);
        let end = behind.find(ends_name).unwrap_or(behind.len());
        let (name, behind) = behind.split_at(end);
        told.push_str(name);
        rest = behind;
        if let Some(value) = behind.strip_prefix('=')
            && is_secret(name)
        {
            told.push('=');
            told.push_str(REDACTED);
            rest = &value[value.find(ends_value).unwrap_or(value.len())..];
        }
    }
    if told.is_empty() {
        return text.into();
    }
    told.push_str(rest);
    told.into()
}

fn ends_name(c: char) -> bool {
    c == '=' || c == '?' || ends_value(c)
}

fn ends_value(c: char) -> bool {
    c.is_whitespace() || matches!(c, '&' | '#' | '"' | '<' | '>' | '\\')
}
