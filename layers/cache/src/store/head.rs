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
        self.0.parts.status
    }

    /// The response's fields, without those that describe one connection.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.0.parts.headers
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
        let fields = self.0.parts.headers.iter();
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
        f.debug_tuple("Head").field(&self.0.parts.status).finish()
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
        let empty = more(|head| _ = head.parts.headers.insert(&name, text(0)));
        assert!((24 + 64..24 + 256).contains(&empty), "{empty}");
        let full = more(|head| _ = head.parts.headers.insert(&name, text(1_000)));
        assert_eq!(full, empty + 1_000);
        let longer = http::HeaderName::from_static("x-a-field-of-another-length");
        let longer = more(|head| _ = head.parts.headers.insert(longer, text(0)));
        assert_eq!(longer, empty + 3);

        let names = vec![http::header::ACCEPT, http::header::COOKIE];
        let rows = |rows: &[policy::Row]| {
            more(|head| (head.vary.names, head.vary.rows) = (names.clone(), rows.to_vec()))
        };
        let values = row(&[Some("x"), None]);
        let [none, one, two] = [0, 1, 2].map(|count| rows(&vec![values.clone(); count]));
        assert!((2 * 16..2 * 64).contains(&none), "{none}");
        assert_eq!((one, two), (2 * none + 1, 3 * none + 2));
    }

    #[test]
    fn a_head_shows_its_status_and_fields_and_debug_no_field() {
        let variant = variant(7, "body");
        let head = variant.head();
        assert_eq!(head.status(), head.as_ref().parts.status);
        assert_eq!(head.headers()["etag"], "\"7\"");
        assert_eq!(
            format!("{variant:?}"),
            "Variant { id: 7, head: Head(299), body: Some(4), .. }"
        );
    }
}
