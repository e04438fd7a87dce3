//! How a folder becomes a store.

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fs4::{FileExt, TryLockError};

use super::clearing;
use super::doomed::Doomed;
use super::files::{Files, private};
use super::scan;
use super::state::State;
use crate::store::OpenFailed;

/// In the folder that is given, everything is in one of our own, named for the form of what is in it.
const FORM: &str = "buttress-cache-1";

/// A process that is just ending lets go of the folder within moments.
const PATIENCE: (u32, Duration) = (40, Duration::from_millis(50));

/// Opens a folder. Blocks.
pub(super) fn open(folder: &Path, max_bytes: u64) -> Result<Arc<State>, OpenFailed> {
    let root = folder.join(FORM);
    let unusable = |error: io::Error| {
        let what = format!(
            "the cache's folder {} cannot be used: see that this user may write there, or name another",
            folder.display()
        );
        OpenFailed::new(what).because(error)
    };
    let files = Files::at(root.clone()).map_err(unusable)?;
    let lock = private(OpenOptions::new().write(true).create(true).truncate(false))
        .open(root.join("lock"))
        .map_err(unusable)?;
    if !take(&lock).map_err(unusable)? {
        return Err(OpenFailed::new(format!(
            "another process uses the cache's folder {}: give each a folder of its own, or share a Redis",
            folder.display()
        )));
    }
    files.remove_unfinished().map_err(unusable)?;
    let run = RandomState::new().hash_one(0) >> 32;
    let run = u32::try_from(run).unwrap_or_default();
    let doomed = Doomed::read(files.notes().map_err(unusable)?, run);
    if !doomed.is_empty() {
        files.write_notes(&doomed.write()).map_err(unusable)?;
    }
    let state = Arc::new(State::new(files, lock, max_bytes, run, doomed));
    if state.files.cleared().exists() {
        clearing::begin(&state);
    }
    scan::begin(&state).map_err(unusable)?;
    Ok(state)
}

/// Whether the lock could be had. The system lets go of it when the process ends, however it ends.
fn take(lock: &File) -> io::Result<bool> {
    let (times, pause) = PATIENCE;
    for _ in 0..times {
        match FileExt::try_lock(lock) {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => std::thread::sleep(pause),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(false)
}
