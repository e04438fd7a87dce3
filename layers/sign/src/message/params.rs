use std::time::{Duration, SystemTime};

use sfv::{BareItem, ListEntry, Parameters};

use super::component::{self, Component};
use super::text;

/// More components than this are not looked at.
const MOST_COMPONENTS: usize = 64;

/// What a signature says about itself
/// ([RFC 9421 §2.3](https://www.rfc-editor.org/rfc/rfc9421#section-2.3)). Nothing of it is true
/// before the signature has been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureParams {
    pub(super) label: String,
    pub(super) components: Vec<Component>,
    pub(super) created: Option<i64>,
    pub(super) expires: Option<i64>,
    pub(super) key_id: Option<String>,
    pub(super) algorithm: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) tag: Option<String>,
}

impl SignatureParams {
    /// The name that tells it from other signatures of the same message. The signature does not cover
    /// it.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What the signature covers.
    #[must_use]
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// When it was made, to the second.
    #[must_use]
    pub fn created(&self) -> Option<SystemTime> {
        self.created.and_then(time)
    }

    /// When it ends, to the second.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires.and_then(time)
    }

    /// Which key it was made with.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The name of the algorithm, where it says so. Choose the key by it, never the algorithm: that
    /// is the key's.
    #[must_use]
    pub fn algorithm(&self) -> Option<&str> {
        self.algorithm.as_deref()
    }

    /// What makes it the only one of its kind.
    #[must_use]
    pub fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }

    /// Which application it is for.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }
}

fn time(secs: i64) -> Option<SystemTime> {
    let since = Duration::from_secs(u64::try_from(secs).ok()?);
    SystemTime::UNIX_EPOCH.checked_add(since)
}

impl SignatureParams {
    /// The signature that a member of `Signature-Input` describes, if it can be understood.
    pub(super) fn of_entry(label: &str, entry: &ListEntry) -> Option<Self> {
        let components = component::of_entry(entry, MOST_COMPONENTS)?;
        let ListEntry::InnerList(list) = entry else {
            return None;
        };
        let params = &list.params;
        Some(Self {
            label: label.to_owned(),
            components,
            created: number(params, "created")?,
            expires: number(params, "expires")?,
            key_id: string(params, "keyid")?,
            algorithm: string(params, "alg")?,
            nonce: string(params, "nonce")?,
            tag: string(params, "tag")?,
        })
    }

    /// The list of components with its parameters, as it is sent and signed.
    pub(super) fn to_list(&self) -> String {
        let names: Vec<_> = self.components.iter().map(Component::to_string).collect();
        let mut list = format!("({})", names.join(" "));
        let numbers = [("created", self.created), ("expires", self.expires)];
        for (name, value) in numbers {
            list.extend(value.map(|value| format!(";{name}={value}")));
        }
        let strings = [
            ("keyid", &self.key_id),
            ("alg", &self.algorithm),
            ("nonce", &self.nonce),
            ("tag", &self.tag),
        ];
        for (name, value) in strings {
            list.extend(
                value
                    .as_ref()
                    .map(|value| format!(";{name}={}", text::quoted(value))),
            );
        }
        list
    }
}

/// A parameter that may be absent, and is nothing else than a number.
#[allow(clippy::option_option, reason = "wrong is another thing than absent")]
fn number(params: &Parameters, name: &str) -> Option<Option<i64>> {
    match find(params, name) {
        None => Some(None),
        Some(value) => Some(Some(i64::from(value.as_integer()?))),
    }
}

#[allow(clippy::option_option, reason = "wrong is another thing than absent")]
fn string(params: &Parameters, name: &str) -> Option<Option<String>> {
    match find(params, name) {
        None => Some(None),
        Some(value) => Some(Some(value.as_string()?.as_str().to_owned())),
    }
}

fn find<'a>(params: &'a Parameters, wanted: &str) -> Option<&'a BareItem> {
    let found = params.iter().find(|(name, _)| name.as_str() == wanted);
    found.map(|(_, value)| value)
}
