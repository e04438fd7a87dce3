//! Fields by which a request says of itself what those in front of a server say: where it comes from, and what it
//! asks for in truth. Anybody can write them.

use http::HeaderName;

/// Where a request comes from, besides all that begins with `x-forwarded-`.
const WAY: [&str; 38] = [
    "akamai-client-ip",
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "cf-ipcountry",
    "cf-pseudo-ipv4",
    "cf-visitor",
    "client-ip",
    "do-connecting-ip",
    "fastly-client-ip",
    "fly-client-ip",
    "forwarded",
    "forwarded-for",
    "forwarded-for-ip",
    "front-end-https",
    "incap-client-ip",
    "proxy-client-ip",
    "remote-addr",
    "true-client-ip",
    "wl-proxy-client-ip",
    "x-appengine-user-ip",
    "x-azure-clientip",
    "x-azure-socketip",
    "x-client-ip",
    "x-clientip",
    "x-cluster-client-ip",
    "x-envoy-external-address",
    "x-forward-for",
    "x-forwarded",
    "x-nf-client-connection-ip",
    "x-original-forwarded-for",
    "x-originating-ip",
    "x-proxyuser-ip",
    "x-real-ip",
    "x-remote-addr",
    "x-remote-ip",
    "x-scheme",
    "x-url-scheme",
    "x-vercel-forwarded-for",
];

/// What it asks for in truth: another path, host or method than its own, which nobody in front has looked at. And
/// `Proxy`, which programs behind CGI take for a setting of theirs.
const ASKED: [&str; 14] = [
    "proxy",
    "script-name",
    "x-envoy-original-path",
    "x-host",
    "x-http-host-override",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-host",
    "x-original-method",
    "x-original-uri",
    "x-original-url",
    "x-rewrite-url",
    "x-script-name",
];

/// Whether it is a field about where a request comes from. `_` counts as `-`, since programs behind CGI and its kin
/// cannot tell the two.
pub(crate) fn is_about_the_way(name: &HeaderName) -> bool {
    claim(name) == Some(Claim::Way)
}

/// What a field claims of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Where it comes from.
    Way,
    /// That it is for another path, host or method than its own.
    Other,
}

/// What a field of this name claims; `_` counts as `-`.
pub(crate) fn claim(name: &HeaderName) -> Option<Claim> {
    let name = name.as_str();
    if name.contains('_') {
        listed(&name.replace('_', "-"))
    } else if may_be_listed(name) {
        listed(name)
    } else {
        None
    }
}

fn listed(name: &str) -> Option<Claim> {
    if name.starts_with(PREFIX) || WAY.binary_search(&name).is_ok() {
        Some(Claim::Way)
    } else {
        ASKED.binary_search(&name).is_ok().then_some(Claim::Other)
    }
}

/// Whether some name of the lists is as long and begins with the same letter, which most fields' names do not.
fn may_be_listed(name: &str) -> bool {
    let Some(letter) = name.bytes().next().filter(u8::is_ascii_lowercase) else {
        return false;
    };
    let lengths = LENGTHS[usize::from(letter - b'a')];
    name.starts_with(PREFIX) || name.len() < 64 && lengths & (1 << name.len()) != 0
}

const PREFIX: &str = "x-forwarded-";

/// For each first letter the lengths of the names, as bits.
static LENGTHS: [u64; 26] = add(&ASKED, add(&WAY, [0; 26]));

const fn add(names: &[&str], mut lengths: [u64; 26]) -> [u64; 26] {
    let mut at = 0;
    while at < names.len() {
        let name = names[at].as_bytes();
        lengths[(name[0] - b'a') as usize] |= 1 << name.len();
        at += 1;
    }
    lengths
}

/// Whether two names are one to programs behind CGI and its kin.
pub(crate) fn are_alike(one: &HeaderName, other: &HeaderName) -> bool {
    let (one, other) = (one.as_str(), other.as_str());
    let is_alike =
        |(one, other)| one == other || matches!((one, other), (b'_', b'-') | (b'-', b'_'));
    one.len() == other.len() && one.bytes().zip(other.bytes()).all(is_alike)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_in_small_letters() {
        for names in [&WAY[..], &ASKED] {
            assert!(names.is_sorted(), "{names:?}");
            for name in names {
                assert_eq!(name.parse::<HeaderName>().unwrap().as_str(), *name);
                assert!(!name.contains('_'), "{name}");
            }
        }
    }

    #[test]
    fn every_name_stands_in_the_docs() {
        let docs = include_str!("../proxy/mod.rs").to_ascii_lowercase();
        for name in WAY.iter().chain(&ASKED) {
            assert!(docs.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn names_are_alike_but_for_underscores() {
        let alike = |one: &str, other: &str| {
            let (one, other) = (one.parse().unwrap(), other.parse().unwrap());
            assert_eq!(are_alike(&one, &other), are_alike(&other, &one));
            are_alike(&one, &other)
        };
        assert!(alike("x-a-b", "X_a-B") && alike("x_a", "x_a") && alike("cookie", "cookie"));
        assert!(!alike("x-a-b", "x-a-c") && !alike("x-a", "x-ab") && !alike("xa", "x_a"));
    }

    #[test]
    fn a_name_is_known_in_all_its_spellings() {
        for name in [
            "x_forwarded_for",
            "x-forwarded_user",
            "x-real_ip",
            "x-real-ip",
        ] {
            assert!(is_about_the_way(&name.parse().unwrap()), "{name}");
        }
        for name in ["x-original-url", "x_http-method_override", "proxy"] {
            assert_eq!(claim(&name.parse().unwrap()), Some(Claim::Other), "{name}");
        }
        for (names, claimed) in [(&WAY[..], Claim::Way), (&ASKED, Claim::Other)] {
            for name in names {
                assert_eq!(claim(&name.parse().unwrap()), Some(claimed), "{name}");
            }
        }
        for name in [
            "host",
            "accept",
            "x-request-id",
            "user_id",
            "proxy-authorization",
        ] {
            assert_eq!(claim(&name.parse().unwrap()), None, "{name}");
        }
    }
}
