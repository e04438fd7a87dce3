//! Many calls, calls again and again, calls that are watched, and calls that fall back.

mod batch;
mod fallback;
mod observers;
mod polling;

use buttress::{Client, ClientBuilder, Endpoint, NoContent};
use buttress_testkit::{Scripted, Step};
use http::Method;
use serde::Serialize;

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

/// Answered with its number, or whatever the server says.
#[derive(Clone, Copy)]
struct Number(u64);

impl Endpoint for Number {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/numbers/{n}";
    type Ok = u64;
    type Err = NoContent;

    fn path(&self) -> impl Serialize {
        [("n", self.0)]
    }
}

/// Answered with a word.
struct Word;

impl Endpoint for Word {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/word";
    type Ok = String;
    type Err = NoContent;
}
