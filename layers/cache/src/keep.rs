//! What is done with a response that was read to its end.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use crate::flight::Seat;
use crate::outdated::Moment;
use crate::policy;
use crate::recent::Mark;
use crate::shared::Shared;
use crate::store::{Key, Tags, Variant, tells_secrets};
use crate::stream::{BoxBody, Reader, Sink, Stream};
use crate::telemetry;

/// A response on its way into the store.
#[derive(Debug)]
pub(crate) struct Keep {
    pub(crate) shared: Arc<Shared>,
    pub(crate) key: Key,
    pub(crate) mark: Mark,
    /// Whether nothing else was stored under the key.
    pub(crate) alone: bool,
    pub(crate) head: Box<policy::Head>,
    pub(crate) tags: Option<Tags>,
    /// The numbers of those that it takes the place of.
    pub(crate) replaces: Vec<u64>,
    /// Whether it may be kept although it broke off: only what GET brought (RFC 9111 §3.3).
    pub(crate) parts: bool,
    /// When it was asked for.
    pub(crate) since: Moment,
    /// Its place among the flights, where others can join it.
    pub(crate) seat: Option<Seat>,
    /// What belongs before the body, and how much of the body it covers already.
    pub(crate) before: Option<(Bytes, u64)>,
}

impl Keep {
    /// Begins to read the body that is to be kept.
    pub(crate) fn begin(self, body: BoxBody) -> Reader {
        let limit = self.shared.settings.max_entry;
        let room = Arc::clone(&self.shared.room);
        Stream::begin(body, limit, &room, Box::new(self))
    }

    fn put(mut self, body: &Bytes, whole: bool) {
        let body = self.join(body);
        let length = body.len() as u64;
        let fits = if whole {
            self.head.finish(length)
        } else {
            self.head.cut(length)
        };
        if !fits {
            return self.refuse(if whole {
                "not as long as announced"
            } else {
                "cut off"
            });
        }
        if tells_secrets(&self.head) && !self.shared.store.keeps_secrets() {
            return self.refuse("varies by a secret");
        }
        let id = self.shared.new_id();
        let variant = Variant::new(id, self.shared.head(*self.head), self.tags, body);
        let seat = self.seat;
        // Its place is kept until it is in the store, so that nobody misses it in between.
        let done = move || drop(seat);
        self.shared
            .put(self.key, variant, &self.replaces, self.since, done);
    }

    /// It cannot be kept; but it has taken the place of what it was to replace, which the origin has
    /// said is not the response any more (RFC 9111 §4.3.3).
    fn refuse(self, reason: &'static str) {
        telemetry::not_stored(&self.key, reason);
        self.shared.forget(&self.key, &self.replaces);
        if let Some(seat) = self.seat {
            seat.alone();
        }
    }

    /// The body with what belongs before it.
    fn join(&mut self, body: &Bytes) -> Bytes {
        let Some((before, covered)) = self.before.take() else {
            return body.clone();
        };
        let covered = usize::try_from(covered)
            .unwrap_or(usize::MAX)
            .min(body.len());
        let mut joined = BytesMut::with_capacity(before.len() + body.len() - covered);
        joined.extend_from_slice(&before);
        joined.extend_from_slice(&body[covered..]);
        joined.freeze()
    }
}

impl Sink for Keep {
    fn complete(self: Box<Self>, body: Bytes) {
        self.put(&body, true);
    }

    fn cut(self: Box<Self>, body: Bytes) {
        if self.parts {
            self.put(&body, false);
        } else {
            self.refuse("cut off");
        }
    }

    fn too_long(self: Box<Self>) {
        let now = self.shared.now().into();
        self.shared.unfit.remember(self.mark, now, self.alone);
        self.refuse("too long");
    }

    fn crowded_out(self: Box<Self>) {
        self.refuse("no room");
    }
}
