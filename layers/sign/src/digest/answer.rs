use std::fmt::Write;

use http::request::Parts;
use http::{HeaderValue, Method};

use super::challenge::{Challenge, Offered};
use crate::percent::push;
use crate::{Payload, Secret, target};

/// Who answers.
#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) user: String,
    pub(super) password: Secret,
}

/// What makes an answer one of a kind.
pub(super) struct Once<'a> {
    pub(super) nonce: &'a str,
    /// The nonce that the session began with, which is in its key.
    pub(super) first_nonce: &'a str,
    /// How many requests have used the server's nonce, this one included.
    pub(super) count: u32,
    pub(super) cnonce: &'a str,
}

/// What is asked for.
pub(super) struct Asked<'a> {
    method: &'a Method,
    uri: &'a str,
    body: Payload<'a>,
}

impl<'a> Asked<'a> {
    pub(super) fn of(head: &'a Parts, body: Payload<'a>) -> Self {
        let (method, uri) = (&head.method, target::path_and_query(&head.uri));
        Self { method, uri, body }
    }
}

impl Credentials {
    /// The value of `Authorization`, if the challenge can be answered for this request
    /// ([RFC 7616 §3.4](https://www.rfc-editor.org/rfc/rfc7616#section-3.4)). Pure.
    pub(super) fn answer(
        &self,
        challenge: &Challenge,
        asked: &Asked<'_>,
        once: &Once<'_>,
    ) -> Option<HeaderValue> {
        let response = self.response(challenge, asked, once)?;
        let mut text = format!(
            "Digest {}, realm={}, uri={}",
            self.name(challenge),
            quoted(&challenge.realm),
            quoted(asked.uri)
        );
        // Writing to a string cannot fail.
        if challenge.algorithm_named {
            let _ = write!(text, ", algorithm={}", challenge.algorithm);
        }
        let _ = write!(text, ", nonce={}", quoted(once.nonce));
        if let Some(qop) = challenge.qop.as_str() {
            let (count, cnonce) = (once.count, quoted(once.cnonce));
            let _ = write!(text, ", nc={count:08x}, cnonce={cnonce}, qop={qop}");
        }
        let _ = write!(text, ", response=\"{response}\"");
        if let Some(opaque) = &challenge.opaque {
            let _ = write!(text, ", opaque={}", quoted(opaque));
        }
        if challenge.userhash {
            text.push_str(", userhash=true");
        }
        let mut value = HeaderValue::try_from(text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn response(
        &self,
        challenge: &Challenge,
        asked: &Asked<'_>,
        once: &Once<'_>,
    ) -> Option<String> {
        let hash = challenge.algorithm.hash;
        let (nonce, cnonce) = (once.nonce.as_bytes(), once.cnonce.as_bytes());
        let (user, realm) = (self.user.as_bytes(), challenge.realm.as_bytes());
        let mut key = zeroize::Zeroizing::new(hash.of(&[user, realm, self.password.expose()]));
        if challenge.algorithm.session {
            // RFC 7616 §3.4.2: made once, so that a nonce that comes later is not in it.
            *key = hash.of(&[key.as_bytes(), once.first_nonce.as_bytes(), cnonce]);
        }
        let (method, uri) = (asked.method.as_str().as_bytes(), asked.uri.as_bytes());
        let target = match (challenge.qop, asked.body) {
            (Offered::AuthInt, Payload::Bytes(body)) => {
                hash.of(&[method, uri, hash.of(&[body]).as_bytes()])
            }
            (Offered::AuthInt, Payload::Stream) => return None,
            (Offered::Auth | Offered::Nothing, _) => hash.of(&[method, uri]),
        };
        let count = format!("{:08x}", once.count);
        Some(match challenge.qop.as_str() {
            Some(qop) => hash.of(&[
                key.as_bytes(),
                nonce,
                count.as_bytes(),
                cnonce,
                qop.as_bytes(),
                target.as_bytes(),
            ]),
            None => hash.of(&[key.as_bytes(), nonce, target.as_bytes()]),
        })
    }

    /// The user's name, or its hash where the server knows names by their hashes, or encoded where it is
    /// not fit for quotes ([RFC 7616 §3.4](https://www.rfc-editor.org/rfc/rfc7616#section-3.4)).
    fn name(&self, challenge: &Challenge) -> String {
        if challenge.userhash {
            let hash = challenge.algorithm.hash;
            let name = hash.of(&[self.user.as_bytes(), challenge.realm.as_bytes()]);
            return format!("username=\"{name}\"");
        }
        if self.user.is_ascii() {
            return format!("username={}", quoted(&self.user));
        }
        let mut encoded = String::new();
        for byte in self.user.bytes() {
            let stays = byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte);
            push(byte, stays, &mut encoded);
        }
        format!("username*=UTF-8''{encoded}")
    }
}

impl Offered {
    pub(super) const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Auth => Some("auth"),
            Self::AuthInt => Some("auth-int"),
        }
    }
}

fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}
