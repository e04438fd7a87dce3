//! What is known of one origin: pure transitions.

use super::challenge::Challenge;

/// A challenge that is answered again and again.
#[derive(Clone)]
pub(super) struct Session {
    challenge: Challenge,
    /// How many requests have used the nonce.
    count: u32,
    /// The server has accepted an answer.
    proven: bool,
    /// The client's nonce of an algorithm that makes its key once for a session.
    cnonce: String,
}

/// The right to answer once.
pub(super) struct Ticket {
    pub(super) challenge: Challenge,
    pub(super) count: u32,
    pub(super) cnonce: String,
}

impl Session {
    pub(super) fn new(challenge: Challenge, cnonce: String) -> Self {
        Self {
            challenge,
            count: 0,
            proven: false,
            cnonce,
        }
    }

    /// One more request uses the nonce; none once they cannot be counted any more.
    pub(super) fn draw(&mut self, fresh: impl FnOnce() -> String) -> Option<Ticket> {
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
            cnonce,
        })
    }

    /// The server accepted an answer with this nonce, and may have sent the next one.
    pub(super) fn accepted(&mut self, used: &str, next: Option<String>) {
        if self.challenge.nonce == used {
            self.proven = true;
            if let Some(next) = next.filter(|next| next != used) {
                self.challenge.nonce = next;
                self.count = 0;
            }
        }
    }
}

/// What to do about a challenge that came for a request that used `used`, or nothing. Changes the
/// session if the challenge is newer than what is known. Returns whether a second answer may help.
pub(super) fn challenged(
    session: &mut Option<Session>,
    used: Option<&str>,
    challenge: Challenge,
    cnonce: impl FnOnce() -> String,
) -> bool {
    let Some(known) = session else {
        *session = Some(Session::new(challenge, cnonce()));
        return true;
    };
    if used != Some(&*known.challenge.nonce) {
        // Somebody has learned something newer meanwhile, which is good for this request too.
        return true;
    }
    // A nonce that never worked and is not stale means that the password is wrong; asking twice could
    // lock the account.
    let helps = challenge.stale || known.proven;
    *known = Session::new(challenge, cnonce());
    helps
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, header};

    use super::super::algorithm::Hash;
    use super::super::challenge::strongest;
    use super::*;

    fn challenge(rest: &str) -> Challenge {
        let mut headers = HeaderMap::new();
        let line = format!("Digest realm=r, qop=auth, {rest}");
        headers.insert(
            header::WWW_AUTHENTICATE,
            line.parse().expect("a valid value"),
        );
        strongest(&headers, Hash::Md5).expect("a challenge")
    }

    fn session(nonce: &str) -> Session {
        Session::new(challenge(&format!("nonce={nonce}")), "first".to_owned())
    }

    fn draw(session: &mut Session) -> (String, u32, String) {
        let ticket = session.draw(|| "fresh".to_owned()).expect("a ticket");
        (ticket.challenge.nonce, ticket.count, ticket.cnonce)
    }

    fn told(session: &mut Option<Session>, used: Option<&str>, rest: &str) -> bool {
        challenged(session, used, challenge(rest), || "first".to_owned())
    }

    #[test]
    fn each_request_has_a_count_of_its_own() {
        let mut session = session("a");
        assert_eq!(draw(&mut session), ("a".into(), 1, "fresh".into()));
        assert_eq!(draw(&mut session), ("a".into(), 2, "fresh".into()));
        session.count = u32::MAX;
        assert!(session.draw(String::new).is_none());
    }

    #[test]
    fn a_session_keeps_its_first_client_nonce() {
        let challenge = challenge("nonce=a, algorithm=SHA-256-sess");
        let mut session = Session::new(challenge, "first".to_owned());
        assert_eq!(draw(&mut session), ("a".into(), 1, "first".into()));
        assert_eq!(draw(&mut session), ("a".into(), 2, "first".into()));
    }

    #[test]
    fn the_first_challenge_is_answered() {
        let mut known = None;
        assert!(told(&mut known, None, "nonce=a"));
        assert_eq!(
            draw(known.as_mut().expect("a session")),
            ("a".into(), 1, "fresh".into())
        );
    }

    #[test]
    fn a_late_challenge_never_displaces_a_newer_nonce() {
        let mut known = Some(session("new"));
        assert!(told(&mut known, Some("old"), "nonce=late, stale=true"));
        assert!(told(&mut known, None, "nonce=late"));
        assert_eq!(draw(known.as_mut().expect("a session")).0, "new");
    }

    #[test]
    fn a_wrong_password_is_not_tried_twice() {
        let mut known = Some(session("a"));
        assert!(!told(&mut known, Some("a"), "nonce=b"));
        assert_eq!(
            draw(known.as_mut().expect("a session")).0,
            "b",
            "the next request tries anew"
        );
    }

    #[test]
    fn a_nonce_that_is_stale_or_has_worked_is_replaced() {
        let mut known = Some(session("a"));
        assert!(told(&mut known, Some("a"), "nonce=b, stale=TRUE"));
        known.as_mut().expect("a session").accepted("b", None);
        assert!(told(&mut known, Some("b"), "nonce=c"));
        assert_eq!(
            draw(known.as_mut().expect("a session")),
            ("c".into(), 1, "fresh".into())
        );
    }

    #[test]
    fn the_next_nonce_begins_a_new_count() {
        let mut session = session("a");
        draw(&mut session);
        session.accepted("other", Some("b".to_owned()));
        assert_eq!(draw(&mut session).1, 2, "a late answer changes nothing");
        session.accepted("a", Some("a".to_owned()));
        assert_eq!(draw(&mut session).1, 3);
        session.accepted("a", Some("b".to_owned()));
        assert_eq!(draw(&mut session), ("b".into(), 1, "fresh".into()));
    }
}
