//! Any headers at all, read as a quota.

#![no_main]

#[path = "../../layers/kernel/tests/it/fuzzed.rs"]
#[allow(dead_code)] // the other target's half
mod fuzzed;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzed::quota(data));
