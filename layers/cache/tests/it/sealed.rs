//! What a response varies by, where others may read the store.

use std::sync::Arc;

use buttress_cache::CacheLayer;
use buttress_cache::store::Memory;
use buttress_kernel::{Body, WallClock};
use buttress_testkit::{Call, ManualWallClock, Step};
use http::{HeaderName, Request, Response};

use crate::apart::settled;
use crate::stores::{Folder, Server, all_bytes, calm, contains, redis};
use crate::support::*;

const TENANT: HeaderName = HeaderName::from_static("x-tenant");

fn of(tenant: &str) -> Request<Body> {
    let request = with(get("/"), "x-tenant", tenant);
    with(request, "accept-language", "de-CH-1996")
}

fn vary(step: Step) -> Step {
    step.header("vary", "x-tenant, accept-language")
        .header("etag", "\"1\"")
}

fn is_conditional(call: &Call) -> bool {
    call.headers.contains_key("if-none-match")
}

/// A check with two layers over the same content, as two processes have it, of each kind of store that
/// is there. The second one may be set in another way.
async fn over_pairs(
    other: impl Fn(CacheLayer) -> CacheLayer,
    check: impl AsyncFn([CacheLayer; 2], Arc<ManualWallClock>),
) {
    let clock = || Arc::new(ManualWallClock::at(day()));
    let private = |clock: &Arc<ManualWallClock>| {
        let shown = Arc::clone(clock);
        calm(CacheLayer::private()).wall_clock(move || shown.now())
    };
    let time = clock();
    let (store, layer) = (Memory::of(1 << 20), private(&time));
    let pair = [
        layer.clone().store(store.clone()),
        other(layer.store(store)),
    ];
    check(pair, time).await;

    let (folder, time) = (Folder::new(), clock());
    let (store, layer) = (folder.open().await, private(&time));
    let pair = [
        layer.clone().store(store.clone()),
        other(layer.store(store)),
    ];
    check(pair, time).await;

    if let Some(server) = Server::start("") {
        let (time, stores) = (clock(), [redis(&server).await, redis(&server).await]);
        let [one, two] = stores.map(|store| private(&time).store(store));
        check([one, other(two)], time).await;
    }
}

#[tokio::test]
async fn what_a_response_varies_by_is_readable_only_where_it_is_common_or_allowed() {
    for is_readable in [false, true] {
        let layer = calm(CacheLayer::private());
        let layer = match is_readable {
            true => layer.vary_in_clear([TENANT]),
            false => layer,
        };
        let check = async |layer: CacheLayer| {
            let first = vary(Step::ok().header("cache-control", "no-cache")).body("one");
            let (service, server) = over(&layer, [first, vary(Step::status(304))]);
            assert_eq!(send(&service, of("sesame")).await.body, "one");
            settled(&layer, of("sesame")).await;
            // Once to validate what is stored, and once what the validation has changed.
            for _ in 0..2 {
                let answer = send(&service, of("sesame")).await;
                assert_eq!((answer.status.as_u16(), &*answer.body), (200, "one"));
            }
            let again = &server.calls()[1..];
            assert!(again.iter().all(is_conditional), "it is known again");
        };
        let folder = Folder::new();
        check(layer.clone().store(folder.open().await)).await;
        let bytes = all_bytes(&folder.0);
        assert_eq!(contains(&bytes, "sesame"), is_readable, "disk");
        assert!(contains(&bytes, "de-CH-1996"), "a common field");

        // Everything that is ever said to it stands in the log.
        let Some(server) = Server::start("--appendonly yes --appendfsync always") else {
            continue;
        };
        check(layer.store(redis(&server).await)).await;
        let bytes = all_bytes(server.folder());
        assert_eq!(contains(&bytes, "sesame"), is_readable, "Redis");
        assert!(contains(&bytes, "de-CH-1996"), "a common field");
    }
}

/// Two tenants, each with a response of its own: through one layer, and again through the other.
async fn chooses_the_variant([one, other]: [CacheLayer; 2], _: Arc<ManualWallClock>) {
    let own = |body: &'static str| fresh(body).header("vary", "x-tenant");
    let (service, server) = over(&one, [own("for 1"), own("for 2")]);
    let (there, asked) = over(&other, [own("for 3")]);
    for (tenant, body) in [("1", "for 1"), ("2", "for 2")] {
        assert_eq!(send(&service, of(tenant)).await.body, body);
        let key = one.handle().key(&get("/"));
        let newest = async || one.handle().get(&key).await.map(Response::into_body);
        while newest().await.is_none_or(|found| found != body) {
            tokio::time::sleep(seconds(1) / 1_000).await;
        }
    }
    for (tenant, body) in [("1", "for 1"), (" 2", "for 2")] {
        assert_eq!(send(&service, of(tenant)).await.body, body);
        assert_eq!(send(&there, of(tenant)).await.body, body, "known elsewhere");
    }
    assert_eq!((server.calls().len(), asked.calls().len()), (2, 0));
    assert_eq!(send(&there, of("3")).await.body, "for 3", "of nobody else");
}

#[tokio::test]
async fn what_is_sealed_chooses_the_variant_in_other_processes_too() {
    over_pairs(|other| other, chooses_the_variant).await;
}

#[tokio::test]
async fn what_one_process_sealed_another_one_reads_that_would_not_have() {
    over_pairs(|other| other.vary_in_clear([TENANT]), chooses_the_variant).await;
}

#[tokio::test]
async fn each_request_that_was_given_a_sealed_response_has_an_age_of_its_own() {
    over_pairs(
        |other| other,
        async |[one, other], clock| {
            let again = || vary(Step::status(304)).header("cache-control", "max-age=60");
            let first = vary(fresh("one"));
            let (here, _) = over(&one, [first]);
            let (there, server) = over(&other, [again()]);
            let calls = async |tenant: &str| {
                let before = server.calls().len();
                assert_eq!(send(&there, of(tenant)).await.body, "one");
                server.calls().len() - before
            };
            send(&here, of("1")).await;
            settled(&one, of("1")).await;
            clock.advance(seconds(40));
            assert_eq!(calls("2").await, 1, "it is told that it may have the same");
            assert!(server.calls().iter().all(is_conditional));
            assert_eq!(calls("1").await, 0);
            clock.advance(seconds(21));
            assert_eq!(calls("2").await, 0, "21 s old");
            assert_eq!(
                calls("1").await,
                1,
                "61 s old: nobody has confirmed it to this one"
            );
            clock.advance(seconds(40));
            assert_eq!(calls("1").await, 0, "40 s old");
            assert_eq!(calls("2").await, 1, "61 s old");
        },
    )
    .await;
}
