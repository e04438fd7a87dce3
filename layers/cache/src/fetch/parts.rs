//! Parts that go behind what is stored.

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt;

use super::{Ended, Fetch};
use crate::asked::Asked;
use crate::body::CacheBody;
use crate::flight::Landing;
use crate::joined::Joined;
use crate::keep::Keep;
use crate::policy::{self, Aim, Serve};
use crate::serve::{boxed, is_too_long};
use crate::status::CacheStatus;
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
        let Some(before) = self.stored_bytes(index).await else {
            // The body has gone in the meantime.
            return if completes {
                Err(self.repeat())
            } else {
                Ok(self.leave(response))
            };
        };
        let mut keep = self.keep(head, &[index]);
        let too_long = is_too_long(response.body(), &keep);
        if completes {
            return Ok(self.complete(response, before, skip, keep, too_long));
        }
        if too_long {
            return Ok(self.leave(response));
        }
        keep.before = Some((before, skip));
        let response = self.begin(response, keep);
        let told = CacheStatus::forwarded(self.reason).stored(true);
        Ok(self.asked.told(response, &told))
    }

    /// Answers with the whole, of which the caller did not know that the cache has a part.
    fn complete<B>(
        mut self,
        response: Response<B>,
        before: Bytes,
        skip: u64,
        keep: Keep,
        too_long: bool,
    ) -> Response<CacheBody<B>>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let told = CacheStatus::forwarded(self.reason)
            .after(self.reason, Some(response.status()))
            .stored(!too_long);
        let joined = Joined::new(before, skip, boxed(response.into_body()));
        let answer = policy::answer(&keep.head, &self.whole(&keep.head), joined);
        if too_long {
            Box::new(keep).too_long();
            if let Some(leader) = self.leader.take() {
                leader.land(Landing::Alone);
            }
            let answer = answer.map(|body| CacheBody::kept(Body::stream(body)));
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

    /// The bytes of a stored response.
    async fn stored_bytes(&self, index: usize) -> Option<Bytes> {
        let variant = self.found.get(index)?;
        if let Some(bytes) = variant.body() {
            return Some(bytes.clone());
        }
        let extent = &variant.as_ref().extent;
        let Asked { shared, key, .. } = &self.asked;
        let answer = shared
            .store
            .body(key, variant.id(), 0..extent.end - extent.first);
        let body = shared.wait("body", answer).await.flatten()?;
        body.collect()
            .await
            .ok()
            .map(http_body_util::Collected::to_bytes)
    }
}
