//! The kernel from outside, in one binary.
#![allow(clippy::unwrap_used)] // a panic is the report
#![allow(clippy::disallowed_methods)] // instants to count from; nothing here waits

mod body;
mod corpus;
mod delay;
mod explain;
mod failure;
mod fuzzed;
mod key;
mod vectors;
mod words;
