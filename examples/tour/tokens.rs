//! The server's other trade: it issues tokens, which live briefly.

use std::time::Duration;

use tokio::time::Instant;

/// How long a token lives.
const LIFE: Duration = Duration::from_millis(1_200);

/// A token younger than this needs no other in its place.
const YOUNG: Duration = Duration::from_millis(800);

/// With this many requests served, the server forgets every token.
const REVOKED_AFTER: u32 = 120;

/// The tokens of one scene.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    issued: Vec<Instant>,
    /// Tokens before this one are good for nothing.
    revoked: usize,
    needless: u32,
    served: u32,
    rejected: u32,
}

impl Tokens {
    /// How often somebody signed in.
    pub(crate) fn issued(&self) -> usize {
        self.issued.len()
    }

    /// How often somebody signed in who had a good token.
    pub(crate) fn needless(&self) -> u32 {
        self.needless
    }

    /// Requests with a token that had ended, or with none.
    pub(crate) fn rejected(&self) -> u32 {
        self.rejected
    }

    /// An answer to a sign-in: a new token, as OAuth 2 says it.
    pub(crate) fn issue(&mut self, now: Instant) -> String {
        let last = self.issued.get(self.revoked..).and_then(<[_]>::last);
        self.needless += u32::from(last.is_some_and(|last| now < *last + YOUNG));
        self.issued.push(now);
        let (number, life) = (self.issued.len(), LIFE.as_secs_f64());
        format!(r#"{{"access_token":"token-{number}","token_type":"Bearer","expires_in":{life}}}"#)
    }

    /// Whether a request with this `Authorization` is served.
    pub(crate) fn serve(&mut self, authorization: Option<&str>, now: Instant) -> bool {
        if self.served == REVOKED_AFTER && self.revoked == 0 {
            self.revoked = self.issued.len();
        }
        let good = authorization.is_some_and(|value| self.is_good(value, now));
        self.served += u32::from(good);
        self.rejected += u32::from(!good);
        good
    }

    fn is_good(&self, authorization: &str, now: Instant) -> bool {
        let number = authorization.strip_prefix("Bearer token-");
        let number = number.and_then(|number| number.parse::<usize>().ok());
        let index = number.and_then(|number| number.checked_sub(1));
        let issued = index.filter(|index| *index >= self.revoked);
        let issued = issued.and_then(|index| self.issued.get(index));
        issued.is_some_and(|issued| now < *issued + LIFE)
    }
}
