//! Enough of a request to name its key when the response has something to say.

use std::any::TypeId;
use std::borrow::Cow;

use buttress_kernel::Key;
use buttress_kernel::key::{Authority, KeyExtractor};
use http::uri::Scheme;
use http::{Request, Uri};

/// A key, or what it can be found from. Extracting the usual key, an authority, costs more than all
/// else that the layer does on its way, and hardly any response needs it: so its text is put aside
/// as it stands in the URI, and extracted later or never.
// No `Debug`: user info has not been taken off yet.
pub(crate) enum Memo {
    Key(Key),
    Authority { scheme: Known, text: Short },
}

/// The schemes that matter to an authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Http,
    Https,
    Other,
}

/// A short text, without a heap.
pub(crate) struct Short {
    length: u8,
    bytes: [u8; MOST],
}

impl Memo {
    /// Puts aside what names the request's key.
    #[inline]
    pub(crate) fn of<B, K>(extractor: &K, request: &Request<B>) -> Self
    where
        K: KeyExtractor<Request<B>> + 'static,
    {
        if TypeId::of::<K>() == TypeId::of::<Authority>()
            && let Some(memo) = Self::authority(request.uri())
        {
            return memo;
        }
        Self::Key(Key::from(&*extractor.extract(request)))
    }

    #[inline]
    fn authority(uri: &Uri) -> Option<Self> {
        let text = Short::of(uri.authority()?.as_str())?;
        let scheme = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => Known::Https,
            Some(scheme) if *scheme == Scheme::HTTP => Known::Http,
            _ => Known::Other,
        };
        Some(Self::Authority { scheme, text })
    }

    /// The key.
    pub(crate) fn key(&self) -> Key {
        match self {
            Self::Key(key) => key.clone(),
            Self::Authority { scheme, text } => extract(*scheme, &text.get()),
        }
    }
}

fn extract(scheme: Known, text: &str) -> Key {
    let uri = Uri::builder().authority(text).path_and_query("/");
    let uri = match scheme {
        Known::Http => uri.scheme(Scheme::HTTP),
        Known::Https => uri.scheme(Scheme::HTTPS),
        // Any scheme without a port of its own will do.
        Known::Other => uri.scheme("other"),
    };
    let request = uri.build().map(|uri| {
        let mut request = Request::new(());
        *request.uri_mut() = uri;
        request
    });
    // The text has been an authority before, so this does not fail; if it did, it is a key as it is.
    request.map_or_else(
        |_| Key::from(text),
        |request| Key::from(&*Authority.extract(&request)),
    )
}

/// Longer than the names of nearly all servers.
const MOST: usize = 62;

impl Short {
    #[inline]
    fn of(text: &str) -> Option<Self> {
        let mut bytes = [0; MOST];
        bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        let length = u8::try_from(text.len()).ok()?;
        Some(Self { length, bytes })
    }

    fn get(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes[..usize::from(self.length)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str) -> Request<()> {
        Request::get(uri).body(()).unwrap()
    }

    #[test]
    fn the_key_found_later_is_the_one_that_the_extractor_finds() {
        for uri in [
            "https://API.example.com:443/a?b",
            "https://api.example.com:80/",
            "http://user:pw@api.example.com:80/",
            "http://api.example.com:443/",
            "http://[2001:DB8::1]:8080/",
            "http://127.0.0.1/",
            "ftp://example.com:21/",
            "/relative",
            "example.com:443",
            "http://a-name-so-long-that-it-does-not-fit-into-what-is-kept-of-it.example.com/",
        ] {
            let request = request(uri);
            let expected = Authority.extract(&request);
            assert_eq!(
                Memo::of(&Authority, &request).key().as_str(),
                expected,
                "{uri}"
            );
        }
    }

    #[test]
    fn a_relative_request_is_named_by_its_host_field() {
        let mut request = request("/a");
        request
            .headers_mut()
            .insert("host", "Api.example.com".parse().unwrap());
        assert_eq!(
            Memo::of(&Authority, &request).key().as_str(),
            "api.example.com"
        );
    }

    #[test]
    fn another_extractor_is_asked_at_once() {
        let route = buttress_kernel::key::from_fn(|r: &Request<()>| r.uri().path().to_owned());
        assert_eq!(
            Memo::of(&route, &request("http://a/x")).key().as_str(),
            "/x"
        );
    }

    #[test]
    fn a_usual_name_needs_no_heap() {
        let usual = request("https://bucket.s3.dualstack.us-west-2.amazonaws.com/");
        assert!(matches!(
            Memo::of(&Authority, &usual),
            Memo::Authority { .. }
        ));
    }
}
