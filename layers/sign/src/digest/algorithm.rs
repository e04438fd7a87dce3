use std::fmt;

use md5::Md5;
use ring::digest::{SHA256, SHA512_256, digest};

use crate::hex::hex;

/// A hash function of the registry
/// ([RFC 7616 §6.1](https://www.rfc-editor.org/rfc/rfc7616#section-6.1)), weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hash {
    Md5,
    Sha256,
    Sha512_256,
}

/// A hash function, and whether the key is made once for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Algorithm {
    pub(super) hash: Hash,
    pub(super) session: bool,
}

impl Algorithm {
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (hash, session) = match name.to_ascii_lowercase().strip_suffix("-sess") {
            Some(hash) => (hash.to_owned(), true),
            None => (name.to_ascii_lowercase(), false),
        };
        let hash = match &*hash {
            "md5" => Hash::Md5,
            "sha-256" => Hash::Sha256,
            "sha-512-256" => Hash::Sha512_256,
            _ => return None,
        };
        Some(Self { hash, session })
    }

    pub(super) const fn as_str(self) -> &'static str {
        match (self.hash, self.session) {
            (Hash::Md5, false) => "MD5",
            (Hash::Md5, true) => "MD5-sess",
            (Hash::Sha256, false) => "SHA-256",
            (Hash::Sha256, true) => "SHA-256-sess",
            (Hash::Sha512_256, false) => "SHA-512-256",
            (Hash::Sha512_256, true) => "SHA-512-256-sess",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Hash {
    /// The hash of the parts with a colon between them, in hexadecimal digits.
    pub(super) fn of(self, parts: &[&[u8]]) -> String {
        // A password may be among them.
        let joined = zeroize::Zeroizing::new(parts.join(&b':'));
        match self {
            Self::Md5 => hex(<Md5 as md5::Digest>::digest(&*joined).as_ref()),
            Self::Sha256 => hex(digest(&SHA256, &joined).as_ref()),
            Self::Sha512_256 => hex(digest(&SHA512_256, &joined).as_ref()),
        }
    }
}
