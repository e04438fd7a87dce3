//! Bodies into Redis, a piece at a time.

use std::sync::Arc;

use buttress_kernel::BoxError;
use bytes::Bytes;
use tokio::runtime::Handle;

use super::body::PIECE;
use super::{Inner, record};
use crate::store::coming::Newcomer;
use crate::store::{Answer, Key, Variant, Writer};

/// How long the pieces of a body are kept that is never finished, in milliseconds.
const UNFINISHED: u64 = 60_000;

/// A response whose body is being written. It goes with this, or by itself, unless something refers to it.
pub(super) struct Writing {
    inner: Arc<Inner>,
    key: Key,
    serial: String,
    length: u64,
    is_left_over: bool,
}

impl Writing {
    pub(super) fn of(inner: Arc<Inner>, key: Key) -> Self {
        Self {
            serial: inner.new_serial(),
            inner,
            key,
            length: 0,
            is_left_over: false,
        }
    }

    /// The response is on its way in, from now on.
    pub(super) fn expect(&self, variant: Variant, replaces: &[u64]) -> Arc<Newcomer<String>> {
        let coming = &self.inner.coming;
        coming.expect(self.serial.clone(), &self.key, variant, replaces)
    }

    /// Adds a response that came with its body.
    pub(super) async fn put(&mut self, new: &Newcomer<String>) -> Result<(), BoxError> {
        if !must_stay_out(new) {
            let body = new.variant.body().cloned().unwrap_or_default();
            let added = self.add(&body).await;
            // Where an invalidation took the body away, nothing has failed.
            added.or_else(|error| if new.is_doomed() { Ok(()) } else { Err(error) })?;
        }
        self.publish(new).await
    }

    /// Adds bytes to the body.
    async fn add(&mut self, bytes: &[u8]) -> Result<(), BoxError> {
        let size = usize::try_from(PIECE).unwrap_or(usize::MAX);
        for piece in bytes.chunks(size) {
            self.add_piece(piece).await?;
        }
        Ok(())
    }

    pub(super) async fn add_piece(&mut self, piece: &[u8]) -> Result<(), BoxError> {
        let name = self.inner.names.body(&self.serial);
        self.is_left_over = true;
        self.length += piece.len() as u64;
        // At one blow: what is left behind has to go by itself.
        let mut commands = redis::pipe();
        commands.atomic().cmd("APPEND").arg(&name).arg(piece);
        commands.cmd("PEXPIRE").arg(&name).arg(UNFINISHED).ignore();
        let (length,): (u64,) = self.inner.line.ask_all(&commands).await?;
        if length == self.length {
            Ok(())
        } else {
            Err("a body was swept out while it was written".into())
        }
    }

    /// Adds the response, whose body is there. Where it must stay out, what it was to replace goes all the
    /// same.
    async fn publish(&mut self, new: &Newcomer<String>) -> Result<(), BoxError> {
        if !must_stay_out(new) {
            match self.refer(new).await {
                Err(_) if new.is_doomed() => {}
                done => return done,
            }
        }
        let gone = [&*new.replaces, &[new.variant.id()]].concat();
        self.inner.remove(&self.key, &gone).await
    }

    /// Lets an entry refer to the body, unless that is gone.
    pub(super) async fn refer(&mut self, new: &Newcomer<String>) -> Result<(), BoxError> {
        if !self.is_left_over {
            // There has to be something that an invalidation can take away.
            self.add_piece(&[]).await?;
            if new.is_doomed() {
                // There was nothing yet when it took that away.
                return Err("it was invalidated on its way in".into());
            }
        }
        let (inner, variant) = (Arc::clone(&self.inner), &new.variant);
        let mut bytes = Vec::new();
        variant.head().write(&mut bytes);
        let mut script = inner.on(&inner.scripts.put, &inner.names.entry(&self.key));
        script.arg(record::field(variant.id())).arg(&self.serial);
        script.arg(bytes).arg(record::write_tags(variant.tags()));
        script
            .arg(self.length)
            .arg(inner.milliseconds(variant.head()));
        for id in &new.replaces {
            script.arg(record::field(*id));
        }
        let () = inner.line.run(&script).await?;
        self.is_left_over = false;
        Ok(())
    }
}

fn must_stay_out(new: &Newcomer<String>) -> bool {
    new.is_doomed() || new.variant.head().tells_secrets()
}

impl Writer for Writing {
    fn write(mut self: Box<Self>, bytes: Bytes) -> Answer<Box<dyn Writer>> {
        Answer::later(async move {
            let _place = Arc::clone(&self.inner.writers).acquire_owned().await?;
            self.add(&bytes).await?;
            Ok(self as Box<dyn Writer>)
        })
    }

    fn finish(mut self: Box<Self>, variant: Variant, replaces: &[u64]) -> Answer<()> {
        let new = self.expect(variant, replaces);
        Answer::later(async move {
            let work = async move { self.publish(&new).await };
            Handle::try_current()?.spawn(work).await?
        })
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if self.is_left_over
            && let Ok(runtime) = Handle::try_current()
        {
            let (inner, name) = (Arc::clone(&self.inner), self.inner.names.body(&self.serial));
            runtime.spawn(async move {
                // What cannot be removed now goes by itself.
                let _: Result<(), _> = inner.line.ask(redis::cmd("UNLINK").arg(name)).await;
            });
        }
    }
}
