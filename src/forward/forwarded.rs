use std::fmt;
use std::sync::Arc;

use buttress_kernel::{Deadline, Partition};
use http::{HeaderName, HeaderValue};

/// What one incoming request brings along for the calls that are made for it.
///
/// Made by [`Forward::read`](super::Forward::read), or by axum as an extractor where the state has a
/// [`Forward`](super::Forward); used by [`Client::with`](crate::Client::with). Cheap to clone. `Debug` shows
/// names alone.
#[derive(Clone, Default)]
pub struct Forwarded(Option<Arc<Brought>>);

#[derive(Default)]
struct Brought {
    fields: Vec<Field>,
    partition: Option<Partition>,
    deadline: Option<Deadline>,
}

/// One or several lines of a header that belong together: the first names it.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pairs: Vec<(HeaderName, HeaderValue)>,
    pub(super) reach: Reach,
}

/// How far a field goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// To the origin that is known to be meant, and to no other.
    Secret,
    /// There, or to the one that the call names where nothing is known.
    Open,
    /// Wherever the call leads.
    Anywhere,
}

impl Field {
    pub(super) const fn new(pairs: Vec<(HeaderName, HeaderValue)>, reach: Reach) -> Self {
        Self { pairs, reach }
    }

    pub(super) fn one(name: HeaderName, value: HeaderValue, reach: Reach) -> Self {
        Self::new(vec![(name, value)], reach)
    }

    pub(super) fn pairs(&self) -> impl Iterator<Item = &(HeaderName, HeaderValue)> {
        self.pairs.iter()
    }

    pub(super) fn name(&self) -> Option<&HeaderName> {
        self.pairs.first().map(|(name, _)| name)
    }
}

impl Forwarded {
    pub(super) fn new(
        fields: Vec<Field>,
        partition: Option<Partition>,
        deadline: Option<Deadline>,
    ) -> Self {
        let says_nothing = fields.is_empty() && partition.is_none() && deadline.is_none();
        Self((!says_nothing).then(|| {
            Arc::new(Brought {
                fields,
                partition,
                deadline,
            })
        }))
    }

    /// Whether there is anything to say of a call, be it that nobody knows whose it is.
    pub(crate) const fn says_something(&self) -> bool {
        self.0.is_some()
    }

    /// Whether the request brought nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields().is_empty() && self.deadline().is_none()
    }

    /// Whose credentials it brought: [anyone](Partition::anyone)'s where it brought none of those that tell users
    /// apart, and `None` where nothing does.
    #[must_use]
    pub fn partition(&self) -> Option<&Partition> {
        self.0.as_ref()?.partition.as_ref()
    }

    /// When all must be over.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        self.0.as_ref()?.deadline
    }

    pub(super) fn fields(&self) -> &[Field] {
        self.0.as_ref().map_or(&[], |brought| &brought.fields)
    }

    /// Whether there is something that must have a home.
    pub(super) fn has_secrets(&self) -> bool {
        self.partition()
            .is_some_and(|partition| !partition.is_anyone())
    }
}

impl fmt::Debug for Forwarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.fields().iter().filter_map(Field::name);
        f.debug_struct("Forwarded")
            .field("fields", &names.collect::<Vec<_>>())
            .field("deadline", &self.deadline())
            .finish_non_exhaustive()
    }
}
