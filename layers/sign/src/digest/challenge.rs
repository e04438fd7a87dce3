use http::{HeaderMap, header};

use super::algorithm::{Algorithm, Hash};
use super::parse::{self, Raw};

/// What a server asks for ([RFC 7616 §3.3](https://www.rfc-editor.org/rfc/rfc7616#section-3.3)).
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) realm: String,
    pub(super) nonce: String,
    pub(super) opaque: Option<String>,
    /// The name is sent back only if it was sent.
    pub(super) algorithm: Algorithm,
    pub(super) algorithm_named: bool,
    pub(super) qop: Offered,
    pub(super) stale: bool,
    pub(super) userhash: bool,
}

/// Which qualities of protection a server offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offered {
    /// None: the way of RFC 2069, which RFC 7616 still knows.
    Nothing,
    Auth,
    /// With the body, and not without.
    AuthInt,
}

/// Longer lines are not looked at.
const LONGEST: usize = 8 * 1024;

/// The strongest challenge that can be answered; of equals the first.
pub(super) fn strongest(headers: &HeaderMap, weakest: Hash) -> Option<Challenge> {
    let lines = headers.get_all(header::WWW_AUTHENTICATE).iter();
    let lines = lines.filter(|line| line.len() <= LONGEST);
    let lines = lines.filter_map(|line| std::str::from_utf8(line.as_bytes()).ok());
    let known = lines
        .flat_map(parse::challenges)
        .filter_map(|raw| Challenge::of(&raw));
    let good = known.filter(|challenge| challenge.algorithm.hash >= weakest);
    good.fold(None, |best: Option<Challenge>, next| match best {
        Some(best) if best.algorithm.hash >= next.algorithm.hash => Some(best),
        _ => Some(next),
    })
}

impl Challenge {
    fn of(raw: &Raw<'_>) -> Option<Self> {
        if !raw.scheme.eq_ignore_ascii_case("digest") || raw.is_ambiguous() {
            return None;
        }
        let owned = |name| raw.get(name).map(str::to_owned);
        let is_true = |name| {
            raw.get(name)
                .is_some_and(|value| value.eq_ignore_ascii_case("true"))
        };
        let algorithm = Algorithm::parse(raw.get("algorithm").unwrap_or("MD5"))?;
        let qop = Offered::parse(raw.get("qop"))?;
        // A session's key needs a client's nonce, and there is none without a quality of protection.
        if algorithm.session && qop == Offered::Nothing {
            return None;
        }
        Some(Self {
            realm: owned("realm")?,
            nonce: owned("nonce")?,
            opaque: owned("opaque"),
            algorithm,
            algorithm_named: raw.get("algorithm").is_some(),
            qop,
            stale: is_true("stale"),
            userhash: is_true("userhash"),
        })
    }
}

impl Challenge {
    /// Whether the body is part of the answer.
    pub(super) fn wants_body(&self) -> bool {
        self.qop == Offered::AuthInt
    }
}

impl Offered {
    fn parse(list: Option<&str>) -> Option<Self> {
        let Some(list) = list else {
            return Some(Self::Nothing);
        };
        let names = || list.split(',').map(|name| name.trim_matches([' ', '\t']));
        let has = |wanted: &str| names().any(|name| name.eq_ignore_ascii_case(wanted));
        if has("auth") {
            Some(Self::Auth)
        } else {
            has("auth-int").then_some(Self::AuthInt)
        }
    }
}

/// The nonce that a server wants next
/// ([RFC 7616 §3.5](https://www.rfc-editor.org/rfc/rfc7616#section-3.5)).
pub(super) fn next_nonce(headers: &HeaderMap) -> Option<String> {
    let line = headers.get("authentication-info")?;
    if line.len() > LONGEST {
        return None;
    }
    let line = std::str::from_utf8(line.as_bytes()).ok()?;
    let next = parse::parameters(line).get("nextnonce").map(str::to_owned);
    next.filter(|nonce| !nonce.is_empty())
}
