//! What goes wrong on this tour, and what the stack promises about it.

use http::Method;

use crate::load::Load;
use crate::scene::{Promise, Scene};
use crate::stack::{orderly, patient, prudent, signed_in};

const EVERY_CALL_IS_ANSWERED: Promise = Promise {
    words: "every call is answered",
    kept: |run| run.well() == run.calls.len(),
};

const NO_CALL_HANGS: Promise = Promise {
    words: "no call hangs",
    kept: |run| run.hung() == 0,
};

/// The tour, in order.
pub(crate) static ALL: [Scene; 9] = [
    Scene {
        title: "bursts of 503",
        load: Load::new(Method::GET, "flaky", 150).at_once(8),
        stack: patient,
        promises: &[EVERY_CALL_IS_ANSWERED],
    },
    Scene {
        title: "429 with Retry-After: 1",
        load: Load::new(Method::GET, "limited", 60).at_once(6),
        stack: patient,
        promises: &[
            EVERY_CALL_IS_ANSWERED,
            Promise {
                words: "only calls already under way are refused (6 at most)",
                kept: |run| run.notes.refused <= 6,
            },
        ],
    },
    Scene {
        title: "100 requests a second allowed",
        load: Load::new(Method::GET, "quota", 150).at_once(16),
        stack: orderly,
        promises: &[
            EVERY_CALL_IS_ANSWERED,
            Promise {
                words: "the server refuses nothing, for nothing comes too soon",
                kept: |run| run.notes.refused == 0,
            },
        ],
    },
    Scene {
        title: "heads that never come",
        load: Load::new(Method::GET, "hang", 36).at_once(6),
        stack: patient,
        promises: &[EVERY_CALL_IS_ANSWERED, NO_CALL_HANGS],
    },
    Scene {
        title: "bodies that stall",
        load: Load::new(Method::GET, "stall", 36).at_once(6),
        stack: patient,
        promises: &[NO_CALL_HANGS],
    },
    Scene {
        title: "orders whose answers are lost",
        load: Load::new(Method::POST, "orders", 40).at_once(8),
        stack: patient,
        promises: &[
            EVERY_CALL_IS_ANSWERED,
            Promise {
                words: "every order is carried out exactly once",
                kept: |run| run.notes.orders as usize == run.calls.len(),
            },
        ],
    },
    Scene {
        title: "tokens that end, and one revoked",
        load: Load::new(Method::GET, "private", 480)
            .at_once(24)
            .every_ms(5),
        stack: signed_in,
        promises: &[
            EVERY_CALL_IS_ANSWERED,
            Promise {
                words: "one sign-in for each token that ended, and none before",
                kept: |run| run.notes.tokens.issued() >= 3 && run.notes.tokens.needless() == 0,
            },
            Promise {
                words: "only calls already under way are rejected, each once (24 at most)",
                kept: |run| run.notes.tokens.rejected() <= 24,
            },
        ],
    },
    Scene {
        title: "an outage, with retries",
        load: Load::new(Method::GET, "outage", 300).at_once(100),
        stack: patient,
        promises: &[
            NO_CALL_HANGS,
            Promise {
                words: "the server gets at most 1.25 times the calls, plus 10 a second over 10 s",
                kept: |run| run.notes.seen as usize <= run.calls.len() * 5 / 4 + 100,
            },
        ],
    },
    Scene {
        title: "an outage, with a breaker",
        load: Load::new(Method::GET, "outage", 300)
            .at_once(4)
            .every_ms(10),
        stack: prudent,
        promises: &[
            NO_CALL_HANGS,
            Promise {
                words: "the circuit opens, is probed, and closes when all is well again",
                kept: |run| {
                    run.circuit.starts_with(&["closed", "open", "half-open"])
                        && run.circuit.ends_with(&["half-open", "closed"])
                },
            },
            Promise {
                words: "the server is spared while it is down (25 requests at most)",
                kept: |run| run.notes.down <= 25,
            },
            Promise {
                words: "calls are answered again after the outage",
                kept: |run| run.well() >= run.calls.len() / 4,
            },
        ],
    },
];
