//! The client over a scripted server, its clock paused.

mod bad_input;
mod cache;
mod credentials;
mod events;
mod headers;
mod layers;
#[cfg(feature = "metrics")]
mod metrics;
mod overrides;
mod stack;

use buttress::{Client, ClientBuilder};
use buttress_testkit::{Scripted, Step};

/// A client with a base URI over a server that follows a script.
fn scripted(steps: impl IntoIterator<Item = Step>) -> (Client, Scripted) {
    scripted_with(steps, |builder| builder)
}

/// The same, with settings.
fn scripted_with(
    steps: impl IntoIterator<Item = Step>,
    settings: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> (Client, Scripted) {
    let server = Scripted::new(steps);
    let builder = Client::builder().base_uri("http://api.example/v1");
    let client = settings(builder).build_over(server.clone()).unwrap();
    (client, server)
}
