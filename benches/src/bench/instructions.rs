//! Counts the instructions of every row, under callgrind.
#![allow(
    missing_docs,
    clippy::exit,
    reason = "gungraun's macros make public items that nobody reads, and a main function that exits"
)]

use buttress_benches::harness::Outside;
use buttress_benches::rows;
use gungraun::prelude::*;
use gungraun::{Callgrind, EntryPoint};

fn counted() -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::default();
    callgrind.entry_point(EntryPoint::Custom("*measured_call*".to_owned()));
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    config
}

// A row is known by its place in the list, which is the same in both programs.
#[library_benchmark(config = counted())]
#[benches::at(iter = 0..rows::all().len())]
fn row(at: usize) {
    rows::all()[at].run(&mut Outside);
}

library_benchmark_group!(name = every, benchmarks = row);
main!(library_benchmark_groups = every);
