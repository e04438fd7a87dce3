//! The files themselves. Everything here blocks, and is called where that is allowed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::card::Card;
use super::names::{self, Name};

/// What is being written is written here, and then moved to its place.
const UNDER_WAY: &str = "new";

#[derive(Debug)]
pub(super) struct Files {
    root: PathBuf,
    /// For the names of what is under way.
    counter: AtomicU64,
    /// How often a folder was synced.
    #[cfg(test)]
    pub(super) synced: AtomicU64,
}

impl Files {
    /// In a folder of ours, which is made if it is not there, for this user alone.
    pub(super) fn at(root: PathBuf) -> io::Result<Self> {
        make_folder(&root)?;
        make_folder(&root.join(UNDER_WAY))?;
        Ok(Self {
            root,
            counter: AtomicU64::new(0),
            #[cfg(test)]
            synced: AtomicU64::new(0),
        })
    }

    /// Removes what earlier processes were writing when they ended.
    pub(super) fn remove_unfinished(&self) -> io::Result<()> {
        for file in fs::read_dir(self.root.join(UNDER_WAY))? {
            let file = file?;
            let name = file.file_name();
            if name
                .to_str()
                .is_some_and(|name| names::number(name).is_some())
            {
                fs::remove_file(file.path())?;
            }
        }
        Ok(())
    }

    /// The names of our files in one of the folders.
    pub(super) fn names(&self, shard: u8) -> io::Result<Vec<Name>> {
        let files = match fs::read_dir(self.shard(shard)) {
            Ok(files) => files,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for file in files {
            let name = file?.file_name();
            let name = name.to_str().and_then(Name::read);
            names.extend(name.filter(|name| name.shard() == shard));
        }
        Ok(names)
    }

    /// A card, and how many bytes its file has; nothing where there is none, or a damaged one, which
    /// is removed.
    pub(super) fn read_card(&self, name: Name) -> io::Result<Option<(Card, u64)>> {
        let bytes = match fs::read(self.path(name)) {
            Ok(bytes) => Bytes::from(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = bytes.len() as u64;
        let card = Card::read(bytes);
        if card.is_none() {
            self.remove(name)?;
        }
        Ok(card.map(|card| (card, length)))
    }

    /// Writes a file aside, and moves it to its place when it is whole.
    pub(super) fn write(&self, name: Name, bytes: &[u8]) -> io::Result<()> {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let aside = self.root.join(UNDER_WAY).join(format!("{number:016x}"));
        let done = write_aside(&aside, bytes).and_then(|()| self.put_in_place(&aside, name));
        if done.is_err() {
            // Where there is no room, there is none for leftovers; what is left is removed at start.
            let _ = fs::remove_file(&aside);
        }
        done
    }

    fn put_in_place(&self, aside: &Path, name: Name) -> io::Result<()> {
        let path = self.path(name);
        match fs::rename(aside, &path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make_folder(&self.shard(name.shard()))?;
                fs::rename(aside, path)
            }
            done => done,
        }
    }

    pub(super) fn open(&self, name: Name) -> io::Result<Option<File>> {
        match File::open(self.path(name)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How many bytes a file has.
    pub(super) fn length(&self, name: Name) -> Option<u64> {
        let about = fs::metadata(self.path(name)).ok()?;
        Some(about.len())
    }

    /// Removes a file; that it is gone already is no failure.
    pub(super) fn remove(&self, name: Name) -> io::Result<()> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Waits until what was removed from a folder, or replaced there, is so on the disk too.
    #[cfg_attr(
        any(test, not(unix)),
        allow(unused_variables, clippy::unnecessary_wraps)
    )]
    pub(super) fn sync(&self, shard: u8) -> io::Result<()> {
        #[cfg(test)]
        self.synced.fetch_add(1, Ordering::Relaxed);
        // Elsewhere, folders are no files; and a thousand schedules need not wait for a disk.
        #[cfg(all(unix, not(test)))]
        match File::open(self.shard(shard)) {
            Ok(folder) => folder.sync_all()?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn shard(&self, shard: u8) -> PathBuf {
        self.root.join(format!("{shard:02x}"))
    }

    fn path(&self, name: Name) -> PathBuf {
        let mut path = self.shard(name.shard());
        path.push(name.to_string());
        path
    }
}

fn write_aside(aside: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(aside)?;
    // Not synced: see the store's page.
    file.write_all(bytes)
}

/// For this user alone.
#[cfg_attr(not(unix), allow(clippy::missing_const_for_fn))]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// A folder for this user alone, whoever could look into it before.
fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
        }
    }
    Ok(())
}
