//! Bodies that can be sent again: whole or not at all.
#![allow(clippy::unwrap_used)] // a panic is the report

mod memory;
mod model;
mod reentry;
mod script;
mod stream;
mod takeover;
