//! Bodies from disk, a piece at a time.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::Disk;
use super::bodies::{Found, Suspect};
use super::digest::Digest;
use crate::store::Key;

/// How many bytes are read at once.
pub(super) const PIECE: u64 = 128 * 1024;

impl Disk {
    /// These bytes of a body, if it is there, and known to be whole.
    pub(super) async fn read_body(
        self,
        key: Key,
        id: u64,
        range: Range<u64>,
    ) -> Result<Option<Body>, BoxError> {
        let at = Digest::of_key(key.lend());
        loop {
            let (wanted, range) = (key.clone(), range.clone());
            let line = Arc::clone(&self.readers);
            let look = self.job(&self.readers, move |state| {
                let found = state.find_body(at, &wanted, id)?;
                begin(found, range, line)
            });
            match look.await? {
                Begun::Body(body) => return Ok(body),
                Begun::Unchecked(suspect) => {
                    if !self.checks.wait_for(&self.state, &key, suspect).await? {
                        return Ok(None);
                    }
                }
            }
        }
    }
}

/// What came of a look for a body.
enum Begun {
    Body(Option<Body>),
    Unchecked(Suspect),
}

/// Reads the first piece. Blocks.
fn begin(found: Found, range: Range<u64>, line: Arc<Semaphore>) -> io::Result<Begun> {
    let (mut file, length) = match found {
        Found::Body(file, length) => (file, length),
        Found::Unchecked(suspect) => return Ok(Begun::Unchecked(suspect)),
        Found::Nothing => return Ok(Begun::Body(None)),
    };
    let end = range.end.min(length);
    let left = end.saturating_sub(range.start);
    file.seek(SeekFrom::Start(range.start.min(end)))?;
    let first = read_piece(&mut file, left)?;
    let left = left - first.len() as u64;
    Ok(Begun::Body(Some(if left == 0 {
        Body::from(first)
    } else {
        Body::new(Pieces::new(first, file, left, line))
    })))
}

/// The rest of a body. What is open stays readable when its response is forgotten.
struct Pieces {
    /// How many bytes are to come, those included that are being read.
    left: u64,
    source: Source,
    /// Where who wants to read waits for its turn.
    line: Arc<Semaphore>,
}

type Reading = Pin<Box<dyn Future<Output = Result<(Bytes, File), BoxError>> + Send>>;

/// A piece that takes longer than this does not come.
const LIMIT: Duration = Duration::from_secs(10);

enum Source {
    Ready(Bytes, File),
    Reading(Reading),
    Over,
}

impl Pieces {
    /// What has been read, and `left` bytes of a file behind it.
    fn new(first: Bytes, file: File, left: u64, line: Arc<Semaphore>) -> Self {
        Self {
            left: left.saturating_add(first.len() as u64),
            source: Source::Ready(first, file),
            line,
        }
    }
}

/// Reads the next piece when it is its turn.
async fn read_next(
    line: Arc<Semaphore>,
    mut file: File,
    left: u64,
) -> Result<(Bytes, File), BoxError> {
    let work = async {
        let place = line.acquire_owned().await?;
        let job = move || {
            let _place = place;
            let piece = read_piece(&mut file, left)?;
            io::Result::Ok((piece, file))
        };
        Ok(spawn_blocking(job).await??)
    };
    let late = |_| Err(format!("the disk did not answer within {LIMIT:?}").into());
    timeout(LIMIT, work).await.unwrap_or_else(late)
}

/// The next piece of a file. Blocks.
fn read_piece(file: &mut File, left: u64) -> io::Result<Bytes> {
    let length = usize::try_from(left.min(PIECE)).unwrap_or(usize::MAX);
    let mut piece = vec![0; length];
    match file.read_exact(&mut piece) {
        Ok(()) => Ok(piece.into()),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(io::Error::new(error.kind(), "a stored body was cut short"))
        }
        Err(error) => Err(error),
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let (piece, file) = match std::mem::replace(&mut this.source, Source::Over) {
            Source::Over => return Poll::Ready(None),
            Source::Ready(piece, file) => (piece, file),
            Source::Reading(mut reading) => {
                let Poll::Ready(read) = reading.as_mut().poll(cx) else {
                    this.source = Source::Reading(reading);
                    return Poll::Pending;
                };
                match read {
                    Ok(read) => read,
                    Err(error) => return Poll::Ready(Some(Err(error))),
                }
            }
        };
        this.left = this.left.saturating_sub(piece.len() as u64);
        let left = this.left;
        if left > 0 {
            let line = Arc::clone(&this.line);
            this.source = Source::Reading(Box::pin(read_next(line, file, left)));
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.source, Source::Over)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
