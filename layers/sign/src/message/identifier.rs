//! How components are written and read ([RFC 9421 §2](https://www.rfc-editor.org/rfc/rfc9421#section-2)).

use std::borrow::Cow;
use std::fmt;

use http::HeaderName;
use sfv::{BareItem, Item, Parser};

use super::component::{Component, Name, Param};
use super::text;
use crate::InvalidSettings;

impl Component {
    /// The component that an item of a covered list names, if there is one and it is sound.
    pub(super) fn of_item(item: &Item) -> Option<Self> {
        let name = item.bare_item.as_string()?.as_str();
        let mut component = Self::derived(Name::parse(name)?);
        for (name, value) in &item.params {
            component.params.push(Param::parse(name.as_str(), value)?);
        }
        component.is_sound().then_some(component)
    }
}

impl Name {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "@method" => Self::Method,
            "@target-uri" => Self::TargetUri,
            "@authority" => Self::Authority,
            "@scheme" => Self::Scheme,
            "@request-target" => Self::RequestTarget,
            "@path" => Self::Path,
            "@query" => Self::Query,
            "@query-param" => Self::QueryParam,
            "@status" => Self::Status,
            // Upper case would be another identifier for the same field.
            name if name.bytes().any(|byte| byte.is_ascii_uppercase()) => return None,
            name => Self::Field(HeaderName::try_from(name).ok()?),
        })
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Method => "@method",
            Self::TargetUri => "@target-uri",
            Self::Authority => "@authority",
            Self::Scheme => "@scheme",
            Self::RequestTarget => "@request-target",
            Self::Path => "@path",
            Self::Query => "@query",
            Self::QueryParam => "@query-param",
            Self::Status => "@status",
            Self::Field(name) => name.as_str(),
        }
    }
}

impl Param {
    fn parse(name: &str, value: &BareItem) -> Option<Self> {
        let text = || Some(Cow::Owned(value.as_string()?.as_str().to_owned()));
        let flag = |param| value.as_boolean()?.then_some(param);
        match name {
            "sf" => flag(Self::Sf),
            "bs" => flag(Self::Bs),
            "req" => flag(Self::Req),
            "tr" => flag(Self::Tr),
            "key" => text().map(Self::Key),
            "name" => text().map(Self::Name),
            _ => None,
        }
    }
}

/// As it stands in a list of covered components.
impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.name.as_str())?;
        self.params.iter().try_for_each(|param| match param {
            Param::Sf => f.write_str(";sf"),
            Param::Bs => f.write_str(";bs"),
            Param::Req => f.write_str(";req"),
            Param::Tr => f.write_str(";tr"),
            Param::Key(key) => write!(f, ";key={}", text::quoted(key)),
            Param::Name(name) => write!(f, ";name={}", text::quoted(name)),
        })
    }
}

impl std::str::FromStr for Component {
    type Err = InvalidSettings;

    /// # Errors
    ///
    /// If the text is not the identifier of a component, such as `"@query-param";name="id"`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let item = Parser::new(text).parse::<Item>().ok();
        let component = item.and_then(|item| Self::of_item(&item));
        component.ok_or(InvalidSettings::new(
            "a component is a quoted name with its parameters, such as \"content-digest\";req",
        ))
    }
}
