//! Parts that go behind what is stored.

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::{Response, StatusCode};

use super::{Ended, Fetch};
use crate::asked::Asked;
use crate::body::CacheBody;
use crate::flight::Landing;
use crate::joined::Joined;
use crate::keep::Keep;
use crate::kept::{Kept, all_of};
use crate::policy::{self, Aim, Serve};
use crate::serve::{boxed, is_too_long};
use crate::status::CacheStatus;
use crate::store::Variant;
use crate::stream::Sink;

impl Fetch {
    /// A part that goes behind what is stored.
    pub(super) async fn append<B>(
        mut self,
        response: Response<B>,
        index: usize,
        head: Box<policy::Head>,
        skip: u64,
    ) -> Ended<B>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let completes = matches!(self.aim, Aim::Complete(_));
        let part = self.found.get(index).map_or(0, stored_length);
        let long = self.asked.shared.in_pieces && part > LONG;
        if long && !completes {
            return Ok(self.leave(response));
        }
        let Some(before) = self.stored_part(index, long).await else {
            // The body has gone in the meantime.
            return if completes {
                Err(self.repeat())
            } else {
                Ok(self.leave(response))
            };
        };
        let (status, mut keep) = (response.status(), self.keep(head, &[index]));
        let too_long = is_too_long(response.body(), &keep);
        if completes {
            let before = Kept::new(self.asked.key.clone(), before.body(), part, None);
            let joined = Joined::new(before, skip, boxed(response.into_body()));
            return Ok(self.complete(status, joined, keep, too_long));
        }
        let (false, Before::Held(before)) = (too_long, before) else {
            return Ok(self.leave(response));
        };
        keep.before = Some((before, skip));
        let response = self.begin(response, keep);
        let told = CacheStatus::forwarded(self.reason).stored(true);
        Ok(self.asked.told(response, &told))
    }

    /// Answers with the whole, of which the caller did not know that the cache has a part.
    fn complete<B>(
        mut self,
        status: StatusCode,
        joined: Joined,
        keep: Keep,
        too_long: bool,
    ) -> Response<CacheBody<B>> {
        let told = CacheStatus::forwarded(self.reason)
            .after(self.reason, Some(status))
            .stored(!too_long);
        let answer = policy::answer(&keep.head, &self.whole(&keep.head), joined);
        if too_long {
            Box::new(keep).too_long();
            if let Some(leader) = self.leader.take() {
                leader.land(Landing::Alone);
            }
            let answer = answer.map(|body| CacheBody::boxed(boxed(body)));
            return self.asked.told(answer, &told);
        }
        let answer = self.begin(answer, keep);
        self.asked.told(answer, &told)
    }

    fn whole(&self, head: &policy::Head) -> Serve {
        let now = self.asked.shared.now();
        Serve {
            index: 0,
            reply: policy::Reply::Whole,
            age: head.freshness.age(now),
            ttl: 0,
            revalidate: false,
        }
    }

    /// The body of a stored response, which is held unless it is long.
    async fn stored_part(&self, index: usize, long: bool) -> Option<Before> {
        let variant = self.found.get(index)?;
        if let Some(bytes) = variant.body() {
            return Some(Before::Held(bytes.clone()));
        }
        let Asked { shared, key, .. } = &self.asked;
        let range = 0..stored_length(variant);
        let answer = shared.store.body(key, variant.id(), range);
        let body = shared.wait("body", answer).await.flatten()?;
        if long {
            return Some(Before::Coming(body));
        }
        let bytes = all_of(body, stored_length(variant)).await?;
        Some(Before::Held(bytes))
    }
}

/// A longer part is not held to be joined to what comes behind it. It is passed on before that, and
/// where the caller wants only what comes behind it, it stays as it is.
const LONG: u64 = 4 * 1024 * 1024;

fn stored_length(variant: &Variant) -> u64 {
    let extent = &AsRef::<policy::Head>::as_ref(variant).extent;
    extent.end - extent.first
}

/// What is stored, and goes before what comes.
enum Before {
    Held(Bytes),
    Coming(Body),
}

impl Before {
    fn body(self) -> Body {
        match self {
            Self::Held(bytes) => Body::from(bytes),
            Self::Coming(body) => body,
        }
    }
}
