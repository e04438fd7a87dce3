//! Tokens that a client signs itself.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header};
use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::invalid_key::InvalidKey;
use super::key_pair::KeyPair;
use super::not_granted::{NotGranted, Problem};

/// How long a signed token is good for: long enough for a server's clock to differ by some minutes.
const LIFE: Duration = Duration::from_secs(300);

/// A private key that tokens are signed with.
///
/// Keys and headers are read and written by `jsonwebtoken`; *ring* signs, which the façade's TLS has
/// already. Clones share the key.
///
/// ```no_run
/// use buttress_auth::oauth2::{Algorithm, ClientAuth, JwtKey};
///
/// let pem = std::fs::read("key.pem")?;
/// let key = JwtKey::from_pem(Algorithm::ES256, &pem)?.id("2026-11");
/// let client = ClientAuth::private_key_jwt("my-client", key)?;
/// # drop(client);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct JwtKey {
    pair: Arc<KeyPair>,
    header: Arc<Header>,
}

impl JwtKey {
    /// The key in this PEM text, for this algorithm: `RS…` and `PS…` (2048 bits at least), `ES256`,
    /// `ES384` (PKCS #8) or `EdDSA` (PKCS #8).
    ///
    /// # Errors
    ///
    /// If it is not a private key for this algorithm.
    pub fn from_pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, InvalidKey> {
        Ok(Self {
            pair: Arc::new(KeyPair::from_pem(algorithm, pem)?),
            header: Arc::new(Header::new(algorithm)),
        })
    }

    /// Which of the client's keys it is (`kid`), for servers that know several.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.header).kid = Some(id.into());
        self
    }

    pub(super) fn sign(
        &self,
        claims: &Claims<'_>,
        now: SystemTime,
    ) -> Result<Zeroizing<String>, NotGranted> {
        let failed = || NotGranted::new(Problem::Signing);
        let random = SystemRandom::new();
        let claims = claims.dated(now, &random).ok_or_else(failed)?;
        let head = part(&*self.header).ok_or_else(failed)?;
        let mut token = Zeroizing::new(head + "." + &part(&claims).ok_or_else(failed)?);
        let signature = self.pair.sign(token.as_bytes(), &random);
        let signature = URL_SAFE_NO_PAD.encode(signature.ok_or_else(failed)?);
        token.push('.');
        token.push_str(&signature);
        Ok(token)
    }
}

fn part(of: &impl Serialize) -> Option<String> {
    Some(URL_SAFE_NO_PAD.encode(serde_json::to_vec(of).ok()?))
}

impl fmt::Debug for JwtKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtKey")
            .field("algorithm", &self.header.alg)
            .field("id", &self.header.kid)
            .finish_non_exhaustive()
    }
}

/// What a token says ([RFC 7523 §3](https://www.rfc-editor.org/rfc/rfc7523#section-3)).
#[derive(Serialize)]
pub(super) struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    #[serde(flatten)]
    extra: Option<&'a Map<String, Value>>,
}

#[derive(Serialize)]
struct Dated<'a> {
    #[serde(flatten)]
    claims: &'a Claims<'a>,
    iat: u64,
    exp: u64,
    jti: String,
}

impl<'a> Claims<'a> {
    pub(super) const fn new(issuer: &'a str, subject: &'a str, audience: &'a str) -> Self {
        Self {
            iss: issuer,
            sub: subject,
            aud: audience,
            extra: None,
        }
    }

    pub(super) const fn extra(mut self, extra: &'a Map<String, Value>) -> Self {
        self.extra = Some(extra);
        self
    }

    /// With an end, and a name that no other token has: a server may refuse one that it has seen.
    fn dated(&self, now: SystemTime, random: &SystemRandom) -> Option<Dated<'_>> {
        let now = now.duration_since(UNIX_EPOCH).ok()?;
        let mut name = [0; 16];
        random.fill(&mut name).ok()?;
        Some(Dated {
            claims: self,
            iat: now.as_secs(),
            exp: now.checked_add(LIFE)?.as_secs(),
            jti: URL_SAFE_NO_PAD.encode(name),
        })
    }
}
