//! The files themselves. Everything here blocks, and is called where that is allowed.

mod cleared;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

pub(super) use self::cleared::unlink;
use super::card::Card;
use super::names::{self, Name};
use super::unsynced::{Lost, Unsynced};

/// What is being written is written here, and then moved to its place.
const UNDER_WAY: &str = "new";

/// What was invalidated before it was found, as long as something may still be found.
const NOTES: &str = "doomed";

/// A card of more bytes than this is none.
const LONGEST: u64 = 16 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Files {
    root: PathBuf,
    /// For the names of what is under way.
    counter: AtomicU64,
    /// How many bytes are under way.
    aside: Arc<AtomicU64>,
    unsynced: Unsynced,
    /// The same of the folders themselves.
    moved: Lost,
    /// How often a folder was synced.
    #[cfg(test)]
    pub(super) synced: AtomicU64,
    /// Whether nothing can be removed.
    #[cfg(test)]
    pub(super) is_stuck: std::sync::atomic::AtomicBool,
    /// How many files could not be removed for that.
    #[cfg(test)]
    pub(super) refused: AtomicU64,
    /// How many files the disk has room for.
    #[cfg(test)]
    pub(super) room: AtomicU64,
}

impl Files {
    /// In a folder of ours, which is made if it is not there, for this user alone.
    pub(super) fn at(root: PathBuf) -> io::Result<Self> {
        make_folder(&root)?;
        make_folder(&root.join(UNDER_WAY))?;
        let files = Self {
            root,
            counter: AtomicU64::new(0),
            aside: Arc::default(),
            unsynced: Unsynced::default(),
            moved: Lost::default(),
            #[cfg(test)]
            synced: AtomicU64::new(0),
            #[cfg(test)]
            is_stuck: std::sync::atomic::AtomicBool::new(false),
            #[cfg(test)]
            refused: AtomicU64::new(0),
            #[cfg(test)]
            room: AtomicU64::new(u64::MAX),
        };
        // What an earlier process removed from them may not be on the disk yet.
        let there = (0..=u8::MAX).filter(|shard| files.shard(*shard).exists());
        there.for_each(|shard| files.unsynced.note(shard));
        if files.cleared().exists() {
            files.moved.note();
        }
        Ok(files)
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
                remove(&file.path())?;
            }
        }
        Ok(())
    }

    /// What was noted for a later process.
    pub(super) fn notes(&self) -> io::Result<Bytes> {
        match fs::read(self.root.join(NOTES)) {
            Ok(notes) => Ok(notes.into()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Bytes::new()),
            Err(error) => Err(error),
        }
    }

    /// Puts other notes in their place.
    pub(super) fn write_notes(&self, notes: &[u8]) -> io::Result<()> {
        let mut aside = self.aside()?;
        aside.write(notes)?;
        aside.sync()?;
        fs::rename(&aside.path, self.root.join(NOTES))?;
        aside.file = None;
        sync_folder(&self.root)
    }

    /// Adds to the notes, and waits until that is on the disk.
    pub(super) fn add_to_notes(&self, note: &[u8]) -> io::Result<()> {
        let mut notes =
            private(OpenOptions::new().append(true).create(true)).open(self.root.join(NOTES))?;
        notes.write_all(note)?;
        notes.sync_all()?;
        sync_folder(&self.root)
    }

    pub(super) fn remove_notes(&self) -> io::Result<()> {
        remove(&self.root.join(NOTES)).map(drop)
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
        let Some(file) = self.open(name)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        file.take(LONGEST + 1).read_to_end(&mut bytes)?;
        let length = bytes.len() as u64;
        let card = Some(bytes).filter(|_| length <= LONGEST);
        let card = card.and_then(|bytes| Card::read(bytes.into()));
        if card.is_none() {
            self.remove(name)?;
        }
        Ok(card.map(|card| (card, length)))
    }

    /// Writes a file aside, and moves it to its place when it is whole.
    pub(super) fn write(&self, name: Name, bytes: &[u8]) -> io::Result<()> {
        let mut aside = self.aside()?;
        aside.write(bytes)?;
        self.put_in_place(aside, name)
    }

    /// A new file, which is to be put in its place when it is whole.
    pub(super) fn aside(&self) -> io::Result<Aside> {
        #[cfg(test)]
        self.find_room()?;
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let path = self.root.join(UNDER_WAY).join(format!("{number:016x}"));
        let file = private(OpenOptions::new().write(true).create_new(true)).open(&path)?;
        Ok(Aside {
            path,
            file: Some(file),
            bytes: 0,
            all: Arc::clone(&self.aside),
        })
    }

    #[cfg(test)]
    fn find_room(&self) -> io::Result<()> {
        let room = self.room.load(Ordering::Relaxed);
        if room == u64::MAX {
            return Ok(());
        }
        let mut taken = fs::read_dir(self.root.join(UNDER_WAY))?.count() as u64;
        for shard in 0..=u8::MAX {
            taken += self.names(shard)?.len() as u64;
        }
        let full = || io::Error::from(ErrorKind::StorageFull);
        (taken < room).then_some(()).ok_or_else(full)
    }

    /// How many bytes there are aside, in all.
    #[cfg(test)]
    pub(super) fn bytes_aside(&self) -> u64 {
        self.aside.load(Ordering::Relaxed)
    }

    pub(super) fn put_in_place(&self, mut aside: Aside, name: Name) -> io::Result<()> {
        let path = self.path(name);
        match fs::rename(&aside.path, &path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                make_folder(&self.shard(name.shard()))?;
                fs::rename(&aside.path, path)?;
            }
            done => done?,
        }
        aside.file = None;
        Ok(())
    }

    /// A file of ours, if it is there. To open what is no file may take for ever.
    pub(super) fn open(&self, name: Name) -> io::Result<Option<File>> {
        let path = self.path(name);
        let opened = fs::symlink_metadata(&path).and_then(|about| {
            if about.is_file() {
                File::open(&path)
            } else {
                Err(io::Error::other("this is no regular file"))
            }
        });
        match opened {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How many bytes a file has.
    pub(super) fn length(&self, name: Name) -> Option<u64> {
        let about = fs::symlink_metadata(self.path(name)).ok()?;
        Some(about.len())
    }

    /// Removes a file; that it is gone already is no failure.
    pub(super) fn remove(&self, name: Name) -> io::Result<()> {
        #[cfg(test)]
        if self.is_stuck.load(Ordering::Relaxed) {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(io::Error::other("nothing can be removed"));
        }
        if remove(&self.path(name))? && matches!(name, Name::Card(_)) {
            // Bodies may come back: nothing is served that no card names.
            self.lost_something(name);
        }
        Ok(())
    }

    /// What a card said has been removed or replaced. Whoever does that says so before anybody else can
    /// know it.
    pub(super) fn lost_something(&self, card: Name) {
        self.unsynced.note(card.shard());
    }

    /// Waits until whatever a folder has lost is gone from the disk too.
    pub(super) fn settle(&self, shard: u8) -> io::Result<()> {
        self.settle_moved()?;
        self.unsynced.settle(shard, || self.sync(shard))
    }

    /// The same of all folders, with a word after each.
    pub(super) fn settle_all(&self, step: impl Fn()) -> io::Result<()> {
        (0..=u8::MAX).try_for_each(|shard| {
            step();
            self.settle(shard)
        })
    }

    /// The same, whatever it has lost.
    fn sync(&self, shard: u8) -> io::Result<()> {
        #[cfg(test)]
        self.synced.fetch_add(1, Ordering::Relaxed);
        sync_folder(&self.shard(shard))
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

#[cfg_attr(
    any(test, not(unix)),
    allow(
        unused_variables,
        clippy::unnecessary_wraps,
        clippy::missing_const_for_fn
    )
)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere, folders are no files; and a thousand schedules need not wait for a disk.
    #[cfg(all(unix, not(test)))]
    match File::open(folder) {
        Ok(folder) => folder.sync_all()?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Whether it was there.
fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// A file that is not whole yet. Unless it is put in its place, it goes with this.
#[derive(Debug)]
pub(super) struct Aside {
    path: PathBuf,
    /// None when it is in its place.
    file: Option<File>,
    bytes: u64,
    /// Those of all that are aside.
    all: Arc<AtomicU64>,
}

impl Aside {
    /// Adds bytes. They are not synced: see the store's page.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_within(u64::MAX, bytes).map(drop)
    }

    /// The same, unless more than so many bytes would be aside in all; whether they were not.
    pub(super) fn write_within(&mut self, most: u64, bytes: &[u8]) -> io::Result<bool> {
        let length = bytes.len() as u64;
        let add = |all: u64| all.checked_add(length).filter(|all| *all <= most);
        let added = self
            .all
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        if added.is_err() {
            return Ok(false);
        }
        self.bytes += length;
        if let Some(file) = &mut self.file {
            file.write_all(bytes)?;
        }
        Ok(true)
    }
}

impl Aside {
    /// The same, whatever it has lost.
    fn sync(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), File::sync_all)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
        if self.file.take().is_some() {
            // What is left all the same is removed at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
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
