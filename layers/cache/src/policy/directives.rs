//! `Cache-Control` as it is written (RFC 9111 §5.2): names in any case, values as tokens or quoted.

use std::time::Duration;

use http::HeaderName;

use super::{list, seconds};

/// One directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Directive<'a> {
    pub(super) name: &'a [u8],
    /// What follows the equals sign, quotes included.
    pub(super) argument: Option<&'a [u8]>,
}

/// The directives of a field, over all its lines.
///
/// White space around the equals sign is not allowed (§5.2), and makes a directive of another name
/// or an invalid argument of it.
pub(super) fn directives<'a>(
    lines: impl Iterator<Item = &'a [u8]>,
) -> impl Iterator<Item = Directive<'a>> {
    list::members(lines).map(|member| {
        let equals = member.iter().position(|byte| *byte == b'=');
        match equals {
            None => Directive {
                name: member,
                argument: None,
            },
            Some(at) => Directive {
                name: &member[..at],
                argument: Some(&member[at + 1..]),
            },
        }
    })
}

impl<'a> Directive<'a> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The argument as a number of seconds, quoted or not; nothing when it is missing or invalid.
    pub(super) fn seconds(&self) -> Option<Duration> {
        seconds::parse(unquoted(self.argument?)?)
    }

    /// The argument as a list of field names.
    pub(super) fn fields(&self) -> Fields {
        match self.argument {
            None => Fields::All,
            Some(argument) => unquoted(argument).map_or(Fields::All, Fields::parse),
        }
    }
}

/// Without the quotes, if there are any; nothing when they do not match.
fn unquoted(argument: &[u8]) -> Option<&[u8]> {
    match argument {
        [b'"', inner @ .., b'"'] => Some(inner),
        [b'"', ..] => None,
        token => Some(token),
    }
}

/// What `no-cache` or `private` applies to (§5.2.2.4, §5.2.2.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fields {
    /// The whole response.
    All,
    /// These fields of it.
    Named(Vec<HeaderName>),
}

impl Fields {
    /// More names than this are taken for the whole response.
    const MOST: usize = 64;

    /// A list of names. One that is empty, malformed or absurdly long stands for the whole response: the stricter
    /// reading.
    pub(super) fn parse(names: &[u8]) -> Self {
        let names: Option<Vec<_>> = list::members([names])
            .take(Self::MOST + 1)
            .map(|name| HeaderName::from_bytes(name).ok())
            .collect();
        match names {
            Some(names) if !names.is_empty() && names.len() <= Self::MOST => Self::Named(names),
            _ => Self::All,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Vec<(&str, Option<&str>)> {
        let text = |bytes| std::str::from_utf8(bytes).unwrap();
        directives([line.as_bytes()].into_iter())
            .map(|directive| (text(directive.name), directive.argument.map(text)))
            .collect()
    }

    fn seconds_of(line: &str) -> Option<u64> {
        let found = directives([line.as_bytes()].into_iter()).find(|one| one.is("max-age"));
        found.and_then(|one| one.seconds()).map(|age| age.as_secs())
    }

    #[test]
    fn names_and_arguments_are_told_apart() {
        assert_eq!(
            read(r#"no-store, max-age=5, x="a, b=c", =, y="#),
            [
                ("no-store", None),
                ("max-age", Some("5")),
                ("x", Some(r#""a, b=c""#)),
                ("", Some("")),
                ("y", Some("")),
            ]
        );
    }

    #[test]
    fn names_are_compared_in_any_case() {
        assert_eq!(seconds_of("MaX-aGe=7"), Some(7));
    }

    #[test]
    fn seconds_may_be_quoted_and_nothing_else() {
        assert_eq!(seconds_of(r#"max-age="3600""#), Some(3_600));
        for line in [
            "max-age",
            "max-age=",
            "max-age='3600'",
            "max-age=\"3600",
            "max-age=\"",
            "max-age=-3600",
            "max-age=3600.0",
            "max-age= 3600",
            "max-age =3600",
            "max-age=3600 s",
            r#"x="max-age=3600""#,
        ] {
            assert_eq!(seconds_of(line), None, "{line}");
        }
    }

    fn fields(argument: &str) -> Fields {
        let line = format!("no-cache={argument}");
        let one = directives([line.as_bytes()].into_iter()).next().unwrap();
        one.fields()
    }

    #[test]
    fn field_names_are_a_list_in_quotes_or_one_token() {
        let named = |names: &[&'static str]| {
            Fields::Named(names.iter().copied().map(HeaderName::from_static).collect())
        };
        assert_eq!(fields("\"a, B\""), named(&["a", "b"]));
        assert_eq!(fields("a"), named(&["a"]));
        for argument in ["\"\"", "\"a b\"", "\"a", "", "\",\""] {
            assert_eq!(fields(argument), Fields::All, "{argument}");
        }
        let bare = Directive {
            name: b"private",
            argument: None,
        };
        assert_eq!(bare.fields(), Fields::All);
    }

    #[test]
    fn a_list_of_too_many_names_means_them_all() {
        let names = |count: usize| {
            let names: Vec<_> = (0..count).map(|n| format!("x{n}")).collect();
            format!("\"{}\"", names.join(","))
        };
        assert!(matches!(fields(&names(64)), Fields::Named(names) if names.len() == 64));
        assert_eq!(fields(&names(65)), Fields::All);
        assert_eq!(fields(&names(10_000)), Fields::All);
    }
}
