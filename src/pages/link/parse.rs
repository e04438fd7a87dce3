//! RFC 8288 §3 and its appendix B.2: `Link` headers as they are, not as they should be.

use http::HeaderMap;

use super::lines;

/// One link of a `Link` header.
///
/// ```
/// use buttress::pages::LinkValue;
///
/// let links = LinkValue::parse(r#"</a,b>; rel="next start"; title="a; \"b\"", <c>; rel=prev"#);
/// assert_eq!(links.len(), 2);
/// assert!(links[0].is("next") && links[0].is("START"));
/// assert_eq!(links[0].target(), "/a,b");
/// assert_eq!(links[0].parameter("title"), Some(r#"a; "b""#));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkValue {
    target: String,
    /// Names in lower case; the values of those that have none are empty.
    parameters: Vec<(String, String)>,
}

impl LinkValue {
    /// The links of one header value. What cannot be understood ends the list.
    #[must_use]
    pub fn parse(value: &str) -> Vec<Self> {
        let mut rest = Rest(value);
        let mut links = Vec::new();
        while let Some(link) = rest.link() {
            links.push(link);
        }
        links
    }

    /// The links of all `Link` headers, in order.
    pub fn all(headers: &HeaderMap) -> impl Iterator<Item = Self> {
        lines(headers).flat_map(|line| Self::parse(&line))
    }

    /// Where it leads: a URI, or a reference to be resolved.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The first parameter of this name, whatever its case: of several, later ones are passed over, as
    /// §3.3 and §3.4.1 have it.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        let found = parameters.find(|(found, _)| found.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }

    /// Whether it is of this relation, among others (§3.3).
    #[must_use]
    pub fn is(&self, relation: &str) -> bool {
        let relations = self.parameter("rel").unwrap_or_default();
        let mut relations = relations.split_ascii_whitespace();
        relations.any(|found| found.eq_ignore_ascii_case(relation))
    }

    /// What the link is about, where that is not the document it came with (§3.2).
    #[must_use]
    pub fn anchor(&self) -> Option<&str> {
        self.parameter("anchor")
    }
}

/// What is left to be read.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn link(&mut self) -> Option<LinkValue> {
        // B.2: empty elements are passed over (RFC 9110 §5.6.1).
        self.0 = self.0.trim_start_matches([' ', '\t', ',']);
        let (target, rest) = self.0.strip_prefix('<')?.split_once('>')?;
        self.0 = rest;
        let mut parameters = Vec::new();
        while self.skip(';') {
            if let Some(parameter) = self.parameter() {
                parameters.push(parameter);
            }
        }
        // Whatever stands before the next comma belongs to no link.
        self.until(&[',']);
        let target = target.trim().to_owned();
        Some(LinkValue { target, parameters })
    }

    /// B.3; between two semicolons there may be nothing.
    fn parameter(&mut self) -> Option<(String, String)> {
        self.space();
        let name = self.until(&['=', ';', ',']).trim_end();
        let name = name.to_ascii_lowercase();
        let mut value = String::new();
        if self.skip('=') {
            self.space();
            value = match self.0.strip_prefix('"') {
                Some(rest) => self.quoted(rest),
                None => self.until(&[';', ',']).trim_end().to_owned(),
            };
        }
        (!name.is_empty()).then_some((name, value))
    }

    /// B.4: up to the closing quotation mark, which may be missing.
    fn quoted(&mut self, text: &'a str) -> String {
        let mut value = String::new();
        let mut letters = text.char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.0 = &text[at + 1..];
                    return value;
                }
                '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
                _ => value.push(letter),
            }
        }
        self.0 = "";
        value
    }

    fn until(&mut self, ends: &[char]) -> &'a str {
        let (read, rest) = self.0.split_at(self.0.find(ends).unwrap_or(self.0.len()));
        self.0 = rest;
        read
    }

    fn skip(&mut self, letter: char) -> bool {
        self.space();
        match self.0.strip_prefix(letter) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn space(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t']);
    }
}

#[cfg(test)]
mod tests;
