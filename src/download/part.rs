//! A file that is not whole yet.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use http::{HeaderValue, Uri};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::AsyncWriteExt;

/// What has come of a file, and which version's it is.
pub(super) struct Part {
    path: PathBuf,
    data: PathBuf,
    tag: PathBuf,
    file: File,
    length: u64,
    /// Whose file it is: validators of two resources may be alike.
    resource: u64,
    /// Without one, what has come cannot be added to.
    validator: Option<HeaderValue>,
}

/// A resource's mark on disk, where its query should not lie in clear text.
fn mark(uri: &Uri) -> u64 {
    let mut hasher = DefaultHasher::new();
    uri.to_string().hash(&mut hasher);
    hasher.finish()
}

/// `name` with `ending` behind it.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

impl Part {
    /// What an earlier try has brought of this resource, if that may be added to, else nothing.
    pub(super) async fn open(path: &Path, uri: &Uri, keep: bool) -> io::Result<Self> {
        let resource = mark(uri);
        let (data, tag) = (beside(path, ".part"), beside(path, ".part.tag"));
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).open(&data).await?;
        let mut part = Self {
            length: file.metadata().await?.len(),
            validator: read_tag(&tag, resource).await.filter(|_| keep),
            resource,
            path: path.to_owned(),
            data,
            tag,
            file,
        };
        if part.length == 0 || part.validator.is_none() {
            part.restart(None).await?;
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
    pub(super) fn validator(&self) -> Option<&HeaderValue> {
        self.validator.as_ref().filter(|_| self.length > 0)
    }

    /// Begins anew, with this version. The mark is written before any byte of what it stands for, and
    /// taken away after the last of what it stood for.
    pub(super) async fn restart(&mut self, validator: Option<&HeaderValue>) -> io::Result<()> {
        self.file.set_len(0).await?;
        self.length = 0;
        self.validator = validator.cloned();
        match validator {
            Some(validator) => {
                let mut tag = format!("{:016x} ", self.resource).into_bytes();
                tag.extend_from_slice(validator.as_bytes());
                fs::write(&self.tag, tag).await
            }
            None => absent(fs::remove_file(&self.tag).await),
        }
    }

    pub(super) async fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.write_all(piece).await?;
        // Written now, and not behind the back of whoever opens the file next.
        self.file.flush().await?;
        self.length += piece.len() as u64;
        Ok(())
    }

    /// Puts the file in its place, at once.
    pub(super) async fn finish(self) -> io::Result<()> {
        drop(self.file);
        fs::rename(&self.data, &self.path).await?;
        absent(fs::remove_file(&self.tag).await)
    }
}

async fn read_tag(path: &Path, resource: u64) -> Option<HeaderValue> {
    let tag = fs::read(path).await.ok()?;
    let mark = format!("{resource:016x} ");
    let tag = HeaderValue::from_bytes(tag.strip_prefix(mark.as_bytes())?).ok();
    tag.filter(|tag| !tag.is_empty())
}

fn absent(end: io::Result<()>) -> io::Result<()> {
    match end {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
