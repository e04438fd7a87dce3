//! Parts that go behind what is stored.

use buttress_kernel::BoxError;
use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt;

use super::{Ended, Fetch};
use crate::asked::Asked;
use crate::body::CacheBody;
use crate::joined::Joined;
use crate::policy::{self, Aim, Serve};
use crate::serve::{boxed, is_too_long};
use crate::status::CacheStatus;

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
        let Some(before) = self.stored_bytes(index).await else {
            return Ok(self.leave(response));
        };
        let mut keep = self.keep(head, &[index]);
        if is_too_long(response.body(), &keep) {
            return Ok(self.leave(response));
        }
        if !matches!(self.aim, Aim::Complete(_)) {
            keep.before = Some((before, skip));
            let response = self.begin(response, keep);
            let told = CacheStatus::forwarded(self.reason).stored(true);
            return Ok(self.asked.told(response, &told));
        }
        let serve = self.whole(&keep.head);
        let status = response.status();
        let joined = Response::new(Joined::new(before, skip, boxed(response.into_body())));
        let answer = policy::answer(&keep.head, &serve, ());
        let reader = keep.begin(boxed(joined.into_body()));
        let told = CacheStatus::forwarded(self.reason)
            .after(self.reason, Some(status))
            .stored(true);
        Ok(self
            .asked
            .told(answer.map(|()| CacheBody::shared(reader)), &told))
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
