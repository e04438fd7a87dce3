//! A service as the client of the `oauth2` crate.

use buttress_auth::oauth2::{HttpClient, Problem};
use buttress_testkit::{Scripted, Step};
use oauth2::basic::BasicClient;
use oauth2::{
    AccessToken, ClientId, IntrospectionUrl, RequestTokenError, TokenIntrospectionResponse,
};

use crate::support::{form, hidden, params};

async fn introspect(server: &Scripted) -> Result<bool, Problem> {
    let client = BasicClient::new(ClientId::new("robot".to_owned())).set_introspection_url(
        IntrospectionUrl::new("https://id.example.com/introspect".to_owned()).unwrap(),
    );
    let token = AccessToken::new("secret-access".to_owned());
    let http_client = HttpClient::new(server.collecting());
    hidden(&http_client);
    let asked = client.introspect(&token).request_async(&http_client);
    match asked.await {
        Ok(answer) => Ok(answer.active()),
        Err(RequestTokenError::Request(error)) => Err(error.problem()),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test(start_paused = true)]
async fn its_requests_go_through_the_service() {
    let server = Scripted::new([Step::ok().body(r#"{"active":true}"#)]);
    assert_eq!(introspect(&server).await, Ok(true));
    let expected = params([("client_id", "robot"), ("token", "secret-access")]);
    assert_eq!(form(&server.calls()[0]), expected);
}

#[tokio::test(start_paused = true)]
async fn failures_are_ours() {
    let long = vec![b' '; 64 * 1024 + 1];
    let server = Scripted::new([Step::ok().body(long), Step::error(|| "broken")]);
    assert_eq!(introspect(&server).await, Err(Problem::TooLarge));
    assert_eq!(introspect(&server).await, Err(Problem::Unreachable));
}
