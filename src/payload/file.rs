use std::fmt;
use std::fs;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::BoxError;
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use tokio::fs::File;
use tokio::io::{AsyncRead, ReadBuf};

/// So much is read at once.
const PIECE: usize = 64 * 1024;

/// A file that is opened when its first byte is wanted.
pub(crate) struct FileBody {
    path: PathBuf,
    length: u64,
    left: u64,
    state: State,
    /// Where the next piece goes; kept from one poll to the next.
    room: BytesMut,
}

enum State {
    Closed,
    Opening(Pin<Box<dyn Future<Output = io::Result<File>> + Send>>),
    Open(Pin<Box<File>>),
}

impl FileBody {
    /// # Errors
    ///
    /// When there is no file at `path` that can be looked at.
    pub(crate) fn at(path: &Path) -> Result<Self, FileError> {
        let failed = |source| FileError::new(path, source);
        let metadata = fs::metadata(path).map_err(failed)?;
        if !metadata.is_file() {
            return Err(failed(io::Error::other("it is not a file")));
        }
        Ok(Self {
            path: path.to_owned(),
            length: metadata.len(),
            left: metadata.len(),
            state: State::Closed,
            room: BytesMut::new(),
        })
    }

    /// The same file, from its beginning. Its length stays the one that was taken first.
    pub(crate) fn anew(&self) -> Self {
        Self {
            path: self.path.clone(),
            length: self.length,
            left: self.length,
            state: State::Closed,
            room: BytesMut::new(),
        }
    }

    /// A body that opens the file each time it is sent.
    pub(crate) fn into_body(self) -> buttress_kernel::Body {
        buttress_kernel::Body::from_fn(move || self.anew())
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        loop {
            self.state = match &mut self.state {
                State::Closed => State::Opening(Box::pin(File::open(self.path.clone()))),
                State::Opening(file) => State::Open(Box::pin(ready!(file.as_mut().poll(cx))?)),
                State::Open(file) => {
                    let room = usize::try_from(self.left).map_or(PIECE, |left| left.min(PIECE));
                    self.room.resize(room, 0);
                    let mut into = ReadBuf::new(&mut self.room);
                    ready!(file.as_mut().poll_read(cx, &mut into))?;
                    let len = into.filled().len();
                    self.room.truncate(len);
                    return Poll::Ready(Ok(mem::take(&mut self.room).freeze()));
                }
            };
        }
    }
}

impl fmt::Debug for FileBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileBody")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let read = ready!(self.poll_read(cx));
        let short = || io::Error::new(io::ErrorKind::UnexpectedEof, "it is shorter than it was");
        let read = read.and_then(|piece| {
            if piece.is_empty() {
                Err(short())
            } else {
                Ok(piece)
            }
        });
        Poll::Ready(Some(match read {
            Ok(piece) => {
                self.left = self.left.saturating_sub(piece.len() as u64);
                Ok(Frame::data(piece))
            }
            Err(source) => {
                // Nothing follows an error, and a future that has ended is not polled again.
                self.left = 0;
                self.state = State::Closed;
                Err(FileError::new(&self.path, source).into())
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// A file that cannot be read or written, by its name alone: a path says much of the machine.
#[derive(Debug)]
pub(crate) struct FileError {
    name: String,
    is_read: bool,
    source: io::Error,
}

impl FileError {
    fn new(path: &Path, source: io::Error) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self {
            name: name.escape_debug().to_string(),
            is_read: true,
            source,
        }
    }

    pub(crate) fn unwritten(path: &Path, source: io::Error) -> Self {
        Self {
            is_read: false,
            ..Self::new(path, source)
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.is_read { "read" } else { "written" };
        let Self { name, source, .. } = self;
        write!(f, "the file `{name}` cannot be {verb}: {source}")
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_file_that_is_gone_is_one_error_and_the_end() {
        let name = format!("buttress-gone-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, "12345").unwrap();
        let mut body = FileBody::at(&path).unwrap();
        fs::remove_file(&path).unwrap();
        body.frame().await.unwrap().unwrap_err();
        assert!(body.frame().await.is_none());
    }
}
