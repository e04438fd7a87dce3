//! Whom a pause is for.

use buttress_kernel::{Key, Partition};

/// Everybody who goes to a key, or those alone who carry the same credentials.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) key: Key,
    pub(crate) partition: Option<Partition>,
}

impl Scope {
    pub(crate) const fn all(key: Key) -> Self {
        let partition = None;
        Self { key, partition }
    }

    /// The key as the table has it.
    pub(crate) fn name(&self) -> Key {
        match &self.partition {
            None => self.key.clone(),
            Some(partition) => Key::from(&name(self.key.as_str(), partition)),
        }
    }

    /// Its partition, as events show it.
    pub(crate) fn part(&self) -> Option<&str> {
        self.partition.as_ref().map(Partition::as_str)
    }
}

/// What those of a partition have a state under: no server's name holds this byte, nor a field's value.
pub(crate) fn name(key: &str, partition: &Partition) -> String {
    format!("{key}\0{partition}")
}
