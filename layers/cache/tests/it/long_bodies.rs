//! Long bodies on their way to a disk and to Redis.

use std::path::Path;

use buttress_cache::store::Disk;
use buttress_cache::{CacheLayer, Change};
use buttress_kernel::Body;
use buttress_testkit::{FrameSender, Step, channel};
use bytes::Bytes;
use http_body_util::BodyExt;

use crate::stores::{Folder, Server, calm, redis, written};
use crate::support::*;

fn bytes(length: usize) -> Bytes {
    let letters = (0..length).map(|at| b'a' + u8::try_from(at / 7 % 26).unwrap());
    letters.collect::<Vec<_>>().into()
}

fn long(body: Body) -> Step {
    Step::ok().header("cache-control", "max-age=60").body(body)
}

fn send_all(sender: &FrameSender, bytes: &Bytes) {
    for at in (0..bytes.len()).step_by(10_000) {
        sender.data(bytes.slice(at..bytes.len().min(at + 10_000)));
    }
}

/// Bodies may be far longer than what all of them may take in memory.
fn small(layer: CacheLayer) -> CacheLayer {
    let layer = calm(layer).max_entry(64 << 20).unwrap();
    layer.max_bytes(512 << 10).unwrap()
}

fn count_files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

/// A check with a layer over an empty store of each kind, and a count of the bodies in it that no response
/// has.
async fn over_each(check: impl AsyncFn(CacheLayer, &dyn Fn() -> usize)) {
    let folder = Folder::new();
    let layer = small(CacheLayer::private().store(folder.open().await));
    let aside = folder.0.join("buttress-cache-1/new");
    check(layer, &|| count_files(&aside)).await;
    if let Some(server) = Server::start("") {
        let layer = small(CacheLayer::private().store(redis(&server).await));
        check(layer, &|| {
            let keys = server.keys();
            let all = |is_one: fn(&str) -> bool| keys.iter().filter(|key| is_one(key)).count();
            let is_mark = |key: &str| key.contains(":b:") && key.ends_with(":r");
            let bodies = all(|key| key.contains(":b:")) - all(is_mark);
            // What was read a moment ago may stay for that.
            bodies.saturating_sub(all(|key| key.contains(":e:")) + all(is_mark))
        })
        .await;
    }
}

async fn tidied(left: &dyn Fn() -> usize) {
    while left() > 0 {
        tokio::time::sleep(seconds(1) / 1_000).await;
    }
}

#[tokio::test]
async fn what_is_longer_than_memory_may_be_is_stored_and_served_whole_and_in_part() {
    over_each(async |layer, left| {
        let whole = bytes(3 << 20);
        let (sender, body) = channel();
        send_all(&sender, &whole);
        drop(sender);
        let (service, server) = over(&layer, [long(body)]);
        for _ in 0..2 {
            let answer = head(&service, get("/")).await.unwrap();
            let read = answer.into_body().collect().await.unwrap().to_bytes();
            assert!(read == whole);
            written(&layer, "/").await;
        }
        let part = send(&service, with(get("/"), "range", "bytes=2000000-2000005")).await;
        assert_eq!(part.body.as_bytes(), &whole[2_000_000..2_000_006]);
        assert_eq!(server.calls().len(), 1);
        assert_eq!(left(), 0);
    })
    .await;
}

#[tokio::test]
async fn what_does_not_come_to_its_end_leaves_nothing_behind() {
    over_each(async |layer, left| {
        for breaks in [true, false] {
            let (sender, body) = channel();
            let (service, server) = over(&layer, [long(body), fresh("whole")]);
            let mut body = head(&service, get("/")).await.unwrap().into_body();
            send_all(&sender, &bytes(1 << 20));
            for _ in 0..100 {
                body.frame().await.unwrap().unwrap();
            }
            while left() == 0 {
                tokio::time::sleep(seconds(1) / 1_000).await;
            }
            if breaks {
                sender.error(std::io::Error::other("reset"));
                while body.frame().await.unwrap().is_ok() {}
            }
            drop(body);
            tidied(left).await;
            assert_eq!(send(&service, get("/")).await.body, "whole");
            assert_eq!(server.calls().len(), 2);
            layer.handle().clear().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_long_part_is_completed_without_being_held() {
    over_each(async |layer, left| {
        let (whole, part) = (bytes(6 << 20), 5 << 20);
        let (sender, body) = channel();
        let first = long(body).header("etag", "\"a\"");
        let rest = Step::status(206)
            .header("cache-control", "max-age=60")
            .header("etag", "\"a\"")
            .header("content-range", "bytes 5242880-6291455/6291456")
            .body(Body::from(whole.slice(part..)));
        let (service, server) = over(&layer, [first, rest]);
        let mut body = head(&service, get("/")).await.unwrap().into_body();
        send_all(&sender, &whole.slice(..part));
        let mut read = 0;
        while read < part {
            let frame = body.frame().await.unwrap().unwrap();
            read += frame.into_data().unwrap().len();
        }
        drop(body);
        // The part counts once it is there, and no more than a part.
        let key = layer.handle().key(&get("/"));
        let (mut changes, stored) = (layer.handle().changes(), Change::Stored(key));
        while changes.next().await.as_ref() != Some(&stored) {}
        for _ in 0..2 {
            let answer = head(&service, get("/")).await.unwrap();
            let read = answer.into_body().collect().await.unwrap().to_bytes();
            assert!(read == whole);
            written(&layer, "/").await;
        }
        assert_eq!(server.calls()[1].headers["range"], "bytes=5242880-");
        assert_eq!(server.calls().len(), 2);
        assert_eq!(left(), 0);
    })
    .await;
}

#[tokio::test]
async fn what_is_made_out_of_date_on_its_way_leaves_nothing_behind() {
    over_each(async |layer, left| {
        let (sender, body) = channel();
        let (service, _) = over(&layer, [long(body), fresh("new")]);
        let mut body = head(&service, get("/")).await.unwrap().into_body();
        send_all(&sender, &bytes(1 << 20));
        for _ in 0..100 {
            body.frame().await.unwrap().unwrap();
        }
        layer.handle().clear().await;
        send_all(&sender, &bytes(1 << 20));
        drop(sender);
        body.collect().await.unwrap();
        tidied(left).await;
        assert_eq!(send(&service, get("/")).await.body, "new");
    })
    .await;
}

#[tokio::test]
async fn a_folder_that_is_too_small_has_not_failed() {
    let folder = Folder::new();
    let disk = Disk::open(&folder.0, 1 << 20).await.unwrap();
    let layer = small(CacheLayer::private().store(disk));
    let (lines, _guard) = crate::telemetry::listen();
    for length in [1 << 20, 3 << 20] {
        let (sender, body) = channel();
        send_all(&sender, &bytes(length));
        drop(sender);
        let (service, _) = over(&layer, [long(body)]);
        let answer = head(&service, get("/")).await.unwrap();
        let read = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(read.len(), length);
        let mut told = Vec::new();
        while !told
            .iter()
            .any(|line: &String| line.contains("reason=\"no room\""))
        {
            tokio::time::sleep(seconds(1) / 1_000).await;
            told.extend(lines.take());
        }
        assert!(
            !told.iter().any(|line| line.contains("the store failed")),
            "{told:?}"
        );
    }
}

#[tokio::test]
async fn all_who_miss_at_once_read_along_while_it_is_stored() {
    over_each(async |layer, left| {
        let layer = layer.max_bytes(64 << 20).unwrap();
        let whole = bytes(2 << 20);
        let (sender, body) = channel();
        send_all(&sender, &whole);
        drop(sender);
        let (service, server) = over(&layer, [long(body).pending(3)]);
        let readers: Vec<_> = (0..50)
            .map(|_| {
                let service = service.clone();
                tokio::spawn(async move {
                    let answer = head(&service, get("/")).await.unwrap();
                    answer.into_body().collect().await.unwrap().to_bytes()
                })
            })
            .collect();
        for reader in readers {
            assert!(reader.await.unwrap() == whole);
        }
        written(&layer, "/").await;
        assert_eq!(server.calls().len(), 1);
        assert_eq!(left(), 0);
    })
    .await;
}
