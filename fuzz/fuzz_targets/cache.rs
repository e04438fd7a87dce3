//! Any fields at all, in requests and responses that a cache decides about.

#![no_main]

#[path = "../../layers/cache/src/policy/fuzzed.rs"]
mod fuzzed;
// What the layer around it uses is not all used here.
#[allow(dead_code, unused_imports)]
#[path = "../../layers/cache/src/policy/mod.rs"]
mod policy;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some(case) = fuzzed::Case::parse(data) {
        case.decide();
    }
});
