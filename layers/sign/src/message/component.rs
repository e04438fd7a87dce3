use std::borrow::Cow;

use http::HeaderName;
use sfv::ListEntry;

use super::text;
use crate::InvalidSettings;

/// One part of a message that a signature covers
/// ([RFC 9421 §2](https://www.rfc-editor.org/rfc/rfc9421#section-2)).
///
/// A field by its name, or one of the parts that are no fields, whose names begin with `@`. Which
/// parameters go with which component is checked where components are put to use.
///
/// ```
/// use buttress_sign::message::Component;
/// use http::header;
///
/// assert_eq!(Component::method().to_string(), r#""@method""#);
/// assert_eq!(Component::field(header::CONTENT_TYPE).req().to_string(), r#""content-type";req"#);
/// let parsed: Component = r#""example-dict";key="a""#.parse()?;
/// assert_eq!(parsed, Component::field("example-dict".parse().unwrap()).key("a"));
/// # Ok::<_, buttress_sign::InvalidSettings>(())
/// ```
#[derive(Clone, Debug)]
pub struct Component {
    pub(super) name: Name,
    pub(super) params: Vec<Param>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Method,
    TargetUri,
    Authority,
    Scheme,
    RequestTarget,
    Path,
    Query,
    QueryParam,
    Status,
    Field(HeaderName),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Param {
    Sf,
    Bs,
    Req,
    Tr,
    Key(Cow<'static, str>),
    Name(Cow<'static, str>),
}

impl Component {
    pub(super) const fn derived(name: Name) -> Self {
        let params = Vec::new();
        Self { name, params }
    }

    /// The method.
    #[must_use]
    pub const fn method() -> Self {
        Self::derived(Name::Method)
    }

    /// The whole URI, without user information and fragment.
    #[must_use]
    pub const fn target_uri() -> Self {
        Self::derived(Name::TargetUri)
    }

    /// Host and port, in lower case, without the scheme's own port.
    #[must_use]
    pub const fn authority() -> Self {
        Self::derived(Name::Authority)
    }

    /// `https` or `http`.
    #[must_use]
    pub const fn scheme() -> Self {
        Self::derived(Name::Scheme)
    }

    /// What HTTP/1.1's request line has: path and query, or the authority for CONNECT.
    #[must_use]
    pub const fn request_target() -> Self {
        Self::derived(Name::RequestTarget)
    }

    /// The path.
    #[must_use]
    pub const fn path() -> Self {
        Self::derived(Name::Path)
    }

    /// The query, with its question mark.
    #[must_use]
    pub const fn query() -> Self {
        Self::derived(Name::Query)
    }

    /// The value of one parameter of the query. The name stands here as in a URI, percent-encoded.
    #[must_use]
    pub fn query_param(name: impl Into<Cow<'static, str>>) -> Self {
        Self::derived(Name::QueryParam).with(Param::Name(name.into()))
    }

    /// The status of a response.
    #[must_use]
    pub const fn status() -> Self {
        Self::derived(Name::Status)
    }

    /// The values of a field.
    #[must_use]
    pub const fn field(name: HeaderName) -> Self {
        Self::derived(Name::Field(name))
    }

    /// In the strict form of structured fields. Of fields that this crate does not know, the
    /// structure must be [told](super::Message::structured).
    #[must_use]
    pub fn sf(self) -> Self {
        self.with(Param::Sf)
    }

    /// One member of a field that is a dictionary.
    #[must_use]
    pub fn key(self, key: impl Into<Cow<'static, str>>) -> Self {
        self.with(Param::Key(key.into()))
    }

    /// Each line of a field as bytes, so that commas inside cannot be mistaken.
    #[must_use]
    pub fn bs(self) -> Self {
        self.with(Param::Bs)
    }

    /// Of the request that a response answers.
    #[must_use]
    pub fn req(self) -> Self {
        self.with(Param::Req)
    }

    /// Of the trailers.
    #[must_use]
    pub fn tr(self) -> Self {
        self.with(Param::Tr)
    }

    fn with(mut self, param: Param) -> Self {
        if !self.params.contains(&param) {
            self.params.push(param);
        }
        self
    }
}

impl Component {
    pub(super) fn is_sf(&self) -> bool {
        self.params.contains(&Param::Sf)
    }

    pub(super) fn is_bs(&self) -> bool {
        self.params.contains(&Param::Bs)
    }

    pub(super) fn is_req(&self) -> bool {
        self.params.contains(&Param::Req)
    }

    pub(super) fn is_tr(&self) -> bool {
        self.params.contains(&Param::Tr)
    }

    pub(super) fn key_param(&self) -> Option<&str> {
        self.params.iter().find_map(|param| match param {
            Param::Key(key) => Some(&**key),
            _ => None,
        })
    }

    pub(super) fn name_param(&self) -> Option<&str> {
        self.params.iter().find_map(|param| match param {
            Param::Name(name) => Some(&**name),
            _ => None,
        })
    }

    /// Whether the parameters go with the component and with each other.
    pub(super) fn is_sound(&self) -> bool {
        let texts = [self.key_param(), self.name_param()];
        if !texts.into_iter().flatten().all(text::is_string) || self.repeats_a_param() {
            return false;
        }
        let on_field = self.is_sf() || self.is_bs() || self.is_tr() || self.key_param().is_some();
        match self.name {
            Name::Field(_) => {
                let structured = self.is_sf() || self.key_param().is_some();
                self.name_param().is_none() && !(self.is_bs() && structured)
            }
            Name::QueryParam => self.name_param().is_some() && !on_field,
            Name::Status => self.params.is_empty(),
            _ => self.name_param().is_none() && !on_field,
        }
    }

    fn repeats_a_param(&self) -> bool {
        let kinds = self.params.iter().map(std::mem::discriminant);
        let kinds: std::collections::HashSet<_> = kinds.collect();
        kinds.len() < self.params.len()
    }
}

/// The same part of a message, in whatever order the parameters stand.
impl PartialEq for Component {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.params.len() == other.params.len()
            && self.params.iter().all(|param| other.params.contains(param))
    }
}

impl Eq for Component {}

/// A list of components that can be covered together.
pub(super) fn checked(
    components: impl IntoIterator<Item = Component>,
) -> Result<Vec<Component>, InvalidSettings> {
    let components: Vec<_> = components.into_iter().collect();
    if !components.iter().all(Component::is_sound) {
        return Err(InvalidSettings::new(
            "a component has a parameter that does not go with it or with another",
        ));
    }
    if has_twins(&components) {
        return Err(InvalidSettings::new("a component is named twice"));
    }
    Ok(components)
}

pub(super) fn has_twins(components: &[Component]) -> bool {
    let mut rest = components;
    while let Some((first, after)) = rest.split_first() {
        if after.contains(first) {
            return true;
        }
        rest = after;
    }
    false
}

/// The components that a member of `Signature-Input` covers.
pub(super) fn of_entry(entry: &ListEntry, most: usize) -> Option<Vec<Component>> {
    let ListEntry::InnerList(list) = entry else {
        return None;
    };
    if list.items.len() > most {
        return None;
    }
    let components: Vec<_> = list
        .items
        .iter()
        .map(Component::of_item)
        .collect::<Option<_>>()?;
    (!has_twins(&components)).then_some(components)
}
