//! Any fields at all, in requests and responses that a cache decides about.

#![no_main]

#[path = "../../layers/cache/src/policy/fuzzed.rs"]
mod fuzzed;
#[path = "../../layers/cache/src/policy/mod.rs"]
mod policy;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some(case) = fuzzed::Case::parse(data) {
        case.decide();
    }
});
