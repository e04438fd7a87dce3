use std::error::Error;
use std::fmt;

/// A key that cannot sign. It is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidKey(KeyRule);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyRule {
    Algorithm,
    Pem,
    Key,
}

impl From<KeyRule> for InvalidKey {
    fn from(rule: KeyRule) -> Self {
        Self(rule)
    }
}

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            KeyRule::Algorithm => {
                "no private key signs with this algorithm; take `ES256` or `RS256`"
            }
            KeyRule::Pem => {
                "this is not a private key in PEM for this algorithm; is it a public key, encrypted, \
                 or of another kind?"
            }
            KeyRule::Key => {
                "this key cannot be used: RSA needs 2048 bits at least, EC the algorithm's curve"
            }
        })
    }
}

impl Error for InvalidKey {}
