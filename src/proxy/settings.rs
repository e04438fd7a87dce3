use buttress_kernel::{Partition, PartitionHasher};
use http::header::HeaderName;
use http::{Extensions, HeaderMap, header};

use crate::BaseUri;
use crate::forward::{ClientAddress, X_FORWARDED_FOR, is_about_the_way};

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) base: BaseUri,
    pub(super) way: Way,
    /// By what users are told apart who are known by their cookies, if they are.
    pub(super) hasher: Option<PartitionHasher>,
}

impl Settings {
    pub(super) fn new(base: BaseUri) -> Self {
        Self {
            base,
            way: Way::Untold,
            hasher: Some(PartitionHasher::new()),
        }
    }

    /// Says whose cookies the request carries, unless somebody has said whose credentials.
    pub(super) fn part(&self, headers: &HeaderMap, extensions: &mut Extensions) {
        let Some(hasher) = &self.hasher else { return };
        // They have been put together, so there is one field.
        if let Some(cookies) = headers.get(header::COOKIE)
            && extensions.get::<Partition>().is_none()
        {
            extensions.insert(hasher.of_secret(cookies.as_bytes()));
        }
    }
}

/// What the upstream is told of where a request comes from.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// Nothing.
    Untold,
    /// What the request says itself.
    AsSaid,
    /// What is known, and what a trusted peer says.
    Known(ClientAddress),
}

impl Way {
    pub(super) fn tell(&self, headers: &mut HeaderMap, extensions: &Extensions) {
        let address = match self {
            Self::AsSaid => return,
            Self::Untold => None,
            Self::Known(address) => Some(address),
        };
        let peer = address.and_then(|address| address.peer(extensions));
        let field = address.and_then(|address| address.field(headers, extensions));
        let is_trusted = address
            .zip(peer)
            .is_some_and(|(address, peer)| address.trusts(peer));
        let told: Vec<HeaderName> = headers
            .keys()
            .filter(|name| is_about_the_way(name))
            // Where it stays, it would have to be added to.
            .filter(|name| !is_trusted || **name == header::FORWARDED)
            .cloned()
            .collect();
        for name in told {
            headers.remove(name);
        }
        if let Some(field) = field {
            headers.insert(X_FORWARDED_FOR, field);
        }
    }
}
