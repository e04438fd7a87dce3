//! Which folders have lost something that a crash of the machine would bring back.
//!
//! What is removed or replaced without a wait for the disk comes back, if the machine stops before its
//! folder is written. For a cache that is no loss, until somebody is told that it is forgotten.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

/// How often a folder has lost something, and how much of that is on the disk for certain.
#[derive(Debug, Default)]
pub(super) struct Lost {
    all: AtomicU64,
    synced: AtomicU64,
}

impl Lost {
    /// It has lost something.
    pub(super) fn note(&self) {
        self.all.fetch_add(1, Ordering::SeqCst);
    }

    /// Syncs it if that has to be. Whoever comes while another one does it does it as well, since neither
    /// may go on before it is done.
    pub(super) fn settle(&self, sync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let now = self.all.load(Ordering::SeqCst);
        if self.synced.load(Ordering::SeqCst) < now {
            sync()?;
            self.synced.fetch_max(now, Ordering::SeqCst);
        }
        Ok(())
    }
}

/// Of each folder, what it has lost.
pub(super) struct Unsynced([Lost; 256]);

impl Default for Unsynced {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Lost::default()))
    }
}

impl Unsynced {
    /// A folder has lost something.
    pub(super) fn note(&self, shard: u8) {
        self.0[usize::from(shard)].note();
    }

    /// Syncs a folder if that has to be.
    pub(super) fn settle(
        &self,
        shard: u8,
        sync: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        self.0[usize::from(shard)].settle(sync)
    }
}

impl fmt::Debug for Unsynced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unsynced")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_synced_once_for_all_that_it_lost_before() {
        let unsynced = Unsynced::default();
        let syncs = |shard| {
            let mut count = 0;
            let end = unsynced.settle(shard, || {
                count += 1;
                Ok(())
            });
            end.expect("it is synced");
            count
        };
        assert_eq!([syncs(7), syncs(8)], [0, 0]);
        unsynced.note(7);
        unsynced.note(7);
        assert_eq!([syncs(7), syncs(7), syncs(8)], [1, 0, 0]);
        unsynced.note(7);
        assert_eq!(syncs(7), 1);
    }

    #[test]
    fn what_is_lost_while_it_is_synced_or_where_that_fails_has_to_be_synced() {
        let unsynced = Unsynced::default();
        unsynced.note(7);
        let failed = unsynced.settle(7, || Err(io::Error::other("no")));
        failed.expect_err("it fails");
        for _ in 0..2 {
            let mut is_synced = false;
            let end = unsynced.settle(7, || {
                is_synced = true;
                unsynced.note(7);
                Ok(())
            });
            end.expect("it is synced");
            assert!(is_synced);
        }
    }
}
