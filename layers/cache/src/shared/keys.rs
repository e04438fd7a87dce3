//! What requests are stored under.

use std::hash::{BuildHasher, Hasher};

use buttress_kernel::Partition;
use buttress_kernel::key::{Authority, KeyExtractor};
use http::{HeaderValue, Request, Uri, header};

use super::Shared;
use crate::store::{Credentials, Key, KeyRef, Name};

impl Shared {
    /// Does something with the key of a request.
    #[inline]
    pub(crate) fn with_key<B, T>(
        &self,
        request: &Request<B>,
        name: Option<&str>,
        act: impl FnOnce(KeyRef<'_>) -> T,
    ) -> T {
        let extensions = request.extensions();
        let partition = if extensions.is_empty() {
            None
        } else {
            extensions.get::<Partition>()
        };
        let partition = partition.map_or("", Partition::as_str);
        let credentials = self.credentials(request);
        if let Some(name) = name {
            return act(KeyRef::new(
                &self.hashing,
                Name::Whole(name),
                partition,
                credentials,
            ));
        }
        let authority = Authority.extract(request);
        let name = uri_name(request.uri(), &authority);
        act(KeyRef::new(&self.hashing, name, partition, credentials))
    }

    /// A digest of the credentials, which in a private cache divide the users; a shared cache has
    /// rules of its own for them (RFC 9111 §3.5). One half of it cannot be forged without the seed;
    /// the other only makes it as unlikely as can be that two users meet by chance.
    #[inline]
    fn credentials<B>(&self, request: &Request<B>) -> Option<Credentials> {
        if self.settings.policy.shared {
            return None;
        }
        let secret = request.headers().get(header::AUTHORIZATION)?.as_bytes();
        #[cfg(feature = "persistent")]
        if let Some(key) = &self.settings.secret {
            return Some(key.digest(secret));
        }
        let mut hasher = self.secret.build_hasher();
        hasher.write(secret);
        Some([hasher.finish(), self.second.hash(secret)])
    }

    /// The key of a URI, in the partition of `key`; the host is that of a server, whose URIs do not
    /// name it.
    pub(crate) fn sibling(&self, key: &Key, uri: &Uri, host: Option<&HeaderValue>) -> Key {
        let mut request = Request::new(());
        *request.uri_mut() = uri.clone();
        if let Some(host) = host {
            request.headers_mut().insert(header::HOST, host.clone());
        }
        let authority = Authority.extract(&request);
        let name = uri_name(uri, &authority);
        let (partition, credentials) = key.owner();
        KeyRef::new(&self.hashing, name, partition, credentials).keep()
    }

    pub(crate) fn named(&self, name: &str) -> Key {
        KeyRef::new(&self.hashing, Name::Whole(name), "", None).keep()
    }
}

fn uri_name<'a>(uri: &'a Uri, authority: &'a str) -> Name<'a> {
    Name::Uri {
        scheme: uri.scheme_str().unwrap_or_default(),
        authority,
        path: uri.path_and_query().map_or("/", |path| path.as_str()),
    }
}
