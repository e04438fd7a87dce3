//! Lists that come in pages: adapters, guards, streams.

mod adapters;
mod cursors;
mod endpoint;
mod guards;
mod kept;
mod links;
mod mended;
mod model;
mod streams;
mod tagged;

use buttress::{Client, ClientBuilder};
use buttress_testkit::{Call, Scripted, Step};

/// A client over a server that answers every request by a function of it.
fn served(
    answer: impl Fn(&Call) -> (Vec<(&'static str, String)>, String) + Send + Sync + 'static,
) -> (Client, Scripted) {
    served_with(answer, |builder| builder)
}

fn served_with(
    answer: impl Fn(&Call) -> (Vec<(&'static str, String)>, String) + Send + Sync + 'static,
    settings: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> (Client, Scripted) {
    let server = Scripted::new([Step::answer(move |call| {
        let (headers, body) = answer(call);
        let mut response = http::Response::new(body.into());
        for (name, value) in headers {
            response.headers_mut().append(name, value.parse().unwrap());
        }
        response
    })]);
    let builder = Client::builder()
        .base_uri("http://api.example/v1")
        .retry(None);
    (
        settings(builder).build_over(server.collecting()).unwrap(),
        server,
    )
}

/// A client over a server that follows a script.
fn scripted(steps: impl IntoIterator<Item = Step>) -> (Client, Scripted) {
    let server = Scripted::new(steps);
    let builder = Client::builder()
        .base_uri("http://api.example/v1")
        .retry(None);
    (builder.build_over(server.collecting()).unwrap(), server)
}

/// What was asked for, path and query alone.
fn asked(server: &Scripted) -> Vec<String> {
    let calls = server.calls();
    let path = |call: &Call| call.uri.path_and_query().unwrap().to_string();
    calls.iter().map(path).collect()
}

/// An error with all that caused it.
fn whole(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(whole).unwrap_or_default();
    format!("{error}: {cause}")
}

/// A parameter of a call, decoded as far as digits need it.
fn parameter(call: &Call, name: &str) -> Option<String> {
    let query = call
        .uri
        .query()
        .unwrap_or_default()
        .replace("%5B", "[")
        .replace("%5D", "]");
    let mut pairs = query.rsplit('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.find(|(found, _)| *found == name);
    found.map(|(_, value)| value.to_owned())
}

fn number(call: &Call, name: &str) -> Option<usize> {
    parameter(call, name).map(|text| text.parse().unwrap())
}
