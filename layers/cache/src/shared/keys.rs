//! What requests are stored under.

use std::borrow::Cow;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::Ordering;

use buttress_kernel::Partition;
use buttress_kernel::key::{Authority, KeyExtractor};
use http::{HeaderValue, Request, Uri, header};

use super::Shared;
use crate::recent::Mark;
use crate::store::{Credentials, Key, KeyRef, Name, Whose};

/// Where a request's responses are, as far as it costs next to nothing to tell.
#[derive(Clone, Copy)]
pub(crate) struct Address<'a> {
    /// That the caller gave.
    name: Option<&'a str>,
    uri: &'a Uri,
    /// As it is written: the same server may be written in several ways.
    authority: &'a str,
    partition: &'a str,
    whose: Whose,
    /// What tells users apart.
    secret: Option<&'a [u8]>,
    /// Of the name as it is written, and the partition.
    hash: u64,
}

impl Address<'_> {
    /// The name, of which the authority is written so.
    #[inline]
    fn name<'b>(&'b self, authority: &'b str) -> Name<'b> {
        self.name
            .map_or_else(|| uri_name(self.uri, authority), Name::Given)
    }

    #[inline]
    fn normal_authority(&self) -> Cow<'_, str> {
        Authority::normal(self.uri, self.authority)
    }
}

/// The name, as events tell it.
impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name(&self.normal_authority()).fmt(f)
    }
}

impl Shared {
    /// The address of a request with this `Authorization`.
    #[inline]
    pub(crate) fn address<'a, B>(
        &self,
        request: &'a Request<B>,
        name: Option<&'a str>,
        authorization: Option<&'a HeaderValue>,
    ) -> Address<'a> {
        let extensions = request.extensions();
        let partition = if extensions.is_empty() {
            None
        } else {
            extensions.get::<Partition>()
        };
        let is_anyones = partition.is_some_and(Partition::is_anyone);
        if is_anyones {
            self.anyones.store(true, Ordering::Relaxed);
        }
        let whose = match (self.settings.policy.shared, is_anyones) {
            (true, _) => Whose::All,
            (false, true) => Whose::Anyones,
            (false, false) => Whose::Own,
        };
        // A shared cache has rules of its own for credentials (RFC 9111 §3.5).
        let authorization = authorization.filter(|_| whose == Whose::Own);
        let mut address = Address {
            name,
            uri: request.uri(),
            authority: Authority::written(request),
            partition: partition.map_or("", Partition::as_str),
            whose,
            secret: authorization.map(HeaderValue::as_bytes),
            hash: 0,
        };
        let name = address.name(address.authority);
        address.hash = self.hashing.of_name(name, address.partition);
        address
    }

    /// What a key is known by where a mistake costs no more than a question to the origin: that of the
    /// same server written in another way, or of a secret with the same end, may be another one or the
    /// same.
    #[inline]
    pub(crate) fn mark(&self, address: &Address<'_>) -> Mark {
        let secret = address.secret;
        // What one stranger was given says nothing of what this program is given itself.
        let whose = if address.whose == Whose::Anyones {
            u64::MAX
        } else {
            0
        };
        Mark(address.hash ^ whose ^ secret.map_or(0, |secret| self.hashing.of_end(secret)))
    }

    /// Does something with the key at an address.
    #[inline]
    pub(crate) fn with_key<T>(
        &self,
        address: &Address<'_>,
        act: impl FnOnce(KeyRef<'_>) -> T,
    ) -> T {
        let credentials = address.secret.map(|secret| self.credentials(secret));
        let authority = address.normal_authority();
        let name = address.name(&authority);
        let hash = match &authority {
            Cow::Borrowed(normal) if normal.len() == address.authority.len() => address.hash,
            _ => self.hashing.of_name(name, address.partition),
        };
        let key = KeyRef::at(hash, name, address.partition, credentials);
        act(key.of(address.whose))
    }

    /// A digest of the credentials, which in a private cache divide the users. One half of it cannot be
    /// forged without the seed; the other only makes it as unlikely as can be that two users meet by
    /// chance.
    #[inline]
    fn credentials(&self, secret: &[u8]) -> Credentials {
        #[cfg(feature = "persistent")]
        if let Some(key) = &self.settings.secret {
            return key.digest(secret);
        }
        let mut hasher = self.secret.build_hasher();
        hasher.write(secret);
        [hasher.finish(), self.hashing.of_secret(secret)]
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

    /// The same of a name: in the owner's partition, with the owner's credentials and with none, and what
    /// anyone is given. Those of other users are caches of their own.
    pub(crate) fn namesakes(&self, key: &Key, name: Name<'_>) -> impl Iterator<Item = Key> + use<> {
        let (partition, credentials) = key.owner();
        let whose = key.whose();
        let at = |credentials| {
            let key = KeyRef::new(&self.hashing, name, partition, credentials);
            key.of(whose).keep()
        };
        let own = credentials.map(|own| at(Some(own)));
        let may_be_there = whose == Whose::Own && self.anyones.load(Ordering::Relaxed);
        let anyones = may_be_there.then(|| {
            let key = KeyRef::new(&self.hashing, name, "", None);
            key.of(Whose::Anyones).keep()
        });
        own.into_iter().chain([at(None)]).chain(anyones)
    }

    pub(crate) fn named(&self, name: &str) -> Key {
        let key = KeyRef::new(&self.hashing, Name::Given(name), "", None);
        let whose = if self.settings.policy.shared {
            Whose::All
        } else {
            Whose::Own
        };
        key.of(whose).keep()
    }
}

#[inline]
fn uri_name<'a>(uri: &'a Uri, authority: &'a str) -> Name<'a> {
    Name::Uri {
        scheme: uri.scheme_str().unwrap_or_default(),
        authority,
        path: uri.path_and_query().map_or("/", |path| path.as_str()),
    }
}
