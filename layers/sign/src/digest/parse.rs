//! The grammar of challenges ([RFC 9110 §11.2](https://www.rfc-editor.org/rfc/rfc9110#section-11.2)):
//! pure functions on whatever a server sends.

use std::borrow::Cow;

/// A scheme and its parameters, as they stand in a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Raw<'a> {
    pub(super) scheme: &'a str,
    params: Vec<(&'a str, Cow<'a, str>)>,
}

/// More challenges, or parameters of one, are not looked at.
const MOST: usize = 32;

impl Raw<'_> {
    /// The value of a parameter, if it is there once.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut values = self
            .params
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }

    /// Whether a parameter is there more than once, so that nobody can say what is meant.
    pub(super) fn is_ambiguous(&self) -> bool {
        let repeats = |(at, (name, _)): (usize, &(&str, Cow<'_, str>))| {
            let before = &self.params[..at];
            before
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(name))
        };
        self.params.iter().enumerate().any(repeats)
    }
}

/// The challenges of one line of a field. What follows something that cannot be read is lost.
pub(super) fn challenges(line: &str) -> Vec<Raw<'_>> {
    let mut rest = Rest(line);
    let mut found: Vec<Raw<'_>> = Vec::new();
    while found.len() <= MOST {
        rest.skip(&[' ', '\t', ',']);
        let Some(word) = rest.token() else { break };
        if let Some(value) = rest.value() {
            let Some(challenge) = found.last_mut().filter(|last| last.params.len() < MOST) else {
                break;
            };
            challenge.params.push((word, value));
        } else if rest.ends_word() {
            let params = Vec::new();
            found.push(Raw {
                scheme: word,
                params,
            });
        } else {
            // The value of another scheme, such as Base64, and of no interest.
            rest.skip_to_comma();
        }
    }
    found.truncate(MOST);
    found
}

/// What parameters of a field that has no scheme say, such as `Authentication-Info`.
pub(super) fn parameters(line: &str) -> Raw<'_> {
    let mut rest = Rest(line);
    let mut found = Raw::default();
    while found.params.len() < MOST {
        rest.skip(&[' ', '\t', ',']);
        let Some(name) = rest.token() else { break };
        let Some(value) = rest.value() else { break };
        found.params.push((name, value));
    }
    found
}

/// What has not been read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn skip(&mut self, what: &[char]) {
        self.0 = self.0.trim_start_matches(what);
    }

    /// A word, if one stands here.
    fn token(&mut self) -> Option<&'a str> {
        let is_end = |c: char| !c.is_ascii_alphanumeric() && !"!#$%&'*+-.^_`|~".contains(c);
        let end = self.0.find(is_end).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }

    /// The value after a name and an equals sign; nothing is read where there is none.
    fn value(&mut self) -> Option<Cow<'a, str>> {
        let mut ahead = Rest(self.0);
        ahead.skip(&[' ', '\t']);
        ahead.0 = ahead.0.strip_prefix('=')?;
        ahead.skip(&[' ', '\t']);
        let value = match ahead.0.strip_prefix('"') {
            Some(inside) => {
                ahead.0 = inside;
                ahead.quoted()?
            }
            None => Cow::Borrowed(ahead.token()?),
        };
        // Nothing but a comma may follow, or it was no value.
        ahead.skip(&[' ', '\t']);
        let ends = ahead.0.is_empty() || ahead.0.starts_with(',');
        ends.then(|| {
            self.0 = ahead.0;
            value
        })
    }

    /// What is inside quotes, behind the first of them, without its backslashes.
    fn quoted(&mut self) -> Option<Cow<'a, str>> {
        let mut text = Cow::Borrowed("");
        loop {
            let at = self.0.find(['"', '\\'])?;
            let (part, rest) = self.0.split_at(at);
            text += part;
            let mut chars = rest.chars();
            if chars.next() == Some('"') {
                self.0 = chars.as_str();
                return Some(text);
            }
            text.to_mut().push(chars.next()?);
            self.0 = chars.as_str();
        }
    }

    /// Whether a word ended where the last one did: a space, a comma or nothing follows.
    fn ends_word(&self) -> bool {
        self.0.is_empty() || self.0.starts_with([' ', '\t', ','])
    }

    fn skip_to_comma(&mut self) {
        let at = self.0.find(',').unwrap_or(self.0.len());
        self.0 = &self.0[at..];
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(line: &str) -> String {
        let one = |raw: &Raw<'_>| {
            let params = raw
                .params
                .iter()
                .map(|(name, value)| format!("{name}:{value}"));
            format!("{}({})", raw.scheme, params.collect::<Vec<_>>().join(" "))
        };
        challenges(line)
            .iter()
            .map(one)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn challenges_are_told_from_parameters() {
        for (line, wanted) in [
            ("", ""),
            ("Basic", "Basic()"),
            (r#"Basic realm="a""#, "Basic(realm:a)"),
            (
                r#"Digest a=b, c="d, e", Basic realm="f""#,
                "Digest(a:b c:d, e) Basic(realm:f)",
            ),
            (
                r#"Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple""#,
                r#"Newauth(realm:apps type:1 title:Login to "apps") Basic(realm:simple)"#,
            ),
            ("Negotiate, Digest a=b", "Negotiate() Digest(a:b)"),
            ("Negotiate YWJj/+==, Digest a=b", "Negotiate() Digest(a:b)"),
            (",, Digest a = b ,, c=d,", "Digest(a:b c:d)"),
            (r#"Digest a="\\""#, r"Digest(a:\)"),
            (r#"Digest a="open"#, "Digest()"),
            (r#"Digest a="open\"#, "Digest()"),
            ("a=b", ""),
            ("@", ""),
            ("Digest \u{e9}=1", "Digest()"),
            ("Digest a=\"\u{e9}\"", "Digest(a:\u{e9})"),
        ] {
            assert_eq!(shown(line), wanted, "{line}");
        }
    }

    #[test]
    fn a_parameter_that_is_there_twice_says_nothing() {
        let twice = &challenges("Digest a=1, A=2, b=3")[0];
        assert!(twice.is_ambiguous());
        assert_eq!((twice.get("a"), twice.get("B")), (None, Some("3")));
    }

    #[test]
    fn lines_without_end_are_cut() {
        let many = "Digest ".to_owned() + &"a=b, ".repeat(1_000);
        assert_eq!(challenges(&many)[0].params.len(), MOST);
        assert_eq!(challenges(&"a, ".repeat(1_000)).len(), MOST);
        assert_eq!(parameters(&"a=b, ".repeat(1_000)).params.len(), MOST);
    }

    proptest! {
        #[test]
        fn no_line_makes_the_reader_panic(line in r#"[a-c ,="\\é\t@]{0,40}"#) {
            let _ = (challenges(&line), parameters(&line));
        }

        #[test]
        fn what_is_quoted_is_read(value in "[ -~é]{0,20}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let line = format!("Digest realm=\"{quoted}\", nonce=x");
            let found = challenges(&line);
            prop_assert_eq!(found[0].get("realm"), Some(&*value));
            prop_assert_eq!(found[0].get("nonce"), Some("x"));
        }
    }
}
