//! Several realms and nonces at once, against a server that is strict about both.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use buttress_kernel::Body;
use buttress_testkit::{Scripted, Step};
use http::{Request, Response};
use tower::{Layer, ServiceExt};

use super::{layer, param, send, signed};

/// A server whose nonces are good for one request, and each first segment a realm.
fn strict() -> Scripted {
    let made = AtomicUsize::new(0);
    let open = Mutex::new(HashSet::new());
    let step = Step::answer(move |call| {
        let realm = call.uri.path().split('/').nth(1).unwrap().to_owned();
        let mut open = open.lock().unwrap();
        let used = (param(call, "realm"), param(call, "nonce"));
        let is_first = param(call, "nc").as_deref() == Some("00000001");
        if is_first && used.0.as_ref() == Some(&realm) && open.remove(&used) {
            return Response::new(Body::empty());
        }
        let nonce = format!("n{}", made.fetch_add(1, Ordering::Relaxed));
        let line = format!("Digest realm={realm}, qop=auth, nonce={nonce}");
        open.insert((Some(realm), Some(nonce)));
        let response = Response::builder().status(401);
        let response = response.header("www-authenticate", line);
        response.body(Body::empty()).unwrap()
    });
    Scripted::new([step.after(Duration::from_secs(1))])
}

async fn at_once(server: &Scripted, paths: impl Iterator<Item = &'static str>) {
    let layer = layer();
    let calls = paths.map(|path| {
        let uri = format!("https://api.example.com{path}");
        let request = Request::get(uri).body(Body::empty()).unwrap();
        tokio::spawn(layer.layer(server.clone()).oneshot(request))
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
}

/// RFC 7616 §3.3: a server may accept each nonce once.
#[tokio::test(start_paused = true)]
async fn each_of_many_challenges_at_once_is_answered_with_its_own_nonce() {
    let server = strict();
    at_once(&server, std::iter::repeat_n("/a", 20)).await;
    let nonces: HashSet<_> = signed(&server)[20..].iter().cloned().collect();
    assert_eq!((server.calls().len(), nonces.len()), (40, 20));
}

/// RFC 7616 §3.3: an origin may have several realms.
#[tokio::test(start_paused = true)]
async fn a_challenge_is_answered_in_its_own_realm() {
    let server = strict();
    at_once(&server, ["/a", "/b"].into_iter()).await;
    let realms: Vec<_> = server.calls()[2..]
        .iter()
        .map(|call| (call.uri.path().to_owned(), param(call, "realm").unwrap()))
        .collect();
    let pair = |path: &str, realm: &str| (path.to_owned(), realm.to_owned());
    assert_eq!(realms, [pair("/a", "a"), pair("/b", "b")]);
}

#[tokio::test(start_paused = true)]
async fn a_realm_is_answered_where_another_was_signed_ahead() {
    let server = strict();
    let layer = layer();
    for path in ["/a", "/b", "/a"] {
        let uri = format!("https://api.example.com{path}");
        let request = Request::get(uri).body(Body::empty()).unwrap();
        assert_eq!(send(&layer, &server, request).await, 200, "{path}");
    }
}
