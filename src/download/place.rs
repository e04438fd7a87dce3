//! Where the part of a file lies until it is whole, and what else may lie there.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::tag::{self, Tag};

/// No mark is as long: it has a validator in it, which came in a header.
const LONGEST_TAG: u64 = 64 * 1024;

/// A part and its mark; removed when it is dropped, unless they are kept.
pub(super) struct Place {
    data: PathBuf,
    tag: PathBuf,
    is_kept: bool,
}

/// `name` with `ending` behind it.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

impl Place {
    /// The place of the part of what is to lie at `path`. What lies there stays.
    pub(super) fn of(path: &Path) -> Self {
        Self {
            data: beside(path, ".part"),
            tag: beside(path, ".part.tag"),
            is_kept: true,
        }
    }

    /// Whether it outlives this.
    pub(super) const fn keep(&mut self, is_kept: bool) {
        self.is_kept = is_kept;
    }

    /// The mark of what lies there, if it has one that fits; all else there may be replaced.
    ///
    /// # Errors
    ///
    /// Where something lies there that is not ours: a file without our mark, a link, a device.
    pub(super) fn look(&self) -> io::Result<Option<Tag>> {
        let tag = match file_at(&self.tag)? {
            Some(found) if found.len() > LONGEST_TAG => return Err(foreign(&self.tag)),
            // One that was about to be written.
            Some(found) if found.len() == 0 => None,
            Some(_) => {
                let tag = Tag::read(&fs::read(&self.tag)?);
                Some(tag.ok_or_else(|| foreign(&self.tag))?)
            }
            None => None,
        };
        match (file_at(&self.data)?, tag) {
            (Some(found), None) if found.len() > 0 => Err(foreign(&self.data)),
            (Some(found), Some(tag)) if tag.made == tag::made(&found) => Ok(Some(tag)),
            _ => Ok(None),
        }
    }

    /// What lies there, to be written on.
    pub(super) fn open(&self) -> io::Result<File> {
        OpenOptions::new().append(true).open(&self.data)
    }

    /// Makes a part without bytes in the place of what lies there. The mark is there before any byte.
    ///
    /// # Errors
    ///
    /// As [`look`](Self::look); a file that another download makes at the same time is one, too.
    pub(super) fn begin(mut self, mut tag: Tag) -> io::Result<(Self, File)> {
        self.look()?;
        absent(fs::remove_file(&self.data))?;
        // A new name never leads through a link.
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(&self.data)?;
        self.is_kept = false;
        tag.made = tag::made(&file.metadata()?);
        absent(fs::remove_file(&self.tag))?;
        File::create_new(&self.tag)?.write_all(&tag.to_bytes())?;
        Ok((self, file))
    }

    /// Puts the part, which is so long, at `path`, at once.
    ///
    /// # Errors
    ///
    /// Also when it has another length: a write of a download that was dropped has landed after all, or somebody
    /// else's. What is there is of no use then, and the next download begins anew. And when another download has put
    /// a part of its own there meanwhile.
    pub(super) fn finish(mut self, part: File, length: u64, path: &Path) -> io::Result<()> {
        part.sync_all()?;
        let own = part.metadata()?;
        let is_there = file_at(&self.data)?.is_some_and(|found| is_same(&found, &own));
        if !is_there || own.len() != length {
            self.is_kept = !is_there;
            return Err(io::Error::other(
                "something else has written to it; download it again",
            ));
        }
        drop(part);
        fs::rename(&self.data, path)?;
        self.is_kept = true;
        absent(fs::remove_file(&self.tag))
    }

    pub(super) fn remove(&self) {
        // Nobody can be told, and what is left over is known as ours.
        fs::remove_file(&self.data).ok();
        fs::remove_file(&self.tag).ok();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.is_kept {
            self.remove();
        }
    }
}

/// # Errors
///
/// Where there is something else than a file, a link to one included.
fn file_at(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => Ok(Some(found)),
        Ok(_) => Err(foreign(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    tag::made(one) == tag::made(other)
}

fn foreign(path: &Path) -> io::Error {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.escape_debug();
    let because = format!(
        "something that is no download's lies at `{name}`; move it, or download to another place"
    );
    io::Error::new(io::ErrorKind::AlreadyExists, because)
}

fn absent(end: io::Result<()>) -> io::Result<()> {
    match end {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
