//! The rules of HTTP caching ([RFC 9111](https://www.rfc-editor.org/rfc/rfc9111)), pure: no clock,
//! no lock, no I/O. Time is an argument.
//!
//! Two questions: [`look_up`] says what to do about a request, given the heads that are stored for
//! its URI; [`learn`] says what to do about a response. A third, [`rescue`], says whether a stored
//! response may stand in for one that failed.
// Until the layer uses all of it.
#![allow(dead_code, unused_imports)]

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
mod head;
mod invalidate;
mod lesson;
mod list;
mod location;
#[cfg(test)]
mod model;
#[cfg(test)]
mod oracle;
mod partial;
mod range;
mod request;
#[cfg(test)]
mod scenarios;
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
pub(crate) use self::decision::{Aim, Decision, Forward, Reason, Reply, Serve, look_up, rescue};
pub(crate) use self::freshness::Freshness;
pub(crate) use self::head::{Extent, Head};
pub(crate) use self::lesson::{Action, Lesson, learn};
pub(crate) use self::settings::Policy;
pub(crate) use self::vary::Vary;
pub use self::wishes::Mode;
pub(crate) use self::wishes::Wishes;
