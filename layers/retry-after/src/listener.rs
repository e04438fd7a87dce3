//! Who learns from the response.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::key::KeyExtractor;
use buttress_kernel::{BoxError, Explain, Partition};
use http::{Request, Response};

use crate::name::Name;
use crate::peers::{Peer, Peers};
use crate::shared::Shared;

/// Knows whose response it hears. One pointer, since each call carries it: for the first peers it is
/// shared, and only the others have one of their own.
pub(crate) struct Listener(Arc<Peer>);

impl Listener {
    /// For the response to this request, if that is the usual one: to the first peer, and nobody asks
    /// for a record. Without extensions that is seen without a look-up.
    #[inline(always)]
    pub(crate) fn at_a_glance<B, K>(peers: &Peers, request: &Request<B>) -> Option<Self>
    where
        K: KeyExtractor<Request<B>> + 'static,
    {
        let peer = peers.first::<B, K>(request)?;
        let plain = request.extensions().is_empty();
        plain.then(|| Self(Arc::clone(peer)))
    }

    /// For the response to this request.
    pub(crate) fn of<B, K>(peers: &Peers, extractor: &K, request: &Request<B>) -> Self
    where
        K: KeyExtractor<Request<B>> + 'static,
    {
        let explain = Explain::of(request.extensions());
        let partition = peers.shared.partition(request.extensions());
        let plain = explain.is_none() && partition.is_none();
        let name = match peers.find(extractor, request) {
            Ok(peer) if plain => return Self(Arc::clone(peer)),
            Ok(peer) => Name::Key(peer.name.key()),
            Err(name) => name,
        };
        let shared = Arc::clone(&peers.shared);
        Self::new(shared, name, partition.cloned(), explain.cloned())
    }

    /// For a response of this name's owner.
    pub(crate) fn new(
        shared: Arc<Shared>,
        name: Name,
        partition: Option<Partition>,
        explain: Option<Explain>,
    ) -> Self {
        Self(Arc::new(Peer::new(shared, name, partition, explain)))
    }

    /// Waits for the response, and listens to it where it lies: a move costs as much as the rest.
    #[inline(always)]
    pub(crate) fn poll<F, C, E>(
        &self,
        inner: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<C>, BoxError>>
    where
        F: Future<Output = Result<Response<C>, E>>,
        E: Into<BoxError>,
    {
        let mut end = inner.poll(cx);
        if let Poll::Ready(Ok(response)) = &mut end {
            let peer = &*self.0;
            if peer.explain.is_some() || peer.shared.hears(response) {
                peer.listen(response);
            }
        }
        end.map_err(Into::into)
    }
}

impl Peer {
    #[cold]
    #[inline(never)]
    fn listen<C>(&self, response: &mut Response<C>) {
        let explain = self.explain.as_ref();
        if self.shared.hears(response) {
            let whose = (&self.name, self.partition.as_ref());
            self.shared.learn(whose, explain, response);
        }
        if let Some(explain) = explain {
            explain.attach(response.extensions_mut());
        }
    }
}
