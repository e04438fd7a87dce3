mod call;

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::sync::Arc;

use buttress_kernel::key::{Authority, KeyExtractor};
use buttress_kernel::{Background, BoxError, Explain};
use http::{Extensions, Request, Uri, uri};

use crate::admission::{Admission, now};
use crate::cache::{Cache, Found, Hold};
use crate::mode::Head;
use crate::overrides::Override;
use crate::registry::Registry;
use crate::telemetry;

/// Calls the inner service while the circuit is closed; made by
/// [`CircuitBreakerLayer`](crate::CircuitBreakerLayer).
///
/// Ready when the inner service is: which circuit a request belongs to is known only with the
/// request. When that one is open, the place that readiness may have taken is given back at once,
/// for which the inner service is cloned; otherwise it never is.
pub struct CircuitBreaker<S, K = Authority, C = buttress_kernel::HttpClassify, M = Head> {
    inner: S,
    key: K,
    classify: C,
    registry: Arc<Registry>,
    cache: Cache,
    mode: PhantomData<fn() -> M>,
}

impl<S, K, C, M> CircuitBreaker<S, K, C, M> {
    pub(crate) fn new(inner: S, key: K, classify: C, registry: Arc<Registry>) -> Self {
        Self {
            inner,
            key,
            classify,
            registry,
            cache: Cache::default(),
            mode: PhantomData,
        }
    }

    /// The inner service.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The way through a closed circuit that this service has used lately, for a request that has no
    /// wishes of its own.
    #[inline(always)]
    fn http<B>(&mut self, request: &Request<B>) -> Option<Admission>
    where
        K: KeyExtractor<Request<B>> + 'static,
    {
        if TypeId::of::<K>() != TypeId::of::<Authority>() {
            return self.any(request, Some(request.extensions()));
        }
        let uri = request.uri();
        let authority = uri.authority()?;
        if Self::has_wishes(Some(request.extensions())) {
            return None;
        }
        Admission::pass(self.cache.at_place(&self.registry, uri, authority)?)
    }

    /// The same by the key.
    #[inline(always)]
    fn any<Req>(&mut self, request: &Req, extensions: Option<&Extensions>) -> Option<Admission>
    where
        K: KeyExtractor<Req>,
    {
        if Self::has_wishes(extensions) {
            return None;
        }
        Admission::pass(self.cache.by_key(&self.key.extract(request))?)
    }

    /// Whether a request asks for more than to look at a circuit.
    #[inline(always)]
    fn has_wishes(extensions: Option<&Extensions>) -> bool {
        let wishes = |given: &Extensions| {
            !given.is_empty()
                && (given.get::<Override>().is_some() || given.get::<Explain>().is_some())
        };
        extensions.is_some_and(wishes)
    }

    /// The whole way.
    fn ask_http<B>(&mut self, request: &Request<B>) -> Result<Admission, BoxError>
    where
        S: Clone,
        K: KeyExtractor<Request<B>> + 'static,
    {
        let uri = request.uri();
        let authority = uri.authority();
        let authority = authority.filter(|_| TypeId::of::<K>() == TypeId::of::<Authority>());
        let place = authority.map(|authority| (uri, authority));
        self.ask(request, Some(request.extensions()), place)
    }

    /// The whole way, by the key alone or by an authority that stands for it.
    fn ask<Req>(
        &mut self,
        request: &Req,
        extensions: Option<&Extensions>,
        place: Option<(&Uri, &uri::Authority)>,
    ) -> Result<Admission, BoxError>
    where
        S: Clone,
        K: KeyExtractor<Req>,
    {
        if self.registry.common.is_due() {
            self.registry.sweep_one(now());
        }
        let own = extensions.and_then(Background::wish::<Override>);
        if own.is_some_and(|own| own.bypass) {
            return Ok(Admission::free());
        }
        let hold = self.remember(request, place);
        let admitted = Admission::ask(hold, extensions.and_then(Explain::of));
        if admitted.is_err() {
            // The place that readiness may have taken goes to somebody who can use it.
            let fresh = self.inner.clone();
            drop(mem::replace(&mut self.inner, fresh));
        }
        admitted
    }

    /// The circuit of a request, found where the service remembers it or anew.
    fn remember<Req>(&mut self, request: &Req, place: Option<(&Uri, &uri::Authority)>) -> Hold
    where
        K: KeyExtractor<Req>,
    {
        let registry = &self.registry;
        let look = |mut found: Found<'_>| {
            found.look();
            found.hold()
        };
        if let Some((uri, authority)) = place
            && let Some(found) = self.cache.at_place(registry, uri, authority)
        {
            return look(found);
        }
        let key = self.key.extract(request);
        if place.is_none()
            && let Some(found) = self.cache.by_key(&key)
        {
            return look(found);
        }
        let Some(circuit) = registry.get_or_insert(&key, now()) else {
            telemetry::untracked(&key);
            return Hold::Nothing;
        };
        match place {
            Some((uri, authority)) => self.cache.learn_place(registry, uri, authority, circuit),
            None => self.cache.learn(circuit, None),
        }
    }
}

// What a service remembers is its own.
impl<S: Clone, K: Clone, C: Clone, M> Clone for CircuitBreaker<S, K, C, M> {
    fn clone(&self) -> Self {
        Self::new(
            self.inner.clone(),
            self.key.clone(),
            self.classify.clone(),
            Arc::clone(&self.registry),
        )
    }
}

impl<S: fmt::Debug, K, C, M> fmt::Debug for CircuitBreaker<S, K, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("inner", &self.inner)
            .field("registry", &self.registry)
            .finish_non_exhaustive()
    }
}
