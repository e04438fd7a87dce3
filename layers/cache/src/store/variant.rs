use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::Head;
use crate::policy;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::suite::variant;

    #[test]
    fn a_size_is_that_of_head_body_and_tags() {
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
    fn without_its_body_a_response_is_the_same() {
        let with = variant(7, "body");
        let without = with.without_body();
        assert!(without.body().is_none());
        assert_eq!((without.id(), without.tags()), (with.id(), with.tags()));
        assert_eq!(without.as_ref(), with.as_ref());
    }
}
