use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

mod draft;
mod encode;
mod error;
mod expand;
mod guard;
// What a template says of queries is for mocks alone.
#[cfg_attr(not(feature = "testing"), allow(dead_code))]
pub(crate) mod matching;
mod operator;
mod part;
mod syntax;
mod values;
mod walk;

pub(crate) use self::draft::Draft;
pub(crate) use self::encode::{Encoding, encode};
pub use self::error::{InvalidParameter, InvalidTemplate, MissingParameters, UnknownParameters};
pub(crate) use self::guard::fill;
use self::part::{Part, parts};
pub(crate) use self::values::Values;

/// A URI with places for values, as [RFC 6570](https://www.rfc-editor.org/rfc/rfc6570) writes it, up
/// to its level 3.
///
/// | form | with `a` = `x y`, `b` = `1` |
/// | --- | --- |
/// | `/users/{a}` | `/users/x%20y` |
/// | `/map/{a,b}` | `/map/x%20y,1` |
/// | `/map{/a,b}` | `/map/x%20y/1` |
/// | `/map{;a,b}` | `/map;a=x%20y;b=1` |
/// | `/map{.b}` | `/map.1` |
/// | `/map{?a,b}` | `/map?a=x%20y&b=1` |
/// | `/map?c=2{&a}` | `/map?c=2&a=x%20y` |
/// | `/files/{+path}` | slashes and the rest of the reserved characters stay as they are |
/// | `/map{#a}` | `/map#x%20y`; a request leaves it out |
///
/// What level 4 adds (`{a:3}`, `{a*}`) is refused when the template is read. So is what is not in the
/// grammar, for a template that silently means something else is worse than none.
///
/// [`expand`](Self::expand) is the RFC's own, which passes over a name without a value. The client is
/// stricter: see [`RequestBuilder::path`](crate::RequestBuilder::path).
///
/// ```
/// use buttress::Template;
///
/// const USER: Template = Template::from_static("/users/{id}{?fields}");
/// assert_eq!(USER.expand([("id", "a/b")]), "/users/a%2Fb");
/// assert_eq!(USER.names().collect::<Vec<_>>(), ["id", "fields"]);
///
/// let error = "/users/{id".parse::<Template>().unwrap_err();
/// assert_eq!(error.to_string(), "the template is invalid at byte 7: `{` has no `}`");
/// ```
///
/// A constant that is wrong does not compile:
///
/// ```compile_fail
/// const USER: buttress::Template = buttress::Template::from_static("/users/{id");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Template(Cow<'static, str>);

impl Template {
    /// The template in `text`; checked by the compiler where it stands in a constant.
    ///
    /// # Panics
    ///
    /// When `text` is not a template of level 3.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        syntax::demand(text);
        Self(Cow::Borrowed(text))
    }

    /// Puts values in the place of names, each encoded once. Of two values of one name the first is
    /// taken; names without a value are passed over, and values without a name, too.
    #[must_use]
    pub fn expand<'v>(&self, values: impl IntoIterator<Item = (&'v str, &'v str)>) -> String {
        let values: Vec<_> = values.into_iter().collect();
        let find = |name: &str| values.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
        let mut into = String::with_capacity(self.0.len() * 2);
        expand::expand(&self.0, &find, &mut into);
        into
    }

    /// The names in the template, in order, one that stands twice twice.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        parts(&self.0).flat_map(|part| match part {
            Part::Literal(_) => "".split_terminator(','),
            Part::Expression(expression) => expression.list().split_terminator(','),
        })
    }

    /// The names that the client wants a value for.
    pub(crate) fn required(&self) -> impl Iterator<Item = &str> {
        parts(&self.0).flat_map(|part| match part {
            Part::Expression(expression) if !expression.operator.optional => {
                expression.list().split_terminator(',')
            }
            _ => "".split_terminator(','),
        })
    }

    /// The template as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Ends the compilation of an endpoint whose path is no template.
pub(crate) const fn demand(text: &str) {
    syntax::demand(text);
}

/// Whether there is anything to fill in.
pub(crate) fn is_template(text: &str) -> bool {
    text.contains(['{', '}'])
}

impl FromStr for Template {
    type Err = InvalidTemplate;

    fn from_str(text: &str) -> Result<Self, InvalidTemplate> {
        syntax::check(text)?;
        Ok(Self(Cow::Owned(text.to_owned())))
    }
}

impl AsRef<str> for Template {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
