use buttress_kernel::Body;
use buttress_testkit::{Scripted, Step};
use http::{HeaderValue, Request};
use tower::limit::ConcurrencyLimit;
use tower::{Layer, ServiceExt};

use crate::common::{get, plain, times};

fn marked(mut request: Request<Body>) -> Request<Body> {
    let mark = HeaderValue::from_static("yes");
    request.headers_mut().append("x-mark", mark);
    request
}

/// How often each request that arrived was marked.
fn marks(server: &Scripted) -> Vec<usize> {
    let calls = server.calls();
    let count = |headers: &http::HeaderMap| headers.get_all("x-mark").iter().count();
    calls.iter().map(|call| count(&call.headers)).collect()
}

#[tokio::test(start_paused = true)]
async fn w52_it_stands_between_any_other_layers() {
    let layer = plain().build().unwrap();
    let server = Scripted::new([Step::status(503), Step::ok()]);
    let inner = ConcurrencyLimit::new(server.clone(), 1).map_request(marked);
    let outer = ConcurrencyLimit::new(layer.layer(inner).map_request(marked), 1);
    for _ in 0..2 {
        let response = outer.clone().oneshot(get()).await.unwrap();
        assert_eq!(response.status(), 200);
    }
    assert_eq!(times(&server), [0, 1_000, 1_000]);
    let each = 2; // once before this layer, and once behind it for every attempt
    assert_eq!(marks(&server), [each; 3]);
}
