//! Bodies that can be sent again: whole or not at all.

mod memory;
mod model;
mod reentry;
mod script;
mod source;
mod stream;
mod takeover;
