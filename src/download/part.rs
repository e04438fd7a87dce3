//! A file that is not whole yet.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use buttress_kernel::Partition;
use http::request::Parts;
use http::{HeaderValue, header};
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

/// `name` with `ending` behind it.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

impl Part {
    /// What an earlier try has brought of this resource, if that may be added to, else nothing.
    pub(super) async fn open(path: &Path, head: &Parts, keep: bool) -> io::Result<Self> {
        let resource = mark(head);
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
    ///
    /// # Errors
    ///
    /// Also when it has another length than was written: a write of a download that was dropped has landed
    /// after all, or somebody else's. What is there is of no use then, and the next download begins anew.
    pub(super) async fn finish(mut self) -> io::Result<()> {
        self.file.sync_all().await?;
        if self.file.metadata().await?.len() != self.length {
            self.restart(None).await?;
            return Err(io::Error::other(
                "something else has written to it; download it again",
            ));
        }
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
