//! OAuth 2: what is sent to a server, what its answers mean, and a real server.
#![allow(clippy::unwrap_used)] // helpers of tests may fail where they stand

mod answers;
mod authorization_code;
mod client_credentials;
mod device_code;
mod file_store;
mod http_client;
mod jwt;
mod loopback;
mod peer;
mod refresh_token;
mod support;
mod token_exchange;
