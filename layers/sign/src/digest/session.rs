//! What is known of one origin: pure transitions.

use std::collections::VecDeque;

use super::challenge::Challenge;

/// Of more realms, that which was asked for longest ago is forgotten.
const MOST_REALMS: usize = 8;

/// Of more nonces of a realm, that which was sent longest ago is forgotten.
const MOST_NONCES: usize = 8;

/// The realms of an origin; in front that of the last challenge.
#[derive(Default)]
pub(super) struct Realms(VecDeque<Realm>);

struct Realm {
    name: String,
    /// The server has accepted an answer, and has refused none to a fresh challenge since.
    trusted: bool,
    /// In front that of the last challenge. Of the others only the counts are needed: a server may hand
    /// out a nonce twice.
    sessions: VecDeque<Session>,
}

/// A challenge that is answered again and again.
struct Session {
    challenge: Challenge,
    /// How many requests have used the nonce.
    count: u32,
    /// The nonce that it began with.
    first_nonce: String,
    /// The client's nonce of an algorithm that makes its key once for a session.
    cnonce: String,
}

/// The right to answer once.
pub(super) struct Ticket {
    pub(super) challenge: Challenge,
    pub(super) count: u32,
    pub(super) first_nonce: String,
    pub(super) cnonce: String,
}

/// What a request was signed with.
pub(super) struct Used {
    pub(super) realm: String,
    pub(super) nonce: String,
}

impl Session {
    fn new(challenge: Challenge, cnonce: String) -> Self {
        Self {
            first_nonce: challenge.nonce.clone(),
            challenge,
            count: 0,
            cnonce,
        }
    }

    /// One more request uses the nonce; none once they cannot be counted any more.
    fn draw(&mut self, fresh: impl FnOnce() -> String) -> Option<Ticket> {
        self.count = self.count.checked_add(1)?;
        // Of a session the first is the key's, so that both readings of the rule agree.
        let cnonce = if self.challenge.algorithm.session {
            self.cnonce.clone()
        } else {
            fresh()
        };
        Some(Ticket {
            challenge: self.challenge.clone(),
            count: self.count,
            first_nonce: self.first_nonce.clone(),
            cnonce,
        })
    }

    fn has(&self, nonce: &str) -> bool {
        self.challenge.nonce == nonce
    }
}

impl Realm {
    fn new(name: String) -> Self {
        Self {
            name,
            trusted: false,
            sessions: VecDeque::new(),
        }
    }

    /// A nonce that is known already goes on being counted, and begins a session anew
    /// ([RFC 7616 §3.4.2](https://www.rfc-editor.org/rfc/rfc7616#section-3.4.2)).
    fn learn(&mut self, challenge: Challenge, cnonce: String) {
        let mut session = Session::new(challenge, cnonce);
        let known = self
            .sessions
            .iter()
            .position(|known| known.has(&session.challenge.nonce));
        if let Some(known) = known.and_then(|known| self.sessions.remove(known)) {
            session.count = known.count;
        }
        self.sessions.push_front(session);
        self.sessions.truncate(MOST_NONCES);
    }
}

impl Realms {
    /// The right to answer ahead of being asked, if something is known.
    pub(super) fn draw(&mut self, fresh: impl FnOnce() -> String) -> Option<Ticket> {
        let sessions = &mut self.0.front_mut()?.sessions;
        let ticket = sessions.front_mut()?.draw(fresh);
        if ticket.is_none() {
            sessions.pop_front();
        }
        ticket
    }

    /// Learns from a challenge that came for a request that was signed with `used`, or was not signed.
    /// Returns whether an answer may help; [`draw`](Self::draw) answers this challenge then.
    pub(super) fn challenged(
        &mut self,
        used: Option<&Used>,
        challenge: Challenge,
        is_answer: bool,
        cnonce: String,
    ) -> bool {
        let realm = self.asked_for(&challenge.realm);
        let refused = used.filter(|used| used.realm == challenge.realm);
        let stale = challenge.stale;
        // A server that never accepted anything, and does not say that the nonce is stale, means that the
        // password is wrong; asking twice could lock the account.
        let helps = refused.is_none() || stale || realm.trusted;
        if is_answer && refused.is_some() && !stale {
            realm.trusted = false;
        }
        realm.learn(challenge, cnonce);
        helps
    }

    /// The realm of this name, in front from now on.
    fn asked_for(&mut self, name: &str) -> &mut Realm {
        let known = self.0.iter().position(|realm| realm.name == name);
        let known = known.and_then(|place| self.0.remove(place));
        let realm = known.unwrap_or_else(|| Realm::new(name.to_owned()));
        self.0.push_front(realm);
        self.0.truncate(MOST_REALMS);
        &mut self.0[0]
    }

    /// The server accepted an answer, and may have sent the next nonce.
    pub(super) fn accepted(&mut self, used: &Used, next: Option<String>) {
        let Some(realm) = self.0.iter_mut().find(|realm| realm.name == used.realm) else {
            return;
        };
        realm.trusted = true;
        let Some(next) = next.filter(|next| *next != used.nonce) else {
            return;
        };
        if realm.sessions.iter().any(|session| session.has(&next)) {
            realm.sessions.retain(|session| !session.has(&used.nonce));
            return;
        }
        let mut sessions = realm.sessions.iter_mut();
        if let Some(session) = sessions.find(|session| session.has(&used.nonce)) {
            session.challenge.nonce = next;
            session.count = 0;
        }
    }
}

#[cfg(test)]
mod tests;
