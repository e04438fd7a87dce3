use std::error::Error;
use std::fmt;
use std::net::Ipv6Addr;

use http::uri::{Authority, Scheme};
use http::{Request, Version};

/// Why a request is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsendable {
    NoHost,
    Host,
    Port,
    Scheme,
    PlainText,
    Credentials,
    Version,
}

/// # Errors
///
/// When the request could not be sent, whatever the network does.
pub(super) fn check<T>(request: &Request<T>, https_only: bool) -> Result<(), Unsendable> {
    let uri = request.uri();
    check_authority(uri.authority().ok_or(Unsendable::NoHost)?)?;
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => {}
        Some(scheme) if *scheme == Scheme::HTTP && https_only => {
            return Err(Unsendable::PlainText);
        }
        Some(scheme) if *scheme == Scheme::HTTP => {}
        _ => return Err(Unsendable::Scheme),
    }
    match request.version() {
        Version::HTTP_10 | Version::HTTP_11 | Version::HTTP_2 => Ok(()),
        _ => Err(Unsendable::Version),
    }
}

/// Whether it is a host, perhaps with a port, and nothing else.
pub(crate) fn is_place(authority: &Authority) -> bool {
    check_authority(authority).is_ok()
}

fn check_authority(authority: &Authority) -> Result<(), Unsendable> {
    let host = authority.host();
    // RFC 9110 §4.2.4: they would end up in logs along the way.
    if authority.as_str().contains('@') {
        return Err(Unsendable::Credentials);
    }
    if host.is_empty() {
        return Err(Unsendable::NoHost);
    }
    if !is_host(host) {
        return Err(Unsendable::Host);
    }
    let behind = authority.as_str().strip_prefix(host);
    if behind.is_some_and(is_port) {
        Ok(())
    } else {
        Err(Unsendable::Port)
    }
}

/// Narrower than RFC 3986 §3.2.2, whose `reg-name` allows for what is in no host's name.
fn is_host(host: &str) -> bool {
    if let Some(literal) = host.strip_prefix('[') {
        return literal
            .strip_suffix(']')
            .is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    host.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
}

/// What may stand behind a host. A port may be left empty (RFC 3986 §3.2.3); one that is no number
/// must not be mistaken for that.
fn is_port(behind: &str) -> bool {
    let Some(port) = behind.strip_prefix(':') else {
        return behind.is_empty();
    };
    // The digits are looked at, because `parse` takes a sign.
    port.is_empty() || port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

impl fmt::Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHost => "its URI has no host; a request needs an absolute one",
            Self::Host => {
                "its URI's host is neither a name of letters, digits, `-`, `_` and `.` nor an IP address"
            }
            Self::Port => "its URI's port is not a number up to 65535",
            Self::Scheme => "its URI's scheme is neither http nor https",
            Self::PlainText => "its URI is plain http, and the transport is set to https alone",
            Self::Credentials => {
                "its URI holds a user name or password; send an Authorization header instead"
            }
            Self::Version => "its version of HTTP is none of 1.0, 1.1 and 2",
        })
    }
}

impl Error for Unsendable {}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(authority: &str) -> Result<(), Unsendable> {
        check_authority(&authority.parse().unwrap())
    }

    #[test]
    fn a_host_is_a_name_or_an_address_and_a_port_is_a_number_or_none() {
        for good in [
            "h",
            "h:",
            "h:0",
            "h:80",
            "h:00080",
            "h:65535",
            "a_b.c-d.",
            "xn--bcher-kva.test",
            "127.0.0.1:8080",
            "[::1]",
            "[::1]:",
            "[::ffff:127.0.0.1]:443",
        ] {
            assert_eq!(of(good), Ok(()), "{good}");
        }
        for port in [
            "h:80*", "h:99999", "h:65536", "h:+80", "h:-1", "h:80a", "[::1]:x", "[::1]80",
        ] {
            assert_eq!(of(port), Err(Unsendable::Port), "{port}");
        }
        for host in [
            "h*", "*", "a!b", "a,b", "a;b:80", "$h", "~h", "[v1.x]", "[::g]", "[]",
        ] {
            assert_eq!(of(host), Err(Unsendable::Host), "{host}");
        }
        for credentials in ["u:p@h", "u@h:80", "@h"] {
            assert_eq!(
                of(credentials),
                Err(Unsendable::Credentials),
                "{credentials}"
            );
        }
    }

    /// Every text of up to this many of the letters.
    fn texts(letters: &[char], longest: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..longest {
            last = last
                .iter()
                .flat_map(|text| letters.iter().map(move |letter| format!("{text}{letter}")))
                .collect();
            all.extend_from_slice(&last);
        }
        all
    }

    #[test]
    fn a_port_that_is_let_through_is_the_one_that_is_connected_to() {
        for port in texts(&[':', '0', '7', '+', '-', '*', 'a'], 5) {
            let text = format!("h:{port}");
            let Ok(authority) = text.parse::<Authority>() else {
                continue;
            };
            let number = authority.port_u16().filter(|_| !port.starts_with('+'));
            let known = port.is_empty() || number.is_some();
            assert_eq!(check_authority(&authority).is_ok(), known, "{text}");
        }
    }
}
