use std::error::Error;
use std::fmt;

use oauth2::RedirectUrl;
use oauth2::url::{Host, Url};

/// An URI that a secret cannot be sent to, or a user be sent back to. It is not shown, since URIs may
/// hold secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidUrl(Rule);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    NotAbsolute,
    Plain,
    Fragment,
    UserInfo,
}

/// Whether `http` may be used beyond this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plain {
    Allowed,
    Loopback,
}

/// An endpoint's URI ([RFC 6749 §3](https://www.rfc-editor.org/rfc/rfc6749#section-3)).
pub(super) fn endpoint(text: &str, plain: Plain) -> Result<Url, InvalidUrl> {
    let url = Url::parse(text).map_err(|_| InvalidUrl(Rule::NotAbsolute))?;
    let allowed = match url.scheme() {
        "https" => true,
        "http" => plain == Plain::Allowed || is_loopback(&url),
        _ => return Err(InvalidUrl(Rule::NotAbsolute)),
    };
    if !allowed {
        return Err(InvalidUrl(Rule::Plain));
    }
    if url.fragment().is_some() {
        return Err(InvalidUrl(Rule::Fragment));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(InvalidUrl(Rule::UserInfo));
    }
    Ok(url)
}

/// Where a user comes back to: any absolute URI, an app's own scheme too
/// ([RFC 6749 §3.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2)). It stays as it is written: a
/// server compares it, character by character, with what was registered
/// ([RFC 9700 §2.1](https://www.rfc-editor.org/rfc/rfc9700#section-2.1)).
pub(super) fn redirect(text: &str) -> Result<RedirectUrl, InvalidUrl> {
    let absolute = |_| InvalidUrl(Rule::NotAbsolute);
    let redirect = RedirectUrl::new(text.to_owned()).map_err(absolute)?;
    if redirect.url().fragment().is_some() {
        return Err(InvalidUrl(Rule::Fragment));
    }
    Ok(redirect)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

impl fmt::Display for InvalidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Rule::NotAbsolute => {
                "an endpoint is an absolute URI, as in `https://id.example.com/token`"
            }
            Rule::Plain => {
                "secrets go over https, or to this machine; `plain_http` makes an exception"
            }
            Rule::Fragment => "an endpoint's URI must not have a fragment",
            Rule::UserInfo => {
                "an endpoint's URI must not have user info; a client's secret belongs in `ClientAuth`"
            }
        })
    }
}

impl Error for InvalidUrl {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_https_or_on_this_machine() {
        for fine in [
            "https://id.example.com/token?tenant=7",
            "http://127.0.0.1:9/token",
            "http://[::1]/token",
            "http://localhost/token",
            "http://id.localhost/token",
        ] {
            assert!(endpoint(fine, Plain::Loopback).is_ok(), "{fine}");
        }
        for (wrong, rule) in [
            ("http://id.example.com/token", Rule::Plain),
            ("http://127.0.0.1.example.com/token", Rule::Plain),
            ("http://localhost.example.com/", Rule::Plain),
            ("ftp://id.example.com/", Rule::NotAbsolute),
            ("/token", Rule::NotAbsolute),
            ("", Rule::NotAbsolute),
            ("https://id.example.com/#a", Rule::Fragment),
            ("https://id:secret@id.example.com/", Rule::UserInfo),
        ] {
            assert_eq!(endpoint(wrong, Plain::Loopback), Err(InvalidUrl(rule)));
        }
    }

    #[test]
    fn plain_http_is_an_exception_that_can_be_made() {
        assert!(endpoint("http://id.internal/token", Plain::Allowed).is_ok());
    }

    #[test]
    fn a_redirect_may_have_an_apps_own_scheme() {
        assert!(redirect("com.example.app:/callback").is_ok());
        assert_eq!(redirect("callback"), Err(InvalidUrl(Rule::NotAbsolute)));
        assert_eq!(
            redirect("https://a.example/#b"),
            Err(InvalidUrl(Rule::Fragment))
        );
    }
}
