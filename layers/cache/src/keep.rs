//! What is done with a response that was read to its end.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use tokio::runtime::Handle;

use crate::archived::{Archived, Ending};
use crate::flight::Seat;
use crate::outdated::Moment;
use crate::pieces;
use crate::policy;
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
        if self.must_stay_out() {
            return self.refuse("varies by a secret");
        }
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
        let one = Putting::of(self.key, &variant, self.replaces, self.since);
        let one = one.beside(self.rivals.filter(|_| whole));
        let (seat, ending) = (self.seat, self.ending);
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

    /// It cannot be kept; but it has taken the place of what it was to replace, which the origin has
    /// said is not the response any more (RFC 9111 §4.3.3).
    pub(crate) fn refuse(self, reason: &'static str) {
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

    fn too_long(self: Box<Self>) {
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
