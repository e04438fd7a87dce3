//! What each layer costs, beside its peers.
//!
//! Every [`Row`](row::Row) is one layer, or a stack of them, over a service that does nothing. Two
//! programs run the same rows: `instructions` counts what the processor executes, under callgrind,
//! and `allocations` counts what the heap is asked for. Both are exact, so that a bar can be checked
//! on any machine; nothing here is judged by a clock. `benches/check` runs both, takes off each
//! figure what the same traffic costs over the bare service, and compares the rest with the bars.
//!
//! A third, `keys`, weighs what a layer keeps for each of a million keys, and what small responses take
//! in a cache.
//!
//! # What is counted
//!
//! Readiness, the call, every poll of its future, and dropping it and the response: all that happens
//! inside `harness::measured_call`, and nothing that happens outside of it. A request is
//! built for each call, but outside; it dies inside, as it does in a transport. So the heap is
//! always in the same state when a call begins, and building the request does not drown the layer.
//!
//! gungraun counts a function from its entry to its return, once. Here callgrind's switch is put on
//! `measured_call` instead, which runs [`CALLS`](harness::CALLS) times in a process, after some
//! [`WARM_UP`](harness::WARM_UP) calls that are not counted: the first timer of a runtime, the first
//! request to an authority and the first access to a thread's locals cost more than any later one.
//! The total divided by the number of calls is one call.
//!
//! Calls are made from inside a task, each in a turn of its own: tokio's cooperative budget is
//! always fresh, and wakers are real. Another timer is always pending, as in any busy runtime;
//! without it each new timer would be the earliest one and pay for waking the driver.
//!
//! # Where it goes
//!
//! The first column of the table is the row's number, by which its profile is found:
//!
//! ```text
//! callgrind_annotate --inclusive=yes target/gungraun/buttress-benches/instructions/every/row.at_6/*.out
//! ```
//!
//! The figures in it are those of all measured calls, and the bare service is not taken off.

pub mod harness;
pub mod look_up;
pub mod noop;
pub mod ours;
pub mod peers;
pub mod row;
pub mod rows;
pub mod traffic;
pub mod typed;
