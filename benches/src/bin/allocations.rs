//! Counts what every row asks of the heap, and prints each as a line of JSON, with what is known of
//! it from the start.

use std::alloc::System;

use buttress_benches::harness::{CALLS, Probe};
use buttress_benches::rows;
use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, Stats, StatsAlloc};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Adds up what happens between begin and end.
#[derive(Default)]
struct Counter {
    before: Stats,
    allocations: usize,
    reallocations: usize,
    bytes: usize,
}

impl Probe for Counter {
    fn begin(&mut self) {
        self.before = HEAP.stats();
    }

    fn end(&mut self) {
        let during = HEAP.stats() - self.before;
        self.allocations += during.allocations;
        self.reallocations += during.reallocations;
        self.bytes += during.bytes_allocated;
    }
}

fn main() {
    for row in rows::all() {
        let mut counter = Counter::default();
        row.run(&mut counter);
        let mut line = row.describe();
        line["calls"] = json!(CALLS);
        line["allocations"] = json!(counter.allocations);
        line["reallocations"] = json!(counter.reallocations);
        line["bytes"] = json!(counter.bytes);
        println!("{line}");
    }
}
