//! Replays what the fuzzers found, on the stable toolchain.

use std::fs;
use std::path::Path;

use super::fuzzed;

/// Runs `check` on every file of a corpus, if there is one: the published crate has none.
fn replay(name: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(name);
    let Ok(files) = fs::read_dir(&folder) else {
        println!("skipped: there is no {}", folder.display());
        return;
    };
    let mut replayed = 0;
    for file in files {
        check(&fs::read(file.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed > 0, "{} is empty", folder.display());
}

#[test]
fn delays_hold_what_the_fuzzer_checks() {
    replay("delay", fuzzed::delay);
}

#[test]
fn quotas_hold_what_the_fuzzer_checks() {
    replay("quota", fuzzed::quota);
}
