//! What is stored under a key.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::secretive::carries_secrets;
use super::written;
use crate::policy;

/// The head of a stored response, with all that its directives come down to. Cheap to clone.
#[derive(Clone)]
pub struct Head(Arc<policy::Head>);

impl Head {
    pub(crate) fn new(head: policy::Head) -> Self {
        Self(Arc::new(head))
    }

    /// The response's status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The response's fields, without those that describe one connection.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.headers
    }

    /// Whether it holds what a request said in a field that is likely to carry a secret, since the
    /// response varies by it. What leaves this process should leave such a head behind.
    #[must_use]
    pub fn tells_secrets(&self) -> bool {
        tells_secrets(&self.0)
    }

    /// The head in bytes, added to `to`, in a form that [`read`](Self::read) of this version
    /// of the crate understands.
    pub fn write(&self, to: &mut Vec<u8>) {
        written::write(&self.0, to);
    }

    /// The head that was [written](Self::write), taken from the beginning of `from`; nothing if it
    /// is damaged, or another version's.
    #[must_use]
    pub fn read(from: &mut Bytes) -> Option<Self> {
        written::read(from).map(Self::new)
    }

    /// About how many bytes it takes in memory.
    #[must_use]
    pub fn size(&self) -> usize {
        // What a header map takes for each field, beside the value's text.
        const FIELD: usize = 112;
        let fields = self.0.headers.iter();
        let fields = fields.map(|(name, value)| FIELD + name.as_str().len() + value.len());
        let vary = &self.0.vary;
        let rows = vary
            .rows
            .iter()
            .flat_map(|row| &row.values)
            .flatten()
            .map(|value| value.len());
        let cells = vary.names.len() * (1 + vary.rows.len());
        size_of::<policy::Head>() + fields.sum::<usize>() + rows.sum::<usize>() + cells * 32
    }
}

/// The same of a head that is not stored yet.
pub(crate) fn tells_secrets(head: &policy::Head) -> bool {
    head.vary.names.iter().any(carries_secrets)
}

impl AsRef<policy::Head> for Head {
    fn as_ref(&self) -> &policy::Head {
        &self.0
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the fields: they hold secrets.
        f.debug_tuple("Head").field(&self.0.status).finish()
    }
}

/// One of the responses that are stored under a key. Cheap to clone.
#[derive(Clone)]
pub struct Variant {
    id: u64,
    head: Head,
    tags: Option<Tags>,
    body: Option<Bytes>,
}

/// The tags of a response, by which it can be invalidated.
pub type Tags = Arc<[Arc<str>]>;

impl Variant {
    /// A response that a store gives back: what it was [put](super::Store::put) with. Without a body
    /// here, the store has it.
    #[must_use]
    pub fn restore(id: u64, head: Head, tags: &[Arc<str>], body: Option<Bytes>) -> Self {
        let tags = (!tags.is_empty()).then(|| tags.into());
        Self {
            id,
            head,
            tags,
            body,
        }
    }

    pub(crate) fn new(id: u64, head: Head, tags: Option<Tags>, body: Bytes) -> Self {
        Self {
            body: Some(body),
            ..Self::bodiless(id, head, tags)
        }
    }

    /// A response whose body the store has already.
    pub(crate) const fn bodiless(id: u64, head: Head, tags: Option<Tags>) -> Self {
        Self {
            id,
            head,
            tags,
            body: None,
        }
    }

    /// The number by which this response is known as long as its body stays the same.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// Its head.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// Its tags.
    #[must_use]
    pub fn tags(&self) -> &[Arc<str>] {
        self.tags.as_deref().unwrap_or_default()
    }

    pub(crate) const fn shared_tags(&self) -> Option<&Tags> {
        self.tags.as_ref()
    }

    /// Its body, where it came along; otherwise [`Store::body`](super::Store::body) has it. Of an
    /// incomplete response, the part that there is.
    #[must_use]
    pub const fn body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }

    /// The same response with another head.
    #[must_use]
    pub fn with_head(&self, head: Head) -> Self {
        Self {
            head,
            ..self.clone()
        }
    }

    /// Another response with the same tags.
    pub(crate) fn changed(&self, id: u64, head: Head, body: Bytes) -> Self {
        Self::new(id, head, self.tags.clone(), body)
    }

    /// The same response with its body to be asked for.
    #[must_use]
    pub fn without_body(&self) -> Self {
        Self {
            body: None,
            ..self.clone()
        }
    }

    /// About how many bytes it takes in memory.
    #[must_use]
    pub fn size(&self) -> usize {
        let tags = self
            .tags()
            .iter()
            .map(|tag| tag.len() + 2 * size_of::<usize>());
        let body = self.body.as_ref().map_or(0, Bytes::len);
        size_of::<Self>() + self.head.size() + body + tags.sum::<usize>()
    }
}

impl AsRef<policy::Head> for Variant {
    fn as_ref(&self) -> &policy::Head {
        self.head.as_ref()
    }
}

impl fmt::Debug for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variant")
            .field("id", &self.id)
            .field("head", &self.head)
            .field("body", &self.body.as_ref().map(Bytes::len))
            .finish_non_exhaustive()
    }
}

/// The responses that are stored under one key, the newest first.
#[derive(Clone, Debug, Default)]
pub struct Variants(Option<Arc<[Variant]>>);

impl Variants {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_none()
    }

    const fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// The place of the response of this number.
    #[must_use]
    pub fn position(&self, id: u64) -> Option<usize> {
        self.iter().position(|variant| variant.id == id)
    }

    /// With one more, and without those of these numbers.
    #[must_use]
    pub fn with(&self, variant: Variant, replaces: &[u64]) -> Self {
        let new = variant.id;
        let kept = self
            .iter()
            .filter(|v| v.id != new && !replaces.contains(&v.id));
        std::iter::once(variant).chain(kept.cloned()).collect()
    }

    /// Without those of these numbers.
    #[must_use]
    pub fn without(&self, ids: &[u64]) -> Self {
        let kept = self.iter().filter(|variant| !ids.contains(&variant.id));
        kept.cloned().collect()
    }
}

impl std::ops::Deref for Variants {
    type Target = [Variant];

    fn deref(&self) -> &[Variant] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl FromIterator<Variant> for Variants {
    fn from_iter<I: IntoIterator<Item = Variant>>(variants: I) -> Self {
        let variants: Arc<[Variant]> = variants.into_iter().collect();
        Self((!variants.is_empty()).then_some(variants))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::suite::{head, variant};

    /// How much larger a head is for a change.
    fn more(change: impl FnOnce(&mut policy::Head)) -> usize {
        let before = head("\"e\"", 4);
        let mut after = before.as_ref().clone();
        change(&mut after);
        Head::new(after).size() - before.size()
    }

    fn row(values: &[Option<&str>]) -> policy::Row {
        let value = |value: &&str| value.as_bytes().into();
        policy::Row {
            values: values.iter().map(|one| one.as_ref().map(value)).collect(),
            confirmed: std::time::SystemTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_size_is_at_least_that_of_all_texts_and_about_as_much_as_they_take() {
        let name = http::HeaderName::from_static("x-a-field-of-some-length");
        let text = |length| http::HeaderValue::from_str(&"x".repeat(length)).expect("a value");
        let empty = more(|head| _ = head.headers.insert(&name, text(0)));
        assert!((24 + 64..24 + 256).contains(&empty), "{empty}");
        let full = more(|head| _ = head.headers.insert(&name, text(1_000)));
        assert_eq!(full, empty + 1_000);
        let longer = http::HeaderName::from_static("x-a-field-of-another-length");
        let longer = more(|head| _ = head.headers.insert(longer, text(0)));
        assert_eq!(longer, empty + 3);

        let names = vec![http::header::ACCEPT, http::header::COOKIE];
        let rows = |rows: &[policy::Row]| {
            more(|head| (head.vary.names, head.vary.rows) = (names.clone(), rows.to_vec()))
        };
        let values = row(&[Some("x"), None]);
        let [none, one, two] = [0, 1, 2].map(|count| rows(&vec![values.clone(); count]));
        assert!((2 * 16..2 * 64).contains(&none), "{none}");
        assert_eq!((one, two), (2 * none + 1, 3 * none + 2));

        let small = variant(1, "");
        let body = variant(1, &"x".repeat(1_000));
        assert_eq!(body.size(), small.size() + 1_000);
        let tags = |tags: &[&str]| {
            let tags: Vec<_> = tags.iter().map(|tag| Arc::from(*tag)).collect();
            Variant::restore(1, small.head().clone(), &tags, None).size()
        };
        let untagged = size_of::<Variant>() + small.head().size();
        assert_eq!(tags(&[]), untagged);
        let tag = tags(&[""]) - untagged;
        assert!((16..64).contains(&tag), "{tag}");
        assert_eq!(tags(&["abc", "de"]), untagged + 2 * tag + 5);
    }

    #[test]
    fn a_head_shows_its_status_and_fields_and_debug_no_field() {
        let variant = variant(7, "body");
        let head = variant.head();
        assert_eq!(head.status(), head.as_ref().status);
        assert_eq!(head.headers()["etag"], "\"7\"");
        assert_eq!(
            format!("{variant:?}"),
            "Variant { id: 7, head: Head(299), body: Some(4), .. }"
        );
    }

    #[test]
    fn without_its_body_a_response_is_the_same() {
        let with = variant(7, "body");
        let without = with.without_body();
        assert!(without.body().is_none());
        assert_eq!((without.id(), without.tags()), (with.id(), with.tags()));
        assert_eq!(without.as_ref(), with.as_ref());
    }
}
