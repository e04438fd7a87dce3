use std::collections::BTreeMap;

use http::request::Parts;
use http::{HeaderName, Uri, header};
use ring::digest::{SHA256, digest};

use super::escape;
use super::signer::{Scope, SigV4};
use super::stamp::Stamp;
use crate::SignError;
use crate::hex::hex;
use crate::percent::decode_form;

/// What is signed, and the names of the headers in it.
pub(super) struct Canonical {
    pub(super) text: Vec<u8>,
    pub(super) signed_headers: String,
}

/// Proxies change these, or they belong to the connection.
const LEFT_OUT: [HeaderName; 10] = [
    header::AUTHORIZATION,
    header::USER_AGENT,
    HeaderName::from_static("x-amzn-trace-id"),
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
    header::PROXY_AUTHORIZATION,
];

/// The names of headers in the order of the alphabet, with their values.
type Headers<'a> = BTreeMap<&'a str, Vec<u8>>;

impl SigV4 {
    /// The canonical request, with these parameters in the query as well. Pure.
    pub(super) fn canonical(
        &self,
        head: &Parts,
        more: &[(&str, String)],
        payload: &str,
    ) -> Result<Canonical, SignError> {
        let headers = headers(head)?;
        let signed_headers = join(&headers);
        Ok(self.with_headers(head, &headers, signed_headers, more, payload))
    }

    fn with_headers(
        &self,
        head: &Parts,
        headers: &Headers<'_>,
        signed_headers: String,
        more: &[(&str, String)],
        payload: &str,
    ) -> Canonical {
        let (path, query) = (self.path(&head.uri), query(&head.uri, more));
        let method = head.method.as_str();
        let mut text = format!("{method}\n{path}\n{query}\n").into_bytes();
        for (name, value) in headers {
            text.extend_from_slice(name.as_bytes());
            text.push(b':');
            text.extend_from_slice(value);
            text.push(b'\n');
        }
        text.extend_from_slice(format!("\n{signed_headers}\n{payload}").as_bytes());
        Canonical {
            text,
            signed_headers,
        }
    }

    fn path(&self, uri: &Uri) -> String {
        let path = if self.normalize {
            escape::normalized(uri.path())
        } else {
            uri.path().to_owned()
        };
        if self.double_encode {
            let mut text = String::with_capacity(path.len());
            escape::encode(path.as_bytes(), true, &mut text);
            text
        } else {
            escape::encode_once(&path)
        }
    }
}

impl Canonical {
    /// What goes through HMAC.
    pub(super) fn string_to_sign(&self, stamp: &Stamp, scope: &Scope) -> String {
        let hash = hex(digest(&SHA256, &self.text).as_ref());
        let (time, scope) = (stamp.as_str(), scope.at(stamp));
        format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{hash}")
    }
}

impl Scope {
    pub(super) fn at(&self, stamp: &Stamp) -> String {
        let (day, region, service) = (stamp.day(), &self.region, &self.service);
        format!("{day}/{region}/{service}/aws4_request")
    }
}

/// The names of the headers that will be signed.
pub(super) fn signed_headers(head: &Parts) -> Result<String, SignError> {
    Ok(join(&headers(head)?))
}

fn join(headers: &Headers<'_>) -> String {
    let names: Vec<_> = headers.keys().copied().collect();
    names.join(";")
}

fn headers(head: &Parts) -> Result<Headers<'_>, SignError> {
    let host = host(head).ok_or_else(|| SignError::new("it has no host, or more than one"))?;
    let mut headers = Headers::new();
    for (name, value) in &head.headers {
        if LEFT_OUT.contains(name) {
            continue;
        }
        // Values of one name follow each other in the order in which they are sent.
        let known = headers.entry(name.as_str());
        known
            .and_modify(|all| all.push(b','))
            .or_default()
            .extend(trimmed(value.as_bytes()));
    }
    headers.insert(header::HOST.as_str(), host);
    Ok(headers)
}

/// What is sent, letter by letter, for that is what the service signs: the `Host` header as it stands, or
/// what a transport makes of the URI where there is none.
fn host(head: &Parts) -> Option<Vec<u8>> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    if let Some(host) = hosts.next() {
        let host = trimmed(host.as_bytes());
        return (hosts.next().is_none() && !host.is_empty()).then_some(host);
    }
    let name = head.uri.host().filter(|name| !name.is_empty())?;
    let usual = match head.uri.scheme_str() {
        Some("http") => Some(80),
        Some("https") => Some(443),
        _ => None,
    };
    let port = head.uri.port_u16().filter(|port| Some(*port) != usual);
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{name}{port}").into_bytes())
}

/// Without spaces around it, and with one where there are several.
fn trimmed(value: &[u8]) -> Vec<u8> {
    let words = value
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}

/// All parameters, encoded and in order.
fn query(uri: &Uri, more: &[(&str, String)]) -> String {
    let pieces = uri.query().unwrap_or("").split('&');
    let own = pieces.filter(|piece| !piece.is_empty()).map(|piece| {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        pair(&decode_form(name), &decode_form(value))
    });
    let more = more
        .iter()
        .map(|(name, value)| pair(name.as_bytes(), value.as_bytes()));
    let mut pairs: Vec<_> = own.chain(more).collect();
    pairs.sort_unstable();
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

fn pair(name: &[u8], value: &[u8]) -> (String, String) {
    (encoded(name), encoded(value))
}

pub(super) fn encoded(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    escape::encode(bytes, false, &mut text);
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use http::Request;

    use super::*;

    fn sent(uri: &str, hosts: &[&str]) -> Option<String> {
        let mut request = Request::get(uri);
        for name in hosts {
            request = request.header(header::HOST, *name);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        host(&head).map(|host| String::from_utf8(host).unwrap())
    }

    #[test]
    fn the_host_that_is_signed_is_the_one_that_is_sent() {
        for (uri, hosts, host) in [
            ("https://Bucket.example/", &[][..], Some("Bucket.example")),
            ("https://bucket.example:443/", &[], Some("bucket.example")),
            (
                "http://bucket.example:443/",
                &[],
                Some("bucket.example:443"),
            ),
            (
                "http://u:p@bucket.example:9000/",
                &[],
                Some("bucket.example:9000"),
            ),
            ("https://[::1]:80/", &[], Some("[::1]:80")),
            (
                "https://a.example/",
                &["minio.local:443"],
                Some("minio.local:443"),
            ),
            ("https://a.example/", &["MinIO.local"], Some("MinIO.local")),
            ("/", &[" minio.local "], Some("minio.local")),
            ("/", &[], None),
            ("https://a.example/", &[""], None),
            ("https://a.example/", &["a.example", "b.example"], None),
        ] {
            assert_eq!(sent(uri, hosts).as_deref(), host, "{uri} {hosts:?}");
        }
    }
}
