//! The typed client: templates, bodies, answers, endpoints, errors.

mod bodies;
#[cfg(feature = "compression")]
mod compression;
#[cfg(all(
    feature = "gzip",
    feature = "br",
    feature = "zstd",
    feature = "deflate"
))]
mod decompression;
#[cfg(feature = "derive")]
mod derived;
#[cfg(feature = "fs")]
mod download;
mod endpoint;
mod errors;
mod places;
mod progress;
mod redirects;
mod registry;
mod reported;
mod responses;
#[cfg(feature = "fs")]
mod save;
#[cfg(feature = "derive")]
mod service;
mod target;
mod uri_template;
mod values;

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
    let client = settings(builder).build_over(server.collecting()).unwrap();
    (client, server)
}
