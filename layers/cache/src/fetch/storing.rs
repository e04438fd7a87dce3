//! Responses that are stored while they pass.

use std::sync::Arc;

use buttress_kernel::BoxError;
use bytes::Bytes;
use http::Response;

use super::Fetch;
use crate::body::CacheBody;
use crate::flight::Candidate;
use crate::keep::Keep;
use crate::overrides::Override;
use crate::policy;
use crate::serve::{as_ended, boxed, is_too_long};
use crate::status::CacheStatus;
use crate::store::{Head, Variant, Variants};
use crate::telemetry;

impl Fetch {
    /// Passes the response on while it is stored, and to those who wait.
    pub(super) fn store<B>(
        mut self,
        response: Response<B>,
        head: Box<policy::Head>,
        replaces: &[usize],
    ) -> Response<CacheBody<B>>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let keep = self.keep(head, replaces);
        if is_too_long(response.body(), &keep) {
            telemetry::not_stored(&self.asked.key, "too long");
            self.asked.shared.forget(&self.asked.key, &keep.replaces);
            return self.leave(response);
        }
        let response = self.begin(response, keep);
        let told = CacheStatus::forwarded(self.reason).stored(true);
        self.asked.told(response, &told)
    }

    pub(super) fn keep(&self, head: Box<policy::Head>, replaces: &[usize]) -> Keep {
        let asked = &self.asked;
        let id = |index: &usize| self.found.get(*index).map(Variant::id);
        let mut ids: Vec<u64> = replaces.iter().filter_map(id).collect();
        let same = replaces.iter().filter_map(|index| {
            let variant = self.found.get(*index)?;
            let old: &policy::Head = variant.as_ref();
            old.has_bytes_of(&head)
                .then_some((variant.id(), old.extent))
        });
        let same = same.collect();
        let others = self
            .found
            .iter()
            .map(Variant::id)
            .filter(|id| !ids.contains(id));
        let oldest: Vec<u64> = others.skip(Variants::MOST - 1).collect();
        ids.extend(oldest);
        Keep {
            shared: Arc::clone(&asked.shared),
            key: asked.key.clone(),
            mark: asked.mark,
            alone: self.found.is_empty(),
            head,
            tags: asked.wants.as_ref().and_then(Override::tags).cloned(),
            replaces: ids,
            same,
            parts: true,
            since: self.since,
            seat: None,
            before: None,
            rivals: None,
            ending: None,
        }
    }

    /// Begins to read a body that is to be kept.
    pub(super) fn begin<B, T>(
        &mut self,
        response: Response<B>,
        mut keep: Keep,
    ) -> Response<CacheBody<T>>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let ended = as_ended(&keep.head);
        if self.common {
            self.asked.note_fitness(&ended);
        } else {
            // Whoever asks in the usual way may look for it.
            self.asked.shared.unfit.forget(self.asked.mark);
        }
        // Nobody else brings it beside a leader, but it may be there already where nobody could see.
        if self.is_blind || self.leader.is_none() {
            keep.rivals = Some(Arc::clone(&self.asked.headers));
        }
        let Some(leader) = self.leader.take() else {
            return response.map(|body| CacheBody::shared(keep.begin(boxed(body))));
        };
        let (lander, seat) = leader.split();
        let head = Head::new(ended);
        keep.seat = Some(seat);
        response.map(|body| {
            let reader = keep.begin(boxed(body));
            let stream = Arc::clone(reader.stream());
            lander.share(Candidate { head, stream });
            CacheBody::shared(reader)
        })
    }
}
