//! What callers see: requests in a row, as the public test suite for HTTP caches puts them, and what
//! it does not try.

mod forms;
mod freshness;
mod handed;
mod invalidation;
mod ranges;
mod requests;
mod stale;
mod storing;
mod validation;
mod variants;

use super::Policy;
use super::model::{Answer, Cache, Origin, get, origin};

fn twice(cache: &mut Cache, first: &Origin, pause: u64) -> Answer {
    cache.get(&get(&[]), first);
    cache.wait(pause);
    cache.get(&get(&[]), &origin(200, &[], "second"))
}

fn is_reused(policy: Policy, fields: &[(&str, &str)]) -> bool {
    let mut cache = Cache::new(policy);
    twice(&mut cache, &origin(200, fields, "first"), 3).text() == "first"
}

fn reused(fields: &[(&str, &str)]) -> [bool; 2] {
    [Policy::private(), Policy::shared()].map(|policy| is_reused(policy, fields))
}

const BOTH: [bool; 2] = [true, true];
const NEITHER: [bool; 2] = [false, false];
const PRIVATE: [bool; 2] = [true, false];
const SHARED: [bool; 2] = [false, true];
