//! What the client wants of a template besides its grammar.

use std::borrow::Cow;

use super::error::Rule;
use super::{InvalidTemplate, syntax};

/// A template as it was given, and whether a request can be made of it. Where the text is a constant,
/// the compiler has found that out.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    text: Cow<'static, str>,
    verdict: Result<(), InvalidTemplate>,
}

impl Draft {
    pub(crate) const fn fixed(text: &'static str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            verdict: check(text),
        }
    }

    pub(crate) fn given(text: &str) -> Self {
        Self {
            text: Cow::Owned(text.to_owned()),
            verdict: check(text),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn checked(&self) -> Result<&str, InvalidTemplate> {
        self.verdict?;
        Ok(&self.text)
    }
}

/// # Errors
///
/// When it is no template, or none of a request.
const fn check(text: &str) -> Result<(), InvalidTemplate> {
    if let Err(fault) = syntax::check(text) {
        return Err(fault);
    }
    let text = text.as_bytes();
    match check_authority(text) {
        Ok(()) => check_fragment(text),
        refused => refused,
    }
}

/// Where the host is decided, nothing is left to values.
const fn check_authority(text: &[u8]) -> Result<(), InvalidTemplate> {
    let first = position(text, 0, b"{");
    let mut slashes = position(text, 0, b"/");
    while slashes + 1 < text.len() && text[slashes + 1] != b'/' {
        slashes = position(text, slashes + 1, b"/");
    }
    if first == text.len() || slashes + 1 >= text.len() {
        return Ok(());
    }
    let has_scheme = slashes > 0 && text[slashes - 1] == b':' && position(text, 0, b"/") == slashes;
    let end = position(text, slashes + "//".len(), b"/?#");
    if (slashes == 0 || has_scheme) && (end == text.len() || first < end) {
        return Err(InvalidTemplate::new(Rule::Authority, first));
    }
    Ok(())
}

/// No request sends what follows a `#`, so whoever writes one means something else.
const fn check_fragment(text: &[u8]) -> Result<(), InvalidTemplate> {
    let mut at = position(text, 0, b"{#");
    while at < text.len() {
        if text[at] == b'#' {
            return Err(InvalidTemplate::new(Rule::Fragment, at));
        }
        // One in an expression is an operator.
        at = position(text, position(text, at, b"}"), b"{#");
    }
    Ok(())
}

/// Where one of these stands first, from here on; else the end.
const fn position(text: &[u8], from: usize, any: &[u8]) -> usize {
    let mut at = from;
    while at < text.len() {
        let mut which = 0;
        while which < any.len() {
            if text[at] == any[which] {
                return at;
            }
            which += 1;
        }
        at += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Where the first value stands that chooses a host, as a reader would look for it.
    fn authority(text: &str) -> Option<usize> {
        let first = text.find('{')?;
        let (scheme, rest) = text.split_once("//")?;
        let is_authority = scheme.is_empty() || scheme.ends_with(':') && !scheme.contains('/');
        let end = rest.find(['/', '?', '#']).map(|at| at + scheme.len() + 2);
        (is_authority && end.is_none_or(|end| first < end)).then_some(first)
    }

    fn fragment(text: &str) -> Option<usize> {
        let mut at = 0;
        text.split_inclusive('}').find_map(|piece| {
            let literal = piece.split('{').next().unwrap_or_default();
            let found = literal.find('#').map(|hash| at + hash);
            at += piece.len();
            found
        })
    }

    proptest! {
        #[test]
        fn what_the_compiler_finds_is_what_a_reader_would(
            text in "(http:|//|/|a|\\?|#|:|\\{a\\}|\\{#b\\}|\\{/c,d\\}|é){0,8}",
        ) {
            let found = check(&text).err();
            let authority = authority(&text).map(|at| InvalidTemplate::new(Rule::Authority, at));
            let fragment = fragment(&text).map(|at| InvalidTemplate::new(Rule::Fragment, at));
            prop_assert_eq!(syntax::check(&text), Ok(()));
            prop_assert_eq!(found, authority.or(fragment), "{}", text);
        }
    }
}
