//! What is done with a response that was read to its end.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use tokio::runtime::Handle;

use crate::archived::{Archived, Ending};
use crate::flight::Seat;
use crate::outdated::Moment;
use crate::pieces;
use crate::policy::{self, Extent};
use crate::recent::Mark;
use crate::shared::{Putting, Shared, Way};
use crate::store::{Key, Tags, Variant, Writer, tells_secrets};
use crate::stream::{Archive, BoxBody, Held, Limits, Part, Reader, Sink, Stream};
use crate::telemetry;

/// The body of a response that is to be stored.
enum Content {
    Held(Bytes, Held),
    Written(Box<dyn Writer>),
}

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
    /// Those of them that have the same bytes, and which of these. The origin has not said that they are not
    /// the response any more, so that they stay unless more than they have is stored.
    pub(crate) same: Vec<(u64, Extent)>,
    /// Whether it may be kept although it broke off: only what GET brought (RFC 9111 §3.3).
    pub(crate) parts: bool,
    /// When it was asked for.
    pub(crate) since: Moment,
    /// Its place among the flights, where others can join it.
    pub(crate) seat: Option<Seat>,
    /// What belongs before the body, and how much of the body it covers already.
    pub(crate) before: Option<(Bytes, u64)>,
    /// The fields of its request, if others may be fetching the same beside it.
    pub(crate) rivals: Option<Arc<HeaderMap>>,
    /// Its number, and who waits until it is stored, if readers may look for it there.
    pub(crate) ending: Option<Ending>,
}

impl Keep {
    /// Begins to read the body that is to be kept.
    pub(crate) fn begin(self, body: BoxBody) -> Reader {
        let most = self.shared.settings.max_entry;
        let limits = if self.shared.in_pieces {
            Limits::in_pieces(most)
        } else {
            Limits::whole(most)
        };
        let room = Arc::clone(&self.shared.room);
        Stream::begin(body, limits, &room, Box::new(self))
    }

    fn put(mut self, body: &Bytes, held: Held, whole: bool) {
        let body = self.join(body);
        self.put_content(body.len() as u64, Content::Held(body, held), whole);
    }

    /// The same where the store has the body already.
    pub(crate) fn put_written(self, length: u64, writer: Option<Box<dyn Writer>>, whole: bool) {
        match writer {
            Some(writer) => self.put_content(length, Content::Written(writer), whole),
            None => self.refuse("the store failed"),
        }
    }

    fn put_content(mut self, length: u64, content: Content, whole: bool) {
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
        if !whole && self.is_there_already() {
            return self.refuse("cut off");
        }
        if self.must_stay_out() {
            return self.refuse("varies by a secret");
        }
        let gone = self.disproved();
        let id = self.ending.as_ref().map(Ending::id);
        let id = id.unwrap_or_else(|| self.shared.new_id());
        let head = self.shared.head(*self.head);
        let (variant, way) = match content {
            Content::Held(body, held) => (Variant::new(id, head, self.tags, body), Way::Put(held)),
            Content::Written(writer) => {
                let variant = Variant::bodiless(id, head, self.tags);
                (variant, Way::Finish(writer, length))
            }
        };
        let (seat, ending) = (self.seat, self.ending);
        let rivals = self.rivals.or_else(|| seat.as_ref()?.rivals());
        let one = Putting::of(self.key, &variant, self.replaces, self.since).of_which(gone);
        let one = one.beside(rivals.filter(|_| whole));
        let one = one.sought(ending.is_some());
        // Its place is kept until it is in the store, so that nobody misses it in between.
        let done = move || drop((seat, ending));
        self.shared.put(one, (variant, way), done);
    }

    fn must_stay_out(&self) -> bool {
        tells_secrets(&self.head) && !self.shared.store.keeps_secrets()
    }

    /// Whether it was made out of date since it was asked for.
    pub(crate) fn is_outdated(&self) -> bool {
        let tags = self.tags.as_ref();
        self.shared.outdated.has(&self.key, tags, self.since)
    }

    /// What it takes the place of even if it is not stored: the origin has said that it is not the response
    /// any more (RFC 9111 §4.3.3).
    fn disproved(&self) -> Vec<u64> {
        let is_same = |id: &u64| self.same.iter().any(|(same, _)| same == id);
        let replaces = self.replaces.iter().copied();
        replaces.filter(|id| !is_same(id)).collect()
    }

    /// Whether all that it has is stored.
    fn is_there_already(&self) -> bool {
        let Extent { first, end, .. } = self.head.extent;
        let mut same = self.same.iter();
        same.any(|(_, extent)| extent.contains(first, end))
    }

    /// It cannot be kept, but it has taken the place of others.
    pub(crate) fn refuse(self, reason: &'static str) {
        telemetry::not_stored(&self.key, reason);
        self.shared.forget(&self.key, &self.disproved());
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
    fn complete(self: Box<Self>, body: Bytes, held: Held) {
        self.put(&body, held, true);
    }

    fn cut(self: Box<Self>, body: Bytes, held: Held) {
        if self.parts {
            self.put(&body, held, false);
        } else {
            self.refuse("cut off");
        }
    }

    fn too_long(mut self: Box<Self>) {
        // Of what is longer than an entry may be, a part is of no use.
        self.same.clear();
        let now = self.shared.now().into();
        self.shared.unfit.remember(self.mark, now, self.alone);
        self.refuse("too long");
    }

    fn crowded_out(self: Box<Self>) {
        self.refuse("no room");
    }

    fn archive(&mut self) -> Option<Box<dyn Archive>> {
        // What is joined to a part begins elsewhere.
        if self.before.is_some() || self.head.extent.first > 0 {
            return None;
        }
        let (ending, stored) = Ending::new(self.shared.new_id());
        let archived = Archived::new(&self.shared, &self.key, ending.id(), stored);
        self.ending = Some(ending);
        Some(Box::new(archived))
    }

    fn long(self: Box<Self>, part: Part) {
        if self.must_stay_out() {
            return self.refuse("varies by a secret");
        }
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(pieces::file(self, part))),
            Err(error) => {
                telemetry::store_failed("write", &error);
                self.refuse("the store failed");
            }
        }
    }
}
