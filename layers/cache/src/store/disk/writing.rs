//! Bodies on their way to the disk, a piece at a time.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use ring::digest::{Context, SHA256};
use tokio::runtime::Handle;

use super::Disk;
use super::digest::Digest;
use super::files::Aside;
use super::index::on_disk;
use super::state::{Newcomer, State};
use crate::store::{Answer, Key, NoRoom, Variant, Writer};

/// A body that was written aside.
pub(super) struct Written {
    pub(super) file: Aside,
    pub(super) length: u64,
    pub(super) digest: Digest,
}

/// A body that is being written aside.
pub(super) struct Unfinished {
    file: Aside,
    length: u64,
    digest: Context,
    /// There may be so many bytes aside when some are added to it.
    most: u64,
}

/// One part in so many of what may be aside is kept for what is written in one go, since a body that comes in
/// pieces may lie there for long.
const KEPT: u64 = 8;

impl Unfinished {
    /// One that comes whole.
    fn whole(state: &State) -> io::Result<Self> {
        Ok(Self {
            file: state.files.aside()?,
            length: 0,
            digest: Context::new(&SHA256),
            most: state.index.capacity(),
        })
    }

    /// One that comes in pieces.
    fn in_pieces(state: &State) -> io::Result<Self> {
        let mut body = Self::whole(state)?;
        body.most -= body.most / KEPT;
        Ok(body)
    }

    /// Adds bytes, if there is room for them. Blocks.
    fn add(&mut self, bytes: &[u8], state: &State) -> io::Result<()> {
        let length = self.length + bytes.len() as u64;
        if !may_have(length, state) || length > self.most {
            return Err(io::Error::other(NoRoom::TooLong));
        }
        if !self.file.write_within(self.most, bytes)? {
            return Err(io::Error::other(NoRoom::Crowded));
        }
        self.length = length;
        self.digest.update(bytes);
        Ok(())
    }

    fn end(self) -> Written {
        Written {
            file: self.file,
            length: self.length,
            digest: Digest::end(self.digest),
        }
    }
}

/// Whether a body may have so many bytes: a key that takes more than all would only drive out the others.
fn may_have(length: u64, state: &State) -> bool {
    on_disk([length].into_iter()) < state.index.capacity()
}

impl State {
    /// Adds a response that came with its body, which is written outside all locks.
    pub(super) fn put_whole(&self, new: &Newcomer) -> io::Result<()> {
        let bytes = new.variant.body().map_or(&[][..], |body| body);
        if new.is_doomed() || !may_have(bytes.len() as u64, self) {
            return self.put(new, None);
        }
        let mut body = Unfinished::whole(self)?;
        body.add(bytes, self)?;
        self.put(new, Some(body.end()))
    }
}

/// A response whose body is being written.
pub(super) struct Writing {
    disk: Disk,
    key: Key,
    body: Option<Unfinished>,
}

impl Writing {
    pub(super) const fn of(disk: Disk, key: Key) -> Self {
        let body = None;
        Self { disk, key, body }
    }
}

impl Writer for Writing {
    fn write(mut self: Box<Self>, bytes: Bytes) -> Answer<Box<dyn Writer>> {
        let (disk, line) = (self.disk.clone(), Arc::clone(&self.disk.writers));
        Answer::later(disk.job(&line, move |state| {
            if self.body.is_none() {
                self.body = Some(Unfinished::in_pieces(state)?);
            }
            if let Some(body) = &mut self.body {
                body.add(&bytes, state)?;
            }
            Ok(self as Box<dyn Writer>)
        }))
    }

    fn finish(mut self: Box<Self>, variant: Variant, replaces: &[u64]) -> Answer<()> {
        let disk = self.disk.clone();
        let new = disk.state.expect(&self.key, variant, replaces);
        disk.change(move |state| {
            let body = self.body.take();
            let body = body.map_or_else(|| Unfinished::in_pieces(state), Ok)?;
            state.put(&new, Some(body.end()))
        })
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let (body, disk) = (self.body.take(), self.disk.clone());
        // To remove a long file takes its time. The folder is in use until it has gone.
        if body.is_some()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn_blocking(move || {
                drop(body);
                drop(disk);
            });
        }
    }
}
