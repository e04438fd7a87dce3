//! Templates read backwards: whether a URI can have been made from one, and with which values.

use http::Uri;

use super::part::{Expression, Part, parts};
use super::walk::walk;
use super::{Encoding, InvalidTemplate, encode, syntax};
use crate::BaseUri;

/// A template to hold URIs against.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    text: String,
    /// Scheme and authority, where the template has them.
    origin: Option<Uri>,
    tokens: Vec<Token>,
    query: Vec<QueryToken>,
}

/// Names and values, as they were before they were encoded.
pub(crate) type Found = Vec<(String, String)>;

#[derive(Clone, Debug)]
pub(super) enum Token {
    Literal(String),
    /// A value that ends before any of these.
    Value {
        name: String,
        ends: &'static [char],
        may_be_empty: bool,
    },
    /// `;name` or `;name=value`, or nothing.
    Matrix(String),
}

/// What a template says of one parameter of the query.
#[derive(Clone, Debug)]
pub(crate) enum QueryToken {
    /// It stands there with this value.
    Fixed(String, String),
    /// It may stand there with any value.
    Any(String),
}

impl Pattern {
    /// # Errors
    ///
    /// When `text` is no template.
    pub(crate) fn new(text: &str) -> Result<Self, InvalidTemplate> {
        syntax::check(text)?;
        let (origin, path) = split_origin(text);
        let mut pattern = Self {
            text: text.to_owned(),
            origin,
            tokens: Vec::new(),
            query: Vec::new(),
        };
        // Joined to what is before it, every path has its slash. One without escapes may begin with it.
        if !(path.starts_with('/') || path.starts_with("{/") || path.starts_with("{+")) {
            pattern.tokens.push(Token::Literal("/".to_owned()));
        }
        let mut query: Option<String> = None;
        for part in parts(path) {
            pattern.add(part, &mut query);
        }
        if let Some(query) = query {
            pattern.add_query(&query);
        }
        Ok(pattern)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    #[cfg(test)]
    pub(super) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    pub(crate) fn query(&self) -> &[QueryToken] {
        &self.query
    }

    /// The values that make the template's path this one. The query is not looked at. A template without
    /// a host lies under `base`, or, where there is none, under the root of any host.
    pub(crate) fn path_of(&self, uri: &Uri, base: Option<&BaseUri>) -> Option<Found> {
        let path = match (&self.origin, base) {
            (Some(origin), _) => same_origin(origin, uri).then(|| uri.path())?,
            (None, None) => uri.path(),
            (None, Some(base)) => {
                let prefix = base.join("").ok()?;
                let prefix = prefix.path().trim_end_matches('/');
                let path = base.is_origin_of(uri).then(|| uri.path())?;
                let path = path.strip_prefix(prefix)?;
                (path.is_empty() || path.starts_with('/')).then_some(path)?
            }
        };
        let path = if path.is_empty() { "/" } else { path };
        walk(&self.tokens, path)
    }

    fn add(&mut self, part: Part<'_>, query: &mut Option<String>) {
        match (part, query) {
            // Values inside a query that the template spells out stand for themselves.
            (Part::Expression(expression), Some(query)) if expression.operator.first.is_empty() => {
                query.push(VALUE);
                query.push_str(expression.list());
                query.push(VALUE);
            }
            (Part::Expression(expression), query) => {
                // What is spelt out behind it belongs to the query as well.
                if matches!(expression.operator.first, "?" | "&") {
                    query.get_or_insert_default();
                }
                self.add_expression(expression);
            }
            (Part::Literal(literal), Some(query)) => query.push_str(literal),
            (Part::Literal(literal), query @ None) => match literal.split_once('?') {
                Some((path, behind)) => {
                    self.add_literal(path);
                    *query = Some(behind.to_owned());
                }
                None => self.add_literal(literal),
            },
        }
    }

    fn add_literal(&mut self, literal: &str) {
        let mut encoded = String::with_capacity(literal.len());
        let path = literal.split('#').next().unwrap_or_default();
        encode(path, Encoding::Literal, &mut encoded);
        self.tokens.push(Token::Literal(encoded));
    }

    fn add_expression(&mut self, expression: Expression<'_>) {
        let operator = expression.operator;
        let several = expression.list().contains(',');
        let ends: &'static [char] = match (operator.reserved, operator.separator) {
            (true, _) => &[],
            (false, ",") if !several => &['/'],
            (false, ",") => &['/', ','],
            (false, ".") => &['/', '.'],
            (false, _) => &['/'],
        };
        let mut between = operator.first;
        for name in expression.names().map(str::to_owned) {
            match operator.first {
                "#" => return,
                "?" | "&" => {
                    self.query.push(QueryToken::Any(name));
                    continue;
                }
                ";" => self.tokens.push(Token::Matrix(name)),
                _ => {
                    if !between.is_empty() {
                        self.tokens.push(Token::Literal(between.to_owned()));
                    }
                    between = operator.separator;
                    let may_be_empty = operator.reserved;
                    self.tokens.push(Token::Value {
                        name,
                        ends,
                        may_be_empty,
                    });
                }
            }
        }
    }

    fn add_query(&mut self, query: &str) {
        let query = query.split('#').next().unwrap_or_default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.query.push(if pair.contains(VALUE) {
                QueryToken::Any(decode(name, true).replace(VALUE, ""))
            } else {
                QueryToken::Fixed(decode(name, true), decode(value, true))
            });
        }
    }
}

/// Stands around a value's name in a query; no template can hold one.
const VALUE: char = '\0';

fn split_origin(text: &str) -> (Option<Uri>, &str) {
    let Some((scheme, rest)) = text.split_once("://") else {
        return (None, text);
    };
    let end = rest.find(['/', '?', '#', '{']).unwrap_or(rest.len());
    let origin = format!("{scheme}://{}/", &rest[..end]);
    (origin.parse().ok(), &rest[end..])
}

fn same_origin(origin: &Uri, uri: &Uri) -> bool {
    let base = origin.to_string().parse::<BaseUri>();
    base.is_ok_and(|base| base.is_origin_of(uri))
}

/// What `text` was before it was encoded; in a query, a plus was a space.
pub(crate) fn decode(text: &str, is_query: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let hex = |at: usize| char::from(*behind.get(at)?).to_digit(16);
        match (first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'%'));
                rest = &behind[2..];
            }
            (b'+', ..) if is_query => {
                bytes.push(b' ');
                rest = behind;
            }
            (byte, ..) => {
                bytes.push(*byte);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The parameters of a query, decoded, in their order.
pub(crate) fn query_of(uri: &Uri) -> Found {
    let query = uri.query().unwrap_or_default();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs
        .map(|(name, value)| (decode(name, true), decode(value, true)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(template: &str, uri: &str) -> Option<Vec<(String, String)>> {
        let pattern = Pattern::new(template).expect(template);
        pattern.path_of(&uri.parse().expect(uri), None)
    }

    fn pairs(pairs: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        let owned = |(n, v): &(&str, &str)| ((*n).to_owned(), (*v).to_owned());
        Some(pairs.iter().map(owned).collect())
    }

    #[test]
    fn a_path_gives_the_values_back_that_made_it() {
        for (template, uri, values) in [
            ("/users", "http://h/users", pairs(&[])),
            ("users/{id}", "/users/42", pairs(&[("id", "42")])),
            ("/users/{id}", "/users/a%2Fb%20c", pairs(&[("id", "a/b c")])),
            ("/users/{id}", "/users/1/posts", None),
            ("/users/{id}", "/users/", None),
            ("/users/{id}", "/users", None),
            ("/users/{id}/posts", "/users/1/posts", pairs(&[("id", "1")])),
            ("/map/{x,y}", "/map/1,2", pairs(&[("x", "1"), ("y", "2")])),
            ("/map/{x,y}", "/map/1,2,3", None),
            ("/users/{id}", "/users/1,2", pairs(&[("id", "1,2")])),
            ("/map{/x,y}", "/map/1/2", pairs(&[("x", "1"), ("y", "2")])),
            ("/map{/x,y}", "/map/1", None),
            ("/file{.ext}", "/file.json", pairs(&[("ext", "json")])),
            ("/v{a}.{b}", "/v1.2.3", pairs(&[("a", "1.2"), ("b", "3")])),
            ("/map{;x,y}", "/map;x=1;y", pairs(&[("x", "1"), ("y", "")])),
            ("/map{;x,y}", "/map", pairs(&[])),
            ("/files/{+p}", "/files/a/b%20c", pairs(&[("p", "a/b c")])),
            ("/files/{+p}/raw", "/files/a/b/raw", pairs(&[("p", "a/b")])),
            ("/a{?page}", "/a?page=2", pairs(&[])),
            ("/a?b=1{&c}", "/a?b=1", pairs(&[])),
            ("/a{&b}", "/a?b=1", pairs(&[])),
            ("/a{&b}", "/a", pairs(&[])),
            ("/a{?b}&c=1", "/a?b=2&c=1", pairs(&[])),
            ("/a{?b}&c={d}", "/a?b=2&c=1", pairs(&[])),
            ("/a{#b}", "/a", pairs(&[])),
            ("http://h/a/{b}", "http://H:80/a/c", pairs(&[("b", "c")])),
            ("http://h/a", "http://other/a", None),
            ("http://h", "http://h/", pairs(&[])),
            ("http://h{?page}", "http://h/?page=2", pairs(&[])),
            ("{?page}", "/?page=2", pairs(&[])),
            ("?a=b", "/?a=b", pairs(&[])),
            ("{id}", "/7", pairs(&[("id", "7")])),
            ("{id}", "/7/8", None),
            ("{.ext}", "/.json", pairs(&[("ext", "json")])),
            ("{;x}", "/;x=1", pairs(&[("x", "1")])),
            ("{/x}", "/7", pairs(&[("x", "7")])),
            ("{+p}", "/a/b", pairs(&[("p", "/a/b")])),
        ] {
            assert_eq!(found(template, uri), values, "{template} {uri}");
        }
    }

    #[test]
    fn a_relative_template_lies_under_the_base() {
        let base: BaseUri = "https://api.example/v1".parse().unwrap();
        let pattern = Pattern::new("/users/{id}").unwrap();
        let found = |uri: &str| pattern.path_of(&uri.parse().unwrap(), Some(&base));
        assert_eq!(
            found("https://api.example/v1/users/7"),
            pairs(&[("id", "7")])
        );
        assert_eq!(found("https://api.example/users/7"), None);
        assert_eq!(found("https://other.example/v1/users/7"), None);
        assert_eq!(found("https://api.example/v10/users/7"), None);
        for (template, value) in [("{id}", "7"), ("{+id}", "/7"), ("/{id}", "7")] {
            let pattern = Pattern::new(template).unwrap();
            let at = |uri: &str| pattern.path_of(&uri.parse().unwrap(), Some(&base));
            assert_eq!(at("https://api.example/v17"), None, "{template}");
            assert_eq!(
                at("https://api.example/v1/7"),
                pairs(&[("id", value)]),
                "{template}"
            );
        }
        let root = Pattern::new("/").unwrap();
        let at = |uri: &str| root.path_of(&uri.parse().unwrap(), Some(&base));
        assert_eq!(at("https://api.example/v1"), pairs(&[]));
    }

    #[test]
    fn a_query_is_told_by_name() {
        let pattern = Pattern::new("/a?b=x+y&c={d}{&e}").unwrap();
        let told: Vec<_> = pattern
            .query()
            .iter()
            .map(|token| match token {
                QueryToken::Fixed(name, value) => format!("{name}={value}"),
                QueryToken::Any(name) => format!("{name}=*"),
            })
            .collect();
        assert_eq!(told, ["e=*", "b=x y", "c=*"]);
        let behind = Pattern::new("/a{&b}&c=1&d={e}").unwrap();
        let told = format!("{:?}", behind.query());
        let wanted = "[Any(\"b\"), Fixed(\"c\", \"1\"), Any(\"d\")]";
        assert_eq!(told, wanted);
        let uri = "/a?x=1&y=a%26b+c&z".parse().unwrap();
        assert_eq!(
            Some(query_of(&uri)),
            pairs(&[("x", "1"), ("y", "a&b c"), ("z", "")])
        );
    }

    #[test]
    fn what_is_not_encoded_well_stays_as_it_is() {
        assert_eq!(decode("%", false), "%");
        assert_eq!(decode("%zz%4", false), "%zz%4");
        assert_eq!(decode("a+b", false), "a+b");
        assert_eq!(decode("%C3%A9%ff", true), "é\u{fffd}");
    }
}
