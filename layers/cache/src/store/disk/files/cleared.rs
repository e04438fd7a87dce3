//! Folders that were cleared: out of the way at once, unlinked later.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
#[cfg(test)]
use std::sync::atomic::Ordering;

use super::super::names::{self, Name};
use super::{Files, make_folder, remove, sync_folder};

/// What was cleared waits here until it is unlinked, each folder called by a number.
const CLEARED: &str = "cleared";

impl Files {
    /// Moves one of the folders to where nobody looks for anything; whether it was there. Of what is open,
    /// all can still be read.
    pub(in super::super) fn move_away(&self, shard: u8, number: u64) -> io::Result<bool> {
        #[cfg(test)]
        if self.is_stuck.load(Ordering::Relaxed) {
            return Err(io::Error::other("nothing can be removed"));
        }
        let from = self.shard(shard);
        match fs::symlink_metadata(&from) {
            Ok(about) if about.is_dir() => {}
            Ok(_) => return Err(io::Error::other("this is no folder")),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
        let to = self.cleared();
        make_folder(&to)?;
        fs::rename(from, to.join(format!("{number:016x}")))?;
        self.moved.note();
        Ok(true)
    }

    /// Waits until what was moved away is gone from its place on the disk too.
    pub(super) fn settle_moved(&self) -> io::Result<()> {
        self.moved.settle(|| {
            #[cfg(test)]
            self.synced.fetch_add(1, Ordering::Relaxed);
            sync_folder(&self.root)
        })
    }

    /// Where that is.
    pub(in super::super) fn cleared(&self) -> PathBuf {
        self.root.join(CLEARED)
    }
}

/// Unlinks what was cleared, as long as it may. What cannot be unlinked keeps nothing else from it.
pub(in super::super) fn unlink(cleared: &Path, may_go_on: impl Fn() -> bool) -> io::Result<()> {
    let mut done = Ok(());
    for folder in entries(cleared, |name| names::number(name).is_some())? {
        done = unlink_folder(&folder?, &may_go_on).and(done);
    }
    done
}

fn unlink_folder(folder: &Path, may_go_on: impl Fn() -> bool) -> io::Result<()> {
    let mut done = Ok(());
    for file in entries(folder, |name| Name::read(name).is_some())? {
        if !may_go_on() {
            return done;
        }
        done = remove(&file?).map(drop).and(done);
    }
    match fs::remove_dir(folder) {
        // What is left in it is not ours, or has failed.
        Err(error) if error.kind() != ErrorKind::DirectoryNotEmpty => Err(error),
        _ => done,
    }
}

/// What has a name of ours in a folder, if there is one.
fn entries(
    folder: &Path,
    is_ours: fn(&str) -> bool,
) -> io::Result<impl Iterator<Item = io::Result<PathBuf>>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => Some(entries),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let entries = entries.into_iter().flatten();
    Ok(entries.filter_map(move |entry| match entry {
        Ok(entry) => {
            let is_ours = entry.file_name().to_str().is_some_and(is_ours);
            is_ours.then(|| Ok(entry.path()))
        }
        Err(error) => Some(Err(error)),
    }))
}
