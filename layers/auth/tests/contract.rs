//! What every layer must do, seen from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use buttress_auth::{AuthLayer, Credential, Origins, Token, Tokens};
use buttress_testkit::Step;

fn anywhere(credentials: impl Into<buttress_auth::Credentials>) -> AuthLayer {
    AuthLayer::new(credentials, Origins::any_even_unencrypted())
}

fn tokens(fetch: Duration) -> Tokens {
    Tokens::new(move || async move {
        tokio::time::sleep(fetch).await;
        Token::new("token")
    })
}

buttress_testkit::contract!(|| anywhere(Credential::bearer("token").unwrap()));

buttress_testkit::contract!(mod dynamic, || anywhere(tokens(Duration::from_millis(5))));

buttress_testkit::contract!(mod each_request, || {
    let tokens = Tokens::builder(|| async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Token::new("token")
    });
    anywhere(tokens.each_request().build().unwrap())
});

// A source that succeeds for five tokens: rejections use them up, for all services of the layer.
buttress_testkit::contract!(
    mod rejected,
    || {
        let left = Arc::new(AtomicU32::new(5));
        anywhere(Tokens::new(move || {
            let one = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
            async move { one.map(|_| Token::new("token").unwrap()).map_err(|_| "no more") }
        }))
    },
    only = [dropped_calls_give_everything_back, a_dropped_call_does_not_stop_another],
    state = [Step::status(401).after(Duration::from_secs(40))],
);
