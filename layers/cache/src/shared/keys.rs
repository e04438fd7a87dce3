//! What requests are stored under.

use std::fmt;
use std::hash::{BuildHasher, Hasher};

use buttress_kernel::Partition;
use buttress_kernel::key::{Authority, KeyExtractor};
use http::{HeaderValue, Request, Uri, header};

use super::Shared;
use crate::recent::Mark;
use crate::store::{Credentials, Key, KeyRef, Name};

/// Where a request's responses are, as far as it costs next to nothing to tell: all of a key but the
/// digest of the credentials.
#[derive(Clone, Copy)]
pub(crate) struct Address<'a> {
    name: Name<'a>,
    partition: &'a str,
    /// What tells users apart, and a quick hash of it.
    secret: Option<(&'a [u8], u64)>,
    /// Of the name and the partition.
    hash: u64,
}

impl Address<'_> {
    /// What the key is known by where a mistake costs no more than a look into the store.
    #[inline]
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.hash ^ self.secret.map_or(0, |(_, hash)| hash))
    }
}

/// The name, as events tell it.
impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}

impl Shared {
    /// Does something with the address of a request with this `Authorization`.
    #[inline]
    pub(crate) fn with_address<B, T>(
        &self,
        request: &Request<B>,
        name: Option<&str>,
        authorization: Option<&HeaderValue>,
        act: impl FnOnce(Address<'_>) -> T,
    ) -> T {
        let extensions = request.extensions();
        let partition = if extensions.is_empty() {
            None
        } else {
            extensions.get::<Partition>()
        };
        let partition = partition.map_or("", Partition::as_str);
        // A shared cache has rules of its own for credentials (RFC 9111 §3.5).
        let authorization = authorization.filter(|_| !self.settings.policy.shared);
        let secret =
            authorization.map(|field| (field.as_bytes(), self.second.hash(field.as_bytes())));
        let of = |name| Address {
            name,
            partition,
            secret,
            hash: self.hashing.of_name(name, partition),
        };
        if let Some(name) = name {
            return act(of(Name::Whole(name)));
        }
        let authority = Authority.extract(request);
        act(of(uri_name(request.uri(), &authority)))
    }

    /// Does something with the key of a request with this `Authorization`.
    pub(crate) fn with_key<B, T>(
        &self,
        request: &Request<B>,
        name: Option<&str>,
        authorization: Option<&HeaderValue>,
        act: impl FnOnce(KeyRef<'_>) -> T,
    ) -> T {
        self.with_address(request, name, authorization, |address| {
            act(self.key(address))
        })
    }

    #[inline]
    pub(crate) fn key<'a>(&self, address: Address<'a>) -> KeyRef<'a> {
        let credentials = address
            .secret
            .map(|(secret, hash)| self.credentials(secret, hash));
        let key = KeyRef::at(address.hash, address.name, address.partition, credentials);
        key.in_shared(self.settings.policy.shared)
    }

    /// A digest of the credentials, which in a private cache divide the users. One half of it cannot be
    /// forged without the seed; the other only makes it as unlikely as can be that two users meet by
    /// chance.
    #[inline]
    fn credentials(&self, secret: &[u8], hash: u64) -> Credentials {
        #[cfg(feature = "persistent")]
        if let Some(key) = &self.settings.secret {
            return key.digest(secret);
        }
        let mut hasher = self.secret.build_hasher();
        hasher.write(secret);
        [hasher.finish(), hash]
    }

    /// The keys of a URI under which the owner of `key` may find something; the host is that of a
    /// server, whose URIs do not name it.
    pub(crate) fn siblings(
        &self,
        key: &Key,
        uri: &Uri,
        host: Option<&HeaderValue>,
    ) -> impl Iterator<Item = Key> + use<> {
        let mut request = Request::new(());
        *request.uri_mut() = uri.clone();
        if let Some(host) = host {
            request.headers_mut().insert(header::HOST, host.clone());
        }
        let authority = Authority.extract(&request);
        let name = uri_name(uri, &authority);
        self.namesakes(key, name)
    }

    /// The same of a name: in the owner's partition, with the owner's credentials and with none. Those
    /// of other users are caches of their own.
    pub(crate) fn namesakes(&self, key: &Key, name: Name<'_>) -> impl Iterator<Item = Key> + use<> {
        let (partition, credentials) = key.owner();
        let shared = self.settings.policy.shared;
        let at = |credentials| {
            let key = KeyRef::new(&self.hashing, name, partition, credentials);
            key.in_shared(shared).keep()
        };
        let own = credentials.map(|own| at(Some(own)));
        own.into_iter().chain([at(None)])
    }

    pub(crate) fn named(&self, name: &str) -> Key {
        let key = KeyRef::new(&self.hashing, Name::Whole(name), "", None);
        key.in_shared(self.settings.policy.shared).keep()
    }
}

fn uri_name<'a>(uri: &'a Uri, authority: &'a str) -> Name<'a> {
    Name::Uri {
        scheme: uri.scheme_str().unwrap_or_default(),
        authority,
        path: uri.path_and_query().map_or("/", |path| path.as_str()),
    }
}
