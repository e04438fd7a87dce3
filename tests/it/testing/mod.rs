//! The mock server, recordings, and what is made out of nothing.

mod cassette;
mod faults;
mod messages;
mod mock;

use buttress::testing::{Expect, Mock};
use buttress::{Client, ClientBuilder};

const API: &str = "http://api.example/v1";

/// A client over a mock, both with the same base URI.
fn mocked() -> (Client, Mock) {
    mocked_with(|builder| builder)
}

/// The same, with settings.
fn mocked_with(settings: impl FnOnce(ClientBuilder) -> ClientBuilder) -> (Client, Mock) {
    let mock = Mock::new().base_uri(API);
    let client = over(&mock, settings);
    (client, mock)
}

fn over(mock: &Mock, settings: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Client {
    let builder = Client::builder().base_uri(API);
    settings(builder).build_over(mock.transport()).unwrap()
}

/// What a mock says of a GET of `/a` that no expectation is met by.
async fn complaint(expect: Expect) -> String {
    complaint_about(expect, |client| client.get("/a")).await
}

async fn complaint_about(
    expect: Expect,
    request: impl FnOnce(&Client) -> buttress::RequestBuilder,
) -> String {
    let (client, mut mock) = mocked();
    mock.expect(expect);
    let error = request(&client).send().await.unwrap_err();
    assert!(error.is_request(), "{error}");
    mock.check().unwrap_err();
    error.to_string()
}
