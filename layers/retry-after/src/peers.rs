//! The first keys that came by, recognised at a glance.

use std::any::TypeId;
use std::sync::{Arc, OnceLock};

use buttress_kernel::key::{Authority, KeyExtractor};
use buttress_kernel::{Explain, Key, Partition};
use http::{Request, Uri, uri};

use crate::gate::Gate;
use crate::name::{self, Name};
use crate::shared::Shared;

/// What the services of a layer share, and the first keys of those made at once. Most clients talk
/// to few servers; what their calls have to carry is made once, and shared.
pub(crate) struct Peers {
    pub(crate) shared: Arc<Shared>,
    /// The shared one, nearer at hand.
    pub(crate) gate: Arc<Gate>,
    first: [OnceLock<Arc<Peer>>; FEW],
}

/// As many are recognised without a noticeable search.
const FEW: usize = 8;

/// Whoever answers to one key.
pub(crate) struct Peer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) name: Name,
    /// Whose credentials a single call carries, which has a peer of its own then.
    pub(crate) partition: Option<Partition>,
    /// The record of a single call, which has a peer of its own then.
    pub(crate) explain: Option<Explain>,
    /// The authority that names it under any scheme; empty when there is none.
    authority: Box<str>,
}

impl Peer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        name: Name,
        partition: Option<Partition>,
        explain: Option<Explain>,
    ) -> Self {
        Self {
            shared,
            name,
            partition,
            explain,
            authority: Box::default(),
        }
    }
}

impl Peers {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let gate = Arc::clone(&shared.gate);
        let first = Default::default();
        Self {
            shared,
            gate,
            first,
        }
    }

    /// Who answers to a request, if that is the first of all.
    #[inline(always)]
    pub(crate) fn first<B, K>(&self, request: &Request<B>) -> Option<&Arc<Peer>>
    where
        K: KeyExtractor<Request<B>> + 'static,
    {
        let authority = own_authority::<B, K>(request)?.as_str();
        let peer = self.first[0].get()?;
        same(&peer.authority, authority).then_some(peer)
    }

    /// Who answers to a request; the name when that is none of the first.
    pub(crate) fn find<B, K>(&self, extractor: &K, request: &Request<B>) -> Result<&Arc<Peer>, Name>
    where
        K: KeyExtractor<Request<B>> + 'static,
    {
        match own_authority::<B, K>(request) {
            Some(authority) => self.authority(request.uri(), authority),
            None => self.key(&extractor.extract(request)),
        }
    }

    /// An authority is recognised by its bytes alone if it names its key alone, and if there is no
    /// user info in it, which is not ours to keep.
    fn authority(&self, uri: &Uri, authority: &uri::Authority) -> Result<&Arc<Peer>, Name> {
        let text = authority.as_str();
        let peer = || {
            let plain = !text.contains('@') && name::stands_alone(authority);
            plain.then(|| self.peer(Name::of(uri, authority).key(), text))
        };
        self.search(|peer| *peer.authority == *text, peer)
            .ok_or_else(|| Name::of(uri, authority))
    }

    fn key(&self, key: &str) -> Result<&Arc<Peer>, Name> {
        let peer = || Some(self.peer(key.into(), ""));
        self.search(|peer| peer.name.is(key), peer)
            .ok_or_else(|| Name::Key(key.into()))
    }

    /// The first that fits; made, if it can be, where nobody is yet, `None` when there is no room.
    fn search(
        &self,
        fits: impl Fn(&Peer) -> bool,
        peer: impl Fn() -> Option<Peer>,
    ) -> Option<&Arc<Peer>> {
        for place in &self.first {
            let here = match place.get() {
                Some(here) => here,
                None => {
                    let new = Arc::new(peer()?);
                    place.get_or_init(|| new)
                }
            };
            if fits(here) {
                return Some(here);
            }
        }
        None
    }

    fn peer(&self, key: Key, authority: &str) -> Peer {
        let authority = authority.into();
        let shared = Arc::clone(&self.shared);
        Peer {
            authority,
            ..Peer::new(shared, Name::Key(key), None, None)
        }
    }
}

/// The authority in the URI, if requests are told apart by it.
#[inline(always)]
fn own_authority<B, K>(request: &Request<B>) -> Option<&uri::Authority>
where
    K: KeyExtractor<Request<B>> + 'static,
{
    let authority = request.uri().authority();
    authority.filter(|_| TypeId::of::<K>() == TypeId::of::<Authority>())
}

/// Whether two texts are equal: at the lengths that most authorities have, without a call.
#[inline(always)]
fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    match (one.first_chunk::<8>(), one.last_chunk::<8>()) {
        (Some(first), Some(last)) if one.len() <= 16 => {
            other.first_chunk() == Some(first) && other.last_chunk() == Some(last)
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests;
