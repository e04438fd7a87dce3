//! No secret is shown anywhere.
//!
//! All secrets of the suite have the word `secret` in them, and nothing else has. Every test that
//! makes a layer has every event of its process searched for it, and each error that it gets; those
//! that look at a status, the `Debug` of the service as well.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, Once};

use buttress_auth::{
    AuthLayer, Carrier, Credential, Credentials, FetchError, MemoryStore, Origins, Override,
    StoreError, Stored, Token, TokenStore, Tokens,
};
use buttress_kernel::Body;
use buttress_testkit::{Scripted, Step};
use http::Request;
use tower::Layer;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::support::*;

/// Every event and span, on a line of its own.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<(&'static str, String)>>>);

impl Lines {
    /// Those of this crate.
    pub(crate) fn own(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap();
        let own = lines
            .iter()
            .filter(|(target, _)| *target == "buttress_auth");
        own.map(|(_, line)| line.clone()).collect()
    }

    fn add(&self, target: &'static str, line: Line) {
        assert_hidden(&line.0);
        self.0.lock().unwrap().push((target, line.0));
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl<S: Subscriber> tracing_subscriber::Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.add(event.metadata().target(), line);
    }

    fn on_new_span(&self, span: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let mut line = Line(span.metadata().name().to_owned());
        span.record(&mut line);
        self.add(span.metadata().target(), line);
    }
}

/// Searches every event from now on.
pub(crate) fn guard() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing_subscriber::registry().with(Lines::default()).init());
}

pub(crate) fn assert_hidden(shown: &str) {
    assert!(!shown.contains("secret"), "a secret is shown: {shown}");
}

fn hidden(value: &impl Debug) {
    assert_hidden(&format!("{value:?} {value:#?}"));
}

fn credentials() -> Vec<Credential> {
    let custom = |carrier: &mut Carrier<'_>| {
        hidden(carrier);
        let value = http::HeaderValue::from_static("secret");
        carrier.headers.insert("x-custom", value);
        hidden(carrier);
    };
    vec![
        Credential::bearer("secret").unwrap(),
        Credential::basic("secret-user", "secret").unwrap(),
        Credential::api_key("x-api-key", "secret").unwrap(),
        Credential::query("key", "secret").unwrap(),
        Credential::cookie("sid", "secret").unwrap(),
        Credential::custom("custom", custom),
    ]
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_in_the_debug_of_anything() {
    guard();
    for credential in credentials() {
        hidden(&credential);
        hidden(
            &credential
                .clone()
                .and(Credential::bearer("secret").unwrap()),
        );
        hidden(&Credentials::from(credential.clone()));
        hidden(&Override::with(credential.clone()));
        let token = Token::from(credential.clone());
        hidden(&token);
        let layer = AuthLayer::new(credential, Origins::any().relative());
        hidden(&layer);
        let mut service = layer.layer(Scripted::new([Step::ok()]));
        hidden(&service);
        let request = Request::get("https://u:secret@api.example.com/?secret=secret");
        let request = request.body(Body::empty()).unwrap();
        let call = begin(&mut service, request).await;
        hidden(&call);
        call.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_in_the_debug_of_tokens() {
    guard();
    let source = || async {
        let token = Token::new("secret")?
            .refresh_token("secret")
            .expires_in(secs(60));
        Ok::<_, buttress_auth::InvalidCredential>(token)
    };
    let store = MemoryStore::new();
    let stored = Stored::new(source, store.clone());
    hidden(&stored);
    let builder = Tokens::builder(stored);
    hidden(&builder);
    let tokens = builder.build().unwrap();
    let handle = tokens.handle();
    let watch = handle.watch();
    let layer = layer(tokens.clone().and(Credential::bearer("secret").unwrap()));
    let mut service = layer.layer(Scripted::new([Step::status(401)]));
    let call = begin(&mut service, get()).await;
    hidden(&call);
    call.await.unwrap();
    hidden(&(tokens, &handle, &watch, handle.status(), watch.status()));
    hidden(&(layer, service, &store));
    hidden(&store.get("buttress-auth-session").await.unwrap().unwrap());
    hidden(&FetchError::terminal("an end"));
    hidden(&StoreError::malformed("not a token"));
}

#[test]
fn no_secret_is_in_the_error_of_a_credential() {
    for end in [
        Credential::bearer("secret\n"),
        Credential::basic("secret:", "secret"),
        Credential::basic("secret", "secret\n"),
        Credential::api_key("secret secret", "secret"),
        Credential::api_key("x", "secret\n"),
        Credential::query("secret\n", "secret"),
        Credential::query("x", "secret\n"),
        Credential::cookie("secret=", "secret"),
        Credential::cookie("x", "secret;"),
    ] {
        let error = end.unwrap_err();
        assert_hidden(&format!("{error} {error:?}"));
    }
    let error = Token::new("secret secret").unwrap_err();
    assert_hidden(&format!("{error} {error:?}"));
    let error = Origins::only("https://u:secret@host").unwrap_err();
    assert_hidden(&format!("{error} {error:?}"));
}

#[test]
#[should_panic(expected = "a secret is shown")]
fn a_secret_that_is_shown_is_found() {
    let _guard = crate::telemetry::listen();
    tracing::info!(value = "secret", "shown");
}
