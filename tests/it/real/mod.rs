//! The client against real servers: what a server of ours would get wrong in the same way.

mod httpbin;
mod localstripe;
#[cfg(feature = "fs")]
mod nginx;
