//! What is kept of a request while it is under way.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use buttress_kernel::{Background, Body, BoxError, Deadline, Explain, Partition};
use http::{Extensions, HeaderMap, Method, Request, Response, Uri, header};

use crate::body::CacheBody;
use crate::flight::{Candidate, Entrance, Entrant, Extras, Left};
use crate::kept::{Kept, at_once};
use crate::overrides::Override;
use crate::policy::{
    self, Aim, Ask, Decision, Forward, Mode, Reason, Reply, Serve, Wishes, look_up, wants_its_own,
};
use crate::recent::Mark;
use crate::serve::{from_memory, span};
use crate::shared::Shared;
use crate::status::CacheStatus;
use crate::store::{Key, Variants};
use crate::stream::Reader;
use crate::telemetry;
use crate::trail::{explain, note};

/// A request's head and wishes.
pub(crate) struct Asked {
    pub(crate) shared: Arc<Shared>,
    pub(crate) key: Key,
    pub(crate) mark: Mark,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: Arc<HeaderMap>,
    pub(crate) wants: Option<Override>,
    /// When its caller gives it up.
    deadline: Option<Deadline>,
    /// What it carries for other layers.
    pub(crate) extras: Extras,
    explain: Option<(Explain, Instant)>,
}

impl Asked {
    pub(crate) fn of<B>(
        shared: &Arc<Shared>,
        request: &Request<B>,
        key: Key,
        wants: Option<Override>,
    ) -> Self {
        let extensions = request.extensions();
        let name = wants.as_ref().and_then(Override::name);
        let authorization = request.headers().get(header::AUTHORIZATION);
        Self {
            shared: Arc::clone(shared),
            key,
            mark: shared.mark(&shared.address(request, name, authorization)),
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: Arc::new(request.headers().clone()),
            wants,
            deadline: extensions.get::<Deadline>().copied(),
            extras: extras(extensions),
            explain: explain(request),
        }
    }

    /// Whether its caller has given it up.
    pub(crate) fn is_late(&self) -> bool {
        let now = || tokio::time::Instant::now().into_std();
        self.deadline
            .is_some_and(|deadline| deadline.has_passed(now()))
    }

    pub(crate) fn ask(&self) -> Ask<'_> {
        Ask {
            method: &self.method,
            uri: &self.uri,
            headers: &self.headers,
        }
    }

    pub(crate) fn wishes(&self) -> Wishes {
        self.wants
            .as_ref()
            .map(Override::wishes)
            .unwrap_or_default()
    }

    pub(crate) fn look_up(&self, found: &Variants, now: SystemTime) -> Decision {
        look_up(&self.wishes(), &self.ask(), found, now)
    }

    /// How to validate what is stored, whether or not it is time.
    pub(crate) fn validation(&self, found: &Variants, now: SystemTime) -> Option<Forward> {
        let wishes = Wishes {
            mode: Mode::NoCache,
            ..self.wishes()
        };
        match look_up(&wishes, &self.ask(), found, now) {
            Decision::Forward(forward) if matches!(forward.aim, Aim::Validate(_)) => Some(forward),
            _ => None,
        }
    }

    /// How many have led fetches like its own up to now.
    pub(crate) fn left(&self) -> Left {
        self.shared.flights.left(self.key.lend().hash())
    }

    /// Everything stored under its key, unless the store fails.
    pub(crate) async fn find(&self) -> Option<Variants> {
        let answer = self.shared.get(self.key.lend());
        self.shared.wait("get", answer).await
    }

    /// Whether it may share a fetch with others.
    pub(crate) fn shares(&self) -> bool {
        self.shared.settings.coalesce && self.is_common()
    }

    /// Whether it asks for what anybody would be given.
    pub(crate) fn is_common(&self) -> bool {
        const OWN: [header::HeaderName; 6] = [
            header::RANGE,
            header::IF_RANGE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            header::IF_MODIFIED_SINCE,
            header::IF_UNMODIFIED_SINCE,
        ];
        self.method == Method::GET
            && !matches!(self.wishes().mode, Mode::NoCache | Mode::Reload)
            && !OWN.iter().any(|name| self.headers.contains_key(name))
            && !wants_its_own(&self.headers)
    }

    /// The way on among the fetches under way.
    pub(crate) fn enter(&self, found: &Variants) -> Entrance<(Serve, Reader)> {
        let entrant = Entrant {
            layer: self.shared.layer,
            key: self.key.lend(),
            asked: &self.headers,
            tags: self.wants.as_ref().and_then(Override::tags),
            stored: found,
        };
        self.shared.flights.enter(entrant, |candidate| {
            let serve = self.suits(candidate)?;
            Some((serve, candidate.stream.join()?))
        })
    }

    /// Whether the request may be given a response under way.
    pub(crate) fn suits(&self, candidate: &Candidate) -> Option<Serve> {
        self.is_served_by(candidate)
    }

    /// Notes whether others may be given a response that this request got, or each has to ask.
    pub(crate) fn note_fitness(&self, head: &policy::Head) {
        let unfit = &self.shared.unfit;
        if self.is_served_by(head).is_some() {
            unfit.forget(self.mark);
        } else {
            unfit.remember_validated(self.mark, self.shared.now().into());
        }
    }

    fn is_served_by<H: AsRef<policy::Head>>(&self, head: &H) -> Option<Serve> {
        let head = std::slice::from_ref(head);
        match look_up(&self.wishes(), &self.ask(), head, self.shared.now()) {
            Decision::Serve(serve) if serve.reply == Reply::Whole && !serve.revalidate => {
                Some(serve)
            }
            _ => None,
        }
    }

    /// An answer that is read along with another request's.
    pub(crate) fn join<B>(
        &self,
        candidate: &Candidate,
        (serve, reader): (Serve, Reader),
        reason: Reason,
    ) -> Response<CacheBody<B>> {
        telemetry::collapsed(&self.key);
        let response = policy::answer(candidate.as_ref(), &serve, CacheBody::shared(reader));
        let status = CacheStatus::forwarded(reason).collapsed(true);
        self.told(response, &status)
    }

    /// An answer out of the store; nothing if the body is gone.
    pub(crate) async fn answer<B>(
        &self,
        found: &Variants,
        serve: &Serve,
        status: &CacheStatus,
    ) -> Option<Response<CacheBody<B>>> {
        let variant = found.get(serve.index)?;
        if let Some(response) = from_memory(&self.method, variant, serve) {
            return Some(self.told(response, status));
        }
        let range = span(&self.method, variant.as_ref(), &serve.reply)?;
        let length = range.end - range.start;
        let answer = self.shared.store.body(&self.key, variant.id(), range);
        let body = self.shared.wait("body", answer).await.flatten()?;
        let body = self.stored_body(variant.as_ref(), serve, length, body)?;
        let response = policy::answer(variant.as_ref(), serve, body);
        Some(self.told(response, status))
    }

    /// A body as its store gives it; nothing if that is another one than the head speaks of.
    fn stored_body<B>(
        &self,
        head: &policy::Head,
        serve: &Serve,
        length: u64,
        mut body: Body,
    ) -> Option<CacheBody<B>> {
        if let Some(bytes) = at_once(&mut body) {
            if bytes.len() as u64 != length {
                let error = BoxError::from("a body is not as long as its response says");
                telemetry::store_failed("body", &*error);
                return None;
            }
            return Some(CacheBody::bytes(bytes));
        }
        let rest = policy::Rest::of(head, &serve.reply).filter(|_| self.may_ask());
        let kept = Kept::new(self.key.clone(), body, length, rest);
        Some(CacheBody::kept(Box::new(kept)))
    }

    /// Whether its caller lets the origin be asked.
    fn may_ask(&self) -> bool {
        self.wishes().mode != Mode::OnlyIfCached && !policy::only_if_cached(&self.headers)
    }

    /// Says what was done, to whoever wants to know.
    pub(crate) fn told<B>(
        &self,
        mut response: Response<CacheBody<B>>,
        status: &CacheStatus,
    ) -> Response<CacheBody<B>> {
        self.shared.tell(&mut response, || status.clone());
        if let Some((explain, start)) = &self.explain {
            note(explain, *start, status, &mut response);
        }
        response
    }
}

/// Of what is meant for this layer, or does not change what becomes of a request, nothing counts.
fn extras(extensions: &Extensions) -> Extras {
    if extensions.is_empty() {
        return Extras(0);
    }
    let known = [
        extensions.get::<Override>().is_some(),
        extensions.get::<Explain>().is_some(),
        extensions.get::<Partition>().is_some(),
        extensions.get::<Deadline>().is_some(),
        extensions.get::<Background>().is_some(),
    ];
    let known = known.into_iter().filter(|known| *known).count();
    Extras(extensions.len() - known)
}
