//! A file that is not whole yet.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{fs, io, mem};

use buttress_kernel::Partition;
use http::header;
use http::request::Parts;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::place::Place;
use super::range::Version;
use super::tag::Tag;
use crate::blocking::blocking;

/// What has come of a file, and which version's it is.
pub(super) struct Part {
    path: PathBuf,
    place: Place,
    /// `None` as long as nothing has come.
    file: Option<File>,
    length: u64,
    resource: u64,
    version: Version,
}

/// A mark on disk of what was asked for: the URI, whose query should not lie there in clear text, and what else of the
/// request chooses between its representations, or between those whose they are.
fn mark(head: &Parts) -> u64 {
    let mut hasher = DefaultHasher::new();
    head.uri.to_string().hash(&mut hasher);
    for name in [
        header::ACCEPT,
        header::ACCEPT_CHARSET,
        header::ACCEPT_ENCODING,
        header::ACCEPT_LANGUAGE,
        header::AUTHORIZATION,
        header::COOKIE,
    ] {
        let values: Vec<_> = head.headers.get_all(name).iter().collect();
        values.hash(&mut hasher);
    }
    head.extensions.get::<Partition>().hash(&mut hasher);
    hasher.finish()
}

impl Part {
    /// What an earlier try has brought of this resource, if that may be added to, else nothing. Nothing is
    /// written.
    ///
    /// # Errors
    ///
    /// When there is no folder for it, or something else lies where it would.
    pub(super) async fn open(path: &Path, head: &Parts, keep: bool) -> io::Result<Self> {
        let resource = mark(head);
        let at = path.to_owned();
        let may_add =
            move |tag: &Tag| keep && tag.resource == resource && tag.version.validator.is_some();
        let found = move || {
            folder_of(&at)?;
            let place = Place::of(&at);
            let Some(tag) = place.look()?.filter(may_add) else {
                return Ok((place, None));
            };
            let file = place.open()?;
            let length = file.metadata()?.len();
            Ok((place, Some((file, length, tag.version))))
        };
        let (place, found) = blocking(found).await?;
        let mut part = Self {
            path: path.to_owned(),
            place,
            file: None,
            length: 0,
            resource,
            version: Version::default(),
        };
        if let Some((file, length, version)) = found {
            (part.file, part.length, part.version) = (Some(File::from_std(file)), length, version);
        }
        Ok(part)
    }

    pub(super) const fn len(&self) -> u64 {
        self.length
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Which version's the part is, if there is one that can be added to.
    pub(super) fn version(&self) -> Option<&Version> {
        let can_be_named = self.length > 0 && self.version.validator.is_some();
        can_be_named.then_some(&self.version)
    }

    /// Throws away what there is.
    pub(super) fn clear(&mut self) {
        if self.file.take().is_some() {
            self.place.remove();
            // What comes there next may be another's.
            self.place.keep(true);
        }
        self.length = 0;
        self.version = Version::default();
    }

    /// Begins anew, with this version.
    pub(super) async fn begin(&mut self, version: Version) -> io::Result<()> {
        self.clear();
        let place = mem::replace(&mut self.place, Place::of(&self.path));
        let tag = Tag {
            resource: self.resource,
            made: None,
            version: version.clone(),
        };
        let (place, file) = blocking(move || place.begin(tag)).await?;
        self.place = place;
        self.file = Some(File::from_std(file));
        self.version = version;
        Ok(())
    }

    pub(super) async fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        let file = self.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
        file.write_all(piece).await?;
        // Written now, and not behind the back of whoever opens the file next.
        file.flush().await?;
        self.length += piece.len() as u64;
        let is_of_use = self.version().is_some();
        self.place.keep(is_of_use);
        Ok(())
    }

    /// Puts the file in its place, at once.
    ///
    /// # Errors
    ///
    /// As [`Place::finish`].
    pub(super) async fn finish(self) -> io::Result<()> {
        let Self {
            file,
            place,
            length,
            path,
            ..
        } = self;
        let file = file.ok_or(io::ErrorKind::NotFound)?.into_std().await;
        blocking(move || place.finish(file, length, &path)).await
    }
}

/// # Errors
///
/// When there is none, which is better known before anything is asked for.
fn folder_of(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    fs::metadata(folder.unwrap_or(Path::new("."))).map(drop)
}
