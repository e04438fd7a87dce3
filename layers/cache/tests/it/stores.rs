//! The layer over each of the stores that there are.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use buttress_cache::CacheLayer;
use buttress_cache::store::{Disk, Memory, Redis};
use buttress_kernel::Body;
use buttress_testkit::{ManualWallClock, Step};
use http::{Method, Request, Response};
use std::time::Duration;

use crate::support::*;

#[allow(dead_code, reason = "the store's own tests need more of it")]
#[path = "../../src/store/redis/server.rs"]
pub(crate) mod server;

pub(crate) use server::Server;

/// A folder that goes with this.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("buttress-cache-it-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            // A process of the same number may have been killed.
            if std::fs::create_dir(&path).is_ok() {
                return Self(path);
            }
            assert!(path.exists(), "{} cannot be made", path.display());
        }
    }

    pub(crate) async fn open(&self) -> Disk {
        Disk::open(&self.0, 1 << 30).await.unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Everything in the files below a folder.
pub(crate) fn all_bytes(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        bytes.extend_from_slice(path.as_os_str().as_encoded_bytes());
        if path.is_dir() {
            bytes.extend(all_bytes(&path));
        } else {
            bytes.extend(std::fs::read(path).unwrap());
        }
    }
    bytes
}

pub(crate) fn contains(bytes: &[u8], part: &str) -> bool {
    bytes
        .windows(part.len())
        .any(|window| window == part.as_bytes())
}

/// Time stands still unless the test moves it; a busy machine is no reason to give a store up.
pub(crate) fn calm(layer: CacheLayer) -> CacheLayer {
    let (_, clock) = by_hand();
    layer
        .wall_clock(clock)
        .store_timeout(Duration::from_secs(30))
        .unwrap()
}

pub(crate) async fn redis(server: &Server) -> Redis {
    let redis = Redis::at(&server.url()).time_limit(Duration::from_secs(10));
    redis.open().await.unwrap()
}

/// A check with a layer over an empty store, of each kind that is there.
async fn over_each(check: impl AsyncFn(CacheLayer)) {
    check(calm(CacheLayer::private().store(Memory::of(64 << 20)))).await;
    let folder = Folder::new();
    check(calm(CacheLayer::private().store(folder.open().await))).await;
    if let Some(server) = Server::start("") {
        check(calm(CacheLayer::private().store(redis(&server).await))).await;
    }
}

/// What is written is written when it is found, which another request's task sees to.
pub(crate) async fn written(layer: &CacheLayer, path: &str) {
    let key = layer
        .handle()
        .uri(&format!("http://api.example{path}").parse().unwrap());
    for _ in 0..10_000 {
        if layer.handle().get(&key).await.is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("{path} was not stored");
}

fn method(method: Method, path: &str) -> Request<Body> {
    let mut request = get(path);
    *request.method_mut() = method;
    request
}

#[tokio::test]
async fn a_response_is_served_again_whole_and_in_part() {
    over_each(async |layer: CacheLayer| {
        let long: &'static str = "long ".repeat(80_000).leak();
        let (service, server) = over(&layer, [fresh(long)]);
        assert!(send(&service, get("/")).await.body == long);
        written(&layer, "/").await;
        let hit = send(&service, get("/")).await;
        assert!(hit.body == long);
        assert_eq!(hit.header("age"), Some("0"));
        let part = send(&service, with(get("/"), "range", "bytes=131070-131075")).await;
        assert_eq!(
            (part.status.as_u16(), &*part.body),
            (206, &long[131_070..131_076])
        );
        let head = send(&service, method(Method::HEAD, "/")).await;
        assert_eq!((head.status.as_u16(), &*head.body), (200, ""));
        assert_eq!(server.calls().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_validated_response_is_fresh_again() {
    over_each(async |layer: CacheLayer| {
        let clock = Arc::new(ManualWallClock::at(day()));
        let shown = Arc::clone(&clock);
        let layer = layer.wall_clock(move || buttress_kernel::WallClock::now(&*shown));
        let first = fresh("one").header("etag", "\"1\"");
        let second = Step::status(304)
            .header("cache-control", "max-age=60")
            .header("x-new", "2");
        let (service, server) = over(&layer, [first, second]);
        send(&service, get("/")).await;
        written(&layer, "/").await;
        clock.advance(seconds(61));
        for calls in [2, 2] {
            let answer = send(&service, get("/")).await;
            assert_eq!(answer.body, "one");
            assert_eq!(answer.header("x-new"), Some("2"));
            assert_eq!(server.calls().len(), calls);
        }
    })
    .await;
}

#[tokio::test]
async fn variants_stand_side_by_side() {
    over_each(async |layer: CacheLayer| {
        let step = |body: &'static str| fresh(body).header("vary", "accept-language");
        let (service, server) = over(&layer, [step("de"), step("fr")]);
        for language in ["de", "fr", "de", "fr"] {
            let request = with(get("/"), "accept-language", language);
            assert_eq!(send(&service, request).await.body, language);
            written(&layer, "/").await;
        }
        assert_eq!(server.calls().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_client_that_writes_does_not_read_the_old_response_after() {
    over_each(async |layer: CacheLayer| {
        let (service, server) = over(&layer, [fresh("old"), Step::ok(), fresh("new")]);
        send(&service, get("/")).await;
        written(&layer, "/").await;
        send(&service, method(Method::DELETE, "/")).await;
        assert_eq!(send(&service, get("/")).await.body, "new", "at once");
        assert_eq!(server.calls().len(), 3);
    })
    .await;
}

#[tokio::test]
async fn the_handle_works_on_every_store() {
    over_each(async |layer: CacheLayer| {
        let handle = layer.handle();
        let tagged = |tag: &'static str| buttress_cache::Override::new().tag(tag);
        let (service, _) = over(&layer, [fresh("body")]);
        for (path, tag) in [("/a/1", "odd"), ("/a/2", "even"), ("/b/3", "odd")] {
            send(&service, asking(get(path), tagged(tag))).await;
            written(&layer, path).await;
        }
        let uri = |path: &str| handle.uri(&format!("http://api.example{path}").parse().unwrap());
        let is_there = async |path: &str| handle.get(&uri(path)).await.is_some();
        assert_eq!(handle.get(&uri("/a/1")).await.unwrap().body(), "body");
        assert_eq!(handle.invalidate_tag("even").await, 1);
        assert!(!is_there("/a/2").await && is_there("/a/1").await);
        assert_eq!(handle.invalidate_prefix("http://api.example/a/").await, 1);
        assert!(!is_there("/a/1").await && is_there("/b/3").await);
        assert_eq!(handle.invalidate_pattern("*/b/*").await, 1);
        let response = Response::new("by hand".into());
        assert!(handle.set(&uri("/c"), response, seconds(60)).await);
        assert_eq!(send(&service, get("/c")).await.body, "by hand");
        let change = |response: Response<_>| response.map(|_: bytes::Bytes| "guess".into());
        let guess = handle.optimistic(&uri("/c"), change).await.unwrap();
        assert_eq!(handle.get(&uri("/c")).await.unwrap().body(), "guess");
        guess.commit();
        assert_eq!(handle.invalidate(&uri("/c")).await, 1);
        handle
            .set(&uri("/d"), Response::new("d".into()), seconds(60))
            .await;
        assert_eq!(handle.clear().await, 1);
        assert!(!is_there("/d").await);
    })
    .await;
}

#[tokio::test]
async fn a_name_is_not_the_uri_of_the_same_text() {
    over_each(async |layer: CacheLayer| {
        let handle = layer.handle();
        let text = "http://api.example/a";
        let (named, uri) = (handle.named(text), handle.uri(&text.parse().unwrap()));
        let response = |body: &'static str| Response::new(bytes::Bytes::from(body));
        assert!(handle.set(&named, response("by name"), seconds(60)).await);
        assert!(handle.get(&uri).await.is_none());
        assert!(handle.set(&uri, response("by URI"), seconds(60)).await);
        let (service, server) = over(&layer, [fresh("asked")]);
        let by_name = buttress_cache::Override::new().key(text);
        for (request, expected) in [
            (get("/a"), "by URI"),
            (asking(get("/b"), by_name.clone()), "by name"),
        ] {
            assert_eq!(send(&service, request).await.body, expected);
        }
        assert_eq!(handle.invalidate(&named).await, 1);
        assert_eq!(handle.get(&uri).await.unwrap().body(), "by URI");
        assert_eq!(
            send(&service, asking(get("/b"), by_name)).await.body,
            "asked"
        );
        assert_eq!(server.calls().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_hundred_that_miss_at_once_are_one_fetch() {
    over_each(async |layer: CacheLayer| {
        let (service, server) = over(&layer, [fresh("one").pending(3)]);
        let asked: Vec<_> = (0..100)
            .map(|_| {
                let service = service.clone();
                tokio::spawn(async move { send(&service, get("/")).await.body })
            })
            .collect();
        for answer in asked {
            assert_eq!(answer.await.unwrap(), "one");
        }
        assert_eq!(server.calls().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_store_that_cannot_write_is_an_event_and_no_outage() {
    let (lines, _guard) = crate::telemetry::listen();
    let folder = Folder::new();
    let layer = calm(CacheLayer::private().store(folder.open().await));
    let aside = folder.0.join("buttress-cache-1/new");
    std::fs::remove_dir(&aside).unwrap();
    std::fs::write(&aside, "in the way").unwrap();
    let (service, server) = over(&layer, [fresh("one"), fresh("two")]);
    assert_eq!(send(&service, get("/")).await.body, "one");
    let mut told = Vec::new();
    for _ in 0..2_000 {
        told.extend(lines.take());
        if told.iter().any(|line| line.contains("the store failed")) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let failed = told.iter().find(|line| line.contains("the store failed"));
    assert!(
        failed.is_some_and(|line| line.contains("operation=\"put\"")),
        "{told:?}"
    );
    assert_eq!(send(&service, get("/")).await.body, "two");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn a_redis_that_stalls_costs_its_time_limit_and_an_event() {
    let Some(server) = Server::start("") else {
        return;
    };
    let (lines, _guard) = crate::telemetry::listen();
    let layer = calm(CacheLayer::private().store(redis(&server).await));
    let (service, _) = over(&layer, [fresh("one"), fresh("two"), fresh("three")]);
    send(&service, get("/")).await;
    written(&layer, "/").await;
    server.signal("STOP");
    // From here on, time passes when nobody has anything to do, however long that takes.
    tokio::time::pause();
    assert_eq!(send(&service, get("/")).await.body, "two");
    let told = lines.take();
    let failed = told.iter().find(|line| line.contains("the store failed"));
    assert!(
        failed.is_some_and(|line| line.contains("did not answer within 10s")),
        "{told:?}"
    );
    server.signal("CONT");
}

#[tokio::test]
async fn redis_keeps_what_somebody_wishes_to_use_as_long_as_he_wishes() {
    let Some(server) = Server::start("") else {
        return;
    };
    let redis = Redis::at(&server.url()).time_limit(Duration::from_secs(10));
    let redis = redis.keep_stale(Duration::ZERO).open().await.unwrap();
    let layer = calm(CacheLayer::private().store(redis));
    let week = seconds(7 * 24 * 60 * 60);
    let wishes = buttress_cache::Override::new().fresh_for(week);
    let wishes = wishes.negative_for(week * 2);
    let silent = Step::ok().body("it says nothing of itself");
    let (service, server_calls) = over(&layer, [silent, Step::status(404)]);
    for (path, longest) in [("/there", week), ("/missing", week * 2)] {
        for _ in 0..2 {
            send(&service, asking(get(path), wishes.clone())).await;
            written(&layer, path).await;
        }
        let longest = i64::try_from(longest.as_millis()).unwrap();
        let (_, least, most) = server.times();
        assert!(
            least > longest - 60_000 && most <= longest,
            "{least} to {most}"
        );
        server.raw("FLUSHDB");
    }
    assert_eq!(server_calls.calls().len(), 2);
}

#[tokio::test]
async fn what_cannot_be_opened_can_be_replaced_by_memory() {
    let (lines, _guard) = crate::telemetry::listen();
    // It listens, and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://:sesame@{}", silent.local_addr().unwrap());
    let redis = Redis::at(&url)
        .time_limit(Duration::from_millis(50))
        .open()
        .await;
    let layer = calm(CacheLayer::private().store_or_memory(redis));
    let told = lines.take();
    assert!(
        told[0].starts_with("WARN") && told[0].contains("memory is used"),
        "{told:?}"
    );
    assert!(!told[0].contains("sesame"));
    let (service, server) = over(&layer, [fresh("one")]);
    for _ in 0..2 {
        assert_eq!(send(&service, get("/")).await.body, "one");
    }
    assert_eq!(server.calls().len(), 1);

    let folder = Folder::new();
    let disk = Disk::open(&folder.0, 1 << 20).await;
    let layer = calm(CacheLayer::private().store_or_memory(disk));
    let (service, _) = over(&layer, [fresh("one")]);
    send(&service, get("/")).await;
    written(&layer, "/").await;
    assert!(
        contains(&all_bytes(&folder.0), "http://api.example/"),
        "it is there"
    );
}

#[tokio::test]
async fn a_short_secret_is_refused() {
    let error = CacheLayer::private()
        .partition_secret("guess me")
        .unwrap_err();
    assert!(error.to_string().contains("32 bytes"));
}

#[tokio::test]
async fn a_search_and_a_missing_bound_are_events() {
    let (lines, _guard) = crate::telemetry::listen();
    let Some(server) = Server::start("") else {
        return;
    };
    redis(&server).await;
    let told = lines.take();
    assert!(
        told[0].starts_with("WARN") && told[0].contains("set maxmemory"),
        "{told:?}"
    );
    server.raw("CONFIG SET maxmemory 50mb");
    redis(&server).await;
    assert_eq!(lines.take(), Vec::<String>::new());
}
