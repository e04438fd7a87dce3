//! Enough of a request to name its key when the response has something to say.

use std::any::TypeId;

use buttress_kernel::Key;
use buttress_kernel::key::{Authority, KeyExtractor};
use http::uri::{self, Scheme};
use http::{Request, Uri};

/// A key, or what it can be found from. Extracting the usual key, an authority, costs more than all
/// else that the layer does on its way, and hardly any response needs it: so the authority is put
/// aside as it stands in the URI, and looked at later or never.
// No `Debug`: user info has not been taken off yet.
pub(crate) enum Memo {
    Key(Key),
    Authority(Known, uri::Authority),
}

/// The schemes that matter to an authority, since they have a port of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Http,
    Https,
    Other,
}

impl Memo {
    /// Puts aside what names the request's key.
    #[inline(always)]
    pub(crate) fn of<B, K>(extractor: &K, request: &Request<B>) -> Self
    where
        K: KeyExtractor<Request<B>> + 'static,
    {
        let uri = request.uri();
        match uri.authority() {
            Some(authority) if TypeId::of::<K>() == TypeId::of::<Authority>() => {
                Self::Authority(Known::of(uri), authority.clone())
            }
            _ => Self::Key(Key::from(&*extractor.extract(request))),
        }
    }

    /// The key.
    pub(crate) fn key(&self) -> Key {
        match self {
            Self::Key(key) => key.clone(),
            Self::Authority(scheme, authority) => extract(*scheme, authority),
        }
    }
}

impl Known {
    #[inline(always)]
    fn of(uri: &Uri) -> Self {
        match uri.scheme_str() {
            Some("https") => Self::Https,
            Some("http") => Self::Http,
            _ => Self::Other,
        }
    }
}

fn extract(scheme: Known, authority: &uri::Authority) -> Key {
    let parts = Uri::builder()
        .authority(authority.clone())
        .path_and_query("/");
    let parts = match scheme {
        Known::Http => parts.scheme(Scheme::HTTP),
        Known::Https => parts.scheme(Scheme::HTTPS),
        // Any scheme without a port of its own will do.
        Known::Other => parts.scheme("other"),
    };
    let mut request = Request::new(());
    *request.uri_mut() = parts.build().expect("all three parts are there, and valid");
    Key::from(&*Authority.extract(&request))
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
}
