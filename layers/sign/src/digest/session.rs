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
mod tests {
    use http::{HeaderMap, header};

    use super::super::algorithm::Hash;
    use super::super::challenge::strongest;
    use super::*;

    fn challenge(rest: &str) -> Challenge {
        let mut headers = HeaderMap::new();
        let realm = if rest.contains("realm=") {
            ""
        } else {
            "realm=r, "
        };
        let line = format!("Digest {realm}qop=auth, {rest}");
        headers.insert(
            header::WWW_AUTHENTICATE,
            line.parse().expect("a valid value"),
        );
        strongest(&headers, Hash::Md5).expect("a challenge")
    }

    fn knowing(nonce: &str) -> Realms {
        let mut realms = Realms::default();
        assert!(told(&mut realms, None, &format!("nonce={nonce}")));
        realms
    }

    fn drawn(realms: &mut Realms) -> (String, u32, String) {
        let ticket = realms.draw(|| "fresh".to_owned()).expect("a ticket");
        (ticket.challenge.nonce, ticket.count, ticket.cnonce)
    }

    fn nonce(realms: &mut Realms) -> (String, u32) {
        let (nonce, count, _) = drawn(realms);
        (nonce, count)
    }

    fn used(nonce: &str) -> Used {
        let (realm, nonce) = ("r".to_owned(), nonce.to_owned());
        Used { realm, nonce }
    }

    fn asked(realms: &mut Realms, with: Option<&str>, rest: &str, is_answer: bool) -> bool {
        let with = with.map(used);
        realms.challenged(
            with.as_ref(),
            challenge(rest),
            is_answer,
            "first".to_owned(),
        )
    }

    fn told(realms: &mut Realms, with: Option<&str>, rest: &str) -> bool {
        asked(realms, with, rest, false)
    }

    #[test]
    fn each_request_has_a_count_of_its_own() {
        let mut realms = knowing("a");
        assert_eq!(drawn(&mut realms), ("a".into(), 1, "fresh".into()));
        assert_eq!(drawn(&mut realms), ("a".into(), 2, "fresh".into()));
        realms.0[0].sessions[0].count = u32::MAX;
        assert!(realms.draw(String::new).is_none());
        assert!(realms.0[0].sessions.is_empty());
    }

    #[test]
    fn a_session_keeps_its_first_nonces_of_both_sides() {
        let mut realms = knowing("a, algorithm=SHA-256-sess");
        assert_eq!(drawn(&mut realms), ("a".into(), 1, "first".into()));
        realms.accepted(&used("a"), Some("b".to_owned()));
        let ticket = realms.draw(String::new).expect("a ticket");
        assert_eq!((ticket.challenge.nonce.as_str(), ticket.count), ("b", 1));
        assert_eq!(
            (ticket.first_nonce.as_str(), ticket.cnonce.as_str()),
            ("a", "first")
        );
        // Another challenge, of the same nonce even, begins another session.
        assert!(told(&mut realms, None, "nonce=b, algorithm=SHA-256-sess"));
        let ticket = realms.draw(String::new).expect("a ticket");
        assert_eq!((ticket.first_nonce.as_str(), ticket.count), ("b", 2));
    }

    #[test]
    fn the_challenge_that_came_is_the_one_that_is_answered() {
        let mut realms = knowing("a");
        assert_eq!(nonce(&mut realms), ("a".into(), 1));
        assert!(told(&mut realms, None, "nonce=b"));
        assert_eq!(nonce(&mut realms), ("b".into(), 1));
        assert!(told(&mut realms, Some("a"), "realm=other, nonce=c"));
        assert_eq!(nonce(&mut realms), ("c".into(), 1));
    }

    #[test]
    fn a_nonce_that_is_handed_out_twice_is_counted_on() {
        let mut realms = knowing("a");
        assert_eq!(nonce(&mut realms), ("a".into(), 1));
        assert!(told(&mut realms, None, "nonce=b"));
        assert_eq!(nonce(&mut realms), ("b".into(), 1));
        assert!(told(&mut realms, None, "nonce=a"));
        assert_eq!(nonce(&mut realms), ("a".into(), 2));
        assert!(told(&mut realms, Some("a"), "nonce=a, stale=true"));
        assert_eq!(nonce(&mut realms), ("a".into(), 3));
        assert!(told(&mut realms, Some("a"), "nonce=c, stale=true"));
        assert!(told(&mut realms, Some("c"), "nonce=a, stale=true"));
        assert_eq!(nonce(&mut realms), ("a".into(), 4));
    }

    #[test]
    fn a_wrong_password_is_not_tried_twice() {
        let mut realms = knowing("a");
        assert!(!told(&mut realms, Some("a"), "nonce=b"));
        assert_eq!(
            nonce(&mut realms),
            ("b".into(), 1),
            "the next request tries anew"
        );
        // Nor is it when another request, with the same password, was refused first.
        assert!(!told(&mut realms, Some("a"), "nonce=c"));
    }

    #[test]
    fn a_nonce_that_is_stale_or_has_worked_is_replaced() {
        let mut realms = knowing("a");
        assert!(told(&mut realms, Some("a"), "nonce=b, stale=TRUE"));
        realms.accepted(&used("b"), None);
        assert!(told(&mut realms, Some("b"), "nonce=c"));
        assert_eq!(nonce(&mut realms), ("c".into(), 1));
        assert!(
            told(&mut realms, Some("b"), "nonce=d"),
            "one that was under way meanwhile"
        );
        assert_eq!(nonce(&mut realms), ("d".into(), 1));
    }

    #[test]
    fn a_password_that_has_worked_is_trusted_until_an_answer_is_refused() {
        let mut realms = knowing("a");
        realms.accepted(&used("a"), None);
        assert!(told(&mut realms, Some("a"), "nonce=b"));
        asked(&mut realms, Some("b"), "nonce=c, stale=true", true);
        assert!(
            told(&mut realms, Some("c"), "nonce=d"),
            "stale says nothing of the password"
        );
        asked(&mut realms, Some("d"), "nonce=e", true);
        assert!(!told(&mut realms, Some("e"), "nonce=f"));
    }

    #[test]
    fn each_realm_trusts_for_itself() {
        let mut realms = knowing("a");
        realms.accepted(&used("a"), None);
        assert!(told(&mut realms, Some("a"), "realm=other, nonce=b"));
        let other = Used {
            realm: "other".to_owned(),
            nonce: "b".to_owned(),
        };
        let again = challenge("realm=other, nonce=c");
        assert!(!realms.challenged(Some(&other), again, false, String::new()));
        assert!(told(&mut realms, Some("a"), "nonce=d"));
    }

    #[test]
    fn the_next_nonce_begins_a_new_count() {
        let mut realms = knowing("a");
        drawn(&mut realms);
        realms.accepted(&used("other"), Some("b".to_owned()));
        assert_eq!(drawn(&mut realms).1, 2, "a late answer changes nothing");
        realms.accepted(&used("a"), Some("a".to_owned()));
        assert_eq!(drawn(&mut realms).1, 3);
        realms.accepted(&used("a"), Some("b".to_owned()));
        assert_eq!(nonce(&mut realms), ("b".into(), 1));
        assert!(told(&mut realms, None, "nonce=c"));
        realms.accepted(&used("c"), Some("b".to_owned()));
        assert_eq!(nonce(&mut realms), ("b".into(), 2), "it is counted on");
    }

    #[test]
    fn no_server_makes_the_memory_grow() {
        let mut realms = Realms::default();
        for number in 0..100 {
            assert!(told(&mut realms, None, &format!("nonce=n{number}")));
        }
        assert_eq!(realms.0[0].sessions.len(), MOST_NONCES);
        for number in 0..100 {
            assert!(told(
                &mut realms,
                None,
                &format!("realm=r{number}, nonce=n")
            ));
        }
        assert_eq!(realms.0.len(), MOST_REALMS);
        assert_eq!(realms.0[0].name, "r99");
    }
}
