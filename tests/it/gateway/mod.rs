//! The gateway example over real sockets, as its users run it.

mod answers;
mod cache;
mod cache_faults;
mod credentials;
mod hostile;
mod lifecycle;
mod limits;
mod passing;
mod store;
mod streaming;
