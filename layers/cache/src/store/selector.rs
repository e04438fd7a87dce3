use std::sync::Arc;

use super::{Key, Variant};

/// Which stored responses are meant.
// Open: there may be other ways to point at them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Selector {
    /// All.
    All,
    /// Those under this key.
    Key(Key),
    /// Those whose name begins like this, of every partition.
    Prefix(Arc<str>),
    /// Those whose name is like this, where `*` stands for any text, of every partition.
    Pattern(Arc<str>),
    /// Those with this tag, of every partition.
    Tag(Arc<str>),
}

impl Selector {
    /// Whether everything under this key is meant; of [`Tag`](Self::Tag) never.
    #[must_use]
    pub fn covers(&self, key: &Key) -> bool {
        match self {
            Self::Key(wanted) => wanted == key,
            _ => self.covers_name(key.name()),
        }
    }

    /// The same where all that is known of a key is its name; of [`Key`](Self::Key) never.
    pub(crate) fn covers_name(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Prefix(prefix) => name.starts_with(&**prefix),
            Self::Pattern(pattern) => is_like(name, pattern),
            Self::Key(_) | Self::Tag(_) => false,
        }
    }

    /// Whether responses with these tags are meant, wherever they are stored.
    #[must_use]
    pub fn names(&self, tags: &[Arc<str>]) -> bool {
        matches!(self, Self::Tag(tag) if tags.contains(tag))
    }

    /// Whether this response, stored under this key, is meant.
    #[must_use]
    pub fn picks(&self, key: &Key, variant: &Variant) -> bool {
        match self {
            Self::Tag(_) => self.names(variant.tags()),
            _ => self.covers(key),
        }
    }
}

/// Whether `text` is like `pattern`, in time proportional to both.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return text == pattern;
    };
    let Some(text) = text.strip_prefix(first) else {
        return false;
    };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut text) = text.strip_suffix(last) else {
        return false;
    };
    for part in middle.split('*') {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::is_like;

    /// Slow, and obvious.
    fn model(text: &[u8], pattern: &[u8]) -> bool {
        match pattern {
            [] => text.is_empty(),
            [b'*', rest @ ..] => (0..=text.len()).any(|at| model(&text[at..], rest)),
            [first, rest @ ..] => text.first() == Some(first) && model(&text[1..], rest),
        }
    }

    proptest! {
        #[test]
        fn a_pattern_picks_what_the_model_picks(text in "[ab]{0,8}", pattern in "[ab*]{0,6}") {
            prop_assert_eq!(is_like(&text, &pattern), model(text.as_bytes(), pattern.as_bytes()));
        }
    }
}
