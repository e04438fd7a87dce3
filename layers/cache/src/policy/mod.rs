//! The rules of HTTP caching ([RFC 9111](https://www.rfc-editor.org/rfc/rfc9111)), pure: no clock,
//! no lock, no I/O. Time is an argument.
//!
//! [`look_up`] says what to do about a request, given the heads that are stored for its URI;
//! [`learn`] says what to do about a response; [`rescue`] whether a stored response may stand in for
//! one that failed; [`answer`] makes the head of an answer from the store. What directives come down
//! to is computed when a response is stored, so that a hit parses nothing: it costs some hundred
//! instructions and no allocation.
//!
//! Sections are those of RFC 9111 unless another RFC is named.
//!
//! | rule | section | file |
//! | --- | --- | --- |
//! | which requests the store answers, which go on, 504 | 4, 5.2.1.7 | `look_up.rs`, `decision.rs` |
//! | which of the stored responses, and what of it | 4 | `select.rs` |
//! | whether it is fresh, or may be used stale | 4.2, 4.2.4; RFC 5861; RFC 8246 | `verdict.rs` |
//! | how long it is fresh: explicit, heuristic | 4.2.1, 4.2.2 | `freshness.rs` |
//! | how old it was when it came | 4.2.3, 5.1 | `age.rs` |
//! | request directives, `Pragma` | 5.2.1, 5.4 | `request.rs` |
//! | response directives | 5.2.2 | `control.rs`, as written: `directives.rs` |
//! | targeted fields | RFC 9213 | `targeted.rs` |
//! | what may be stored: methods, statuses, `Authorization`, `must-understand` | 3, 3.5, 5.2.2.3 | `storable.rs`, `status.rs` |
//! | which fields are stored, and which an update changes | 3.1, 3.2 | `fields.rs` |
//! | which requests a response answers | 4.1 | `vary.rs`, preferences: `weights.rs`, for stores: `seal.rs` |
//! | conditions: ours, and the caller's | 4.3.1, 4.3.2 | `conditions.rs`, `validator.rs` |
//! | 304 and HEAD | 4.3.4, 4.3.5 | `update.rs` |
//! | ranges, parts, incomplete responses | 3.3, 3.4; RFC 9110 §14 | `range.rs`, `partial.rs`, `rest.rs`, `head.rs` |
//! | invalidation, and what `Location` refers to | 4.4; RFC 3986 §5 | `invalidate.rs`, `location.rs` |
//! | dates, numbers, lists | 1.2.2; RFC 9110 §5.6 | `dates.rs`, `seconds.rs`, `list.rs` |
//! | `Cache-Status` | RFC 9211 | `cache_status.rs` |
//! | what the caller, or the whole cache, was told | | `wishes.rs`, `settings.rs` |
//!
//! Where the RFC leaves the choice:
//!
//! - Of a directive that comes twice, the first counts; a lifetime that is no number is over at once.
//! - A response that is neither fresh for a moment, nor may be stale, nor has a validator, is not
//!   stored: it could never be used. Nor is one with `Vary: *`, nor one of status 304, 412 or 416.
//! - A 304 whose validator is another than the one it was asked about changes no field, but counts as
//!   a validation: the origin was asked about that very response. So does one with a strong tag where
//!   the stored response has none; no tag is ever taken from a 304.
//! - A 304 says how long a response is right for the request that it answers. Of other requests that
//!   the origin once gave the same response to, it says nothing: each has an age of its own.
//! - A response that came at a time which is yet to come, by more than a minute, is validated: the
//!   clock was put back.
//! - A stale response hides a lost connection and the statuses 500, 502, 503 and 504 even without
//!   `stale-if-error`, unless a directive forbids it; with it, only as long as it says.
//! - A shared cache guesses no lifetime for a response that sets a cookie, and gives a cookie to others
//!   only where the origin says itself that the response may be reused.
//! - A full response to a validation, whether or not it is stored, does away with what it was about;
//!   one that speaks of the request or of a bad moment (401, 429, 5xx and their kin) does not.
//! - A part is joined to a stored one only where it may be stored itself, and passed on as the whole
//!   only where its length shows that it is.
//! - `Accept-Language` and `Accept-Encoding` are compared as sets of preferences. A response in the
//!   one language that the caller prefers to all others answers it as well.
//! - Fields that `no-cache` names are not stored; those of a 304 are given to the one who asked.
//! - A directive of a targeted field whose value is of the wrong type permits nothing: a lifetime is
//!   over, and a prohibition holds (RFC 9213 §2.1).
mod age;
mod answer;
mod ask;
mod cache_status;
mod conditions;
mod control;
mod dates;
mod decision;
mod directives;
mod fields;
mod freshness;
#[cfg(test)]
mod fuzzed;
mod head;
#[cfg(test)]
mod hostile;
mod invalidate;
mod lesson;
mod list;
mod location;
mod look_up;
#[cfg(test)]
mod model;
#[cfg(test)]
mod oracle;
mod partial;
mod range;
mod request;
mod rest;
#[cfg(test)]
mod scenarios;
#[cfg(feature = "persistent")]
mod seal;
mod seconds;
mod select;
mod settings;
mod status;
mod storable;
mod targeted;
mod update;
mod validator;
mod vary;
mod verdict;
mod weights;
mod wishes;

pub(crate) use self::answer::answer;
pub(crate) use self::ask::{Arrival, Ask};
pub(crate) use self::cache_status::CacheStatus;
pub(crate) use self::conditions::Conditions;
pub(crate) use self::decision::{Aim, Decision, Forward, Reason, Reply, Serve};
pub(crate) use self::fields::give;
pub(crate) use self::freshness::Freshness;
pub(crate) use self::head::{Extent, Head, parts};
pub(crate) use self::lesson::{Action, Lesson, learn};
pub(crate) use self::look_up::{by_all_rules, look_up, rescue, usual};
pub(crate) use self::request::{Glance, forbids_storing, only_if_cached, wants_its_own};
pub(crate) use self::rest::Rest;
pub(crate) use self::settings::Policy;
pub(crate) use self::status::is_passing;
pub(crate) use self::vary::{Row, Vary};
pub use self::wishes::Mode;
pub(crate) use self::wishes::Wishes;
