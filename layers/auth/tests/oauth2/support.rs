//! What the tests share. Every secret in them has the word `secret` in it, and is searched for in
//! whatever is shown.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write};
use std::sync::Once;
use std::time::Duration;

use buttress_auth::oauth2::{ClientAuth, NotGranted, TokenEndpoint};
use buttress_auth::{FetchError, Token};
use buttress_kernel::Failure;
use buttress_testkit::{Call, Scripted, Step};
use oauth2::url::{Url, form_urlencoded};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

pub(crate) const TOKEN_URL: &str = "https://id.example.com/token?tenant=7";

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A token, as a server grants it.
pub(crate) fn granted(members: &str) -> Step {
    Step::ok()
        .header("content-type", "application/json")
        .body(format!(
            r#"{{"access_token":"secret-access","token_type":"Bearer"{members}}}"#
        ))
}

/// A refusal.
pub(crate) fn refused(status: u16, code: &str) -> Step {
    Step::status(status).body(format!(
        r#"{{"error":"{code}","error_description":"the secret was wrong"}}"#
    ))
}

/// What each server is asked with unless a test is about it.
pub(crate) fn client() -> ClientAuth {
    ClientAuth::post("robot", "secret-of-robot").unwrap()
}

pub(crate) fn endpoint(server: &Scripted) -> TokenEndpoint {
    endpoint_of(server, client())
}

pub(crate) fn endpoint_of(server: &Scripted, client: ClientAuth) -> TokenEndpoint {
    guard();
    let endpoint = TokenEndpoint::new(server.collecting(), TOKEN_URL, client).unwrap();
    hidden(&endpoint);
    endpoint
}

/// The parameters that a call carried, each of them once.
pub(crate) fn form(call: &Call) -> BTreeMap<String, String> {
    assert_eq!(call.method, "POST");
    assert_eq!(
        call.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(call.header("accept"), Some("application/json"));
    once_each(form_urlencoded::parse(&call.body))
}

pub(crate) fn query(url: &str) -> BTreeMap<String, String> {
    once_each(Url::parse(url).unwrap().query_pairs())
}

fn once_each(pairs: form_urlencoded::Parse<'_>) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    for (name, value) in pairs.into_owned() {
        let before = map.insert(name.clone(), value);
        assert_eq!(before, None, "{name} is there twice");
    }
    map
}

pub(crate) fn params<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    let pairs = pairs.into_iter();
    pairs
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// The error of a fetch, whether it is terminal, and the server's delay.
pub(crate) fn not_granted(end: Result<Token, FetchError>) -> (NotGranted, bool) {
    let error = end.unwrap_err();
    hidden(&error);
    let terminal = error.is_terminal();
    let cause = error.into_cause();
    for link in Failure::of(&*cause).chain() {
        assert_hidden(&format!("{link} {link:?}"));
    }
    (*cause.downcast::<NotGranted>().unwrap(), terminal)
}

pub(crate) fn assert_hidden(shown: &str) {
    assert!(!shown.contains("secret"), "a secret is shown: {shown}");
}

pub(crate) fn hidden(value: &impl Debug) {
    assert_hidden(&format!("{value:?} {value:#?}"));
}

struct Search;

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl<S: Subscriber> tracing_subscriber::Layer<S> for Search {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        assert_hidden(&line.0);
        LINES.lock().unwrap().push(line.0);
    }
}

static LINES: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

/// Whether an event of this process had this text in it.
pub(crate) fn was_told(text: &str) -> bool {
    LINES.lock().unwrap().iter().any(|line| line.contains(text))
}

/// Searches every event from now on.
pub(crate) fn guard() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing_subscriber::registry().with(Search).init());
}
