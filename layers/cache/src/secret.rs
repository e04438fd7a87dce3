//! Credentials as a digest that is the same in each process that knows a secret.

use std::fmt;

use ring::hmac::{HMAC_SHA256, Key, sign};
use ring::rand::{SecureRandom, SystemRandom};

use crate::error::InvalidSettings;
use crate::store::Credentials;

/// A secret of fewer bytes could be guessed, and the credentials behind it then too.
const SHORTEST: usize = 32;

#[derive(Clone)]
pub(crate) struct Secret(Key);

impl Secret {
    pub(crate) fn new(secret: &[u8]) -> Result<Self, InvalidSettings> {
        if secret.len() < SHORTEST {
            return Err(InvalidSettings(
                "a secret for partitions has 32 bytes at least, from a good source of random bytes",
            ));
        }
        // Whoever uses one secret for several things has other digests there.
        let own = sign(&Key::new(HMAC_SHA256, secret), b"buttress-cache partitions");
        Ok(Self(Key::new(HMAC_SHA256, own.as_ref())))
    }

    /// One that nobody else has: `None` where the operating system gives no random bytes.
    pub(crate) fn random() -> Option<Self> {
        let mut secret = [0; SHORTEST];
        SystemRandom::new().fill(&mut secret).ok()?;
        Self::new(&secret).ok()
    }

    pub(crate) fn digest(&self, credentials: &[u8]) -> Credentials {
        let tag = sign(&self.0, credentials);
        let half = |at: usize| {
            let bytes = tag.as_ref()[at..].iter().take(8);
            bytes.fold(0, |number: u64, byte| number << 8 | u64::from(*byte))
        };
        [half(0), half(8)]
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_depends_on_the_secret_and_the_credentials_alone() {
        let of = |secret: u8, credentials: &[u8]| {
            let secret = Secret::new(&[secret; 32]).expect("it is long enough");
            assert_eq!(format!("{secret:?}"), "Secret");
            secret.digest(credentials)
        };
        assert_eq!(of(1, b"Bearer a"), of(1, b"Bearer a"));
        assert_ne!(of(1, b"Bearer a"), of(1, b"Bearer b"));
        assert_ne!(of(1, b"Bearer a"), of(2, b"Bearer a"));
        assert_ne!(of(1, b"")[0], of(1, b"")[1], "both halves count");
    }

    #[test]
    fn a_digest_is_a_keyed_one_of_the_whole() {
        let secret = Secret::new(&[7; 32]).expect("it is long enough");
        let [high, low] = secret.digest(b"Basic dXNlcjpwYXNz");
        let inner = sign(
            &Key::new(HMAC_SHA256, &[7; 32]),
            b"buttress-cache partitions",
        );
        let tag = sign(
            &Key::new(HMAC_SHA256, inner.as_ref()),
            b"Basic dXNlcjpwYXNz",
        );
        let bytes = [high.to_be_bytes(), low.to_be_bytes()].concat();
        assert_eq!(bytes, tag.as_ref()[..16]);
    }

    #[test]
    fn a_random_secret_is_nobody_elses() {
        let of = || {
            Secret::random()
                .expect("there are random bytes")
                .digest(b"Bearer a")
        };
        assert_ne!(of(), of());
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(Secret::new(&[7; 31]).is_err());
        assert!(Secret::new(b"").is_err());
    }
}
