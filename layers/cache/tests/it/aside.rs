//! Bodies that lie still on their way to a disk, and what they leave to others.

use std::path::PathBuf;
use std::time::Duration;

use buttress_cache::body::CacheBody;
use buttress_cache::store::Disk;
use buttress_cache::{CacheLayer, Change};
use buttress_kernel::Body;
use buttress_testkit::{FrameSender, Step, channel};
use http_body_util::BodyExt;

use crate::slow::{FRAME, at_once, bytes, long, send_all};
use crate::stores::{Folder, calm};
use crate::support::*;
use crate::telemetry::listen;

const MIB: usize = 1 << 20;

/// A layer over a folder of 4 MiB, and where bodies wait there until they are whole.
async fn over_four_mib(folder: &Folder) -> (CacheLayer, PathBuf) {
    let disk = Disk::open(&folder.0, 4 << 20).await.unwrap();
    let layer = calm(CacheLayer::private().store(disk));
    let aside = folder.0.join("buttress-cache-1/new");
    (layer.max_entry(3 << 20).unwrap(), aside)
}

fn length_of(aside: &PathBuf) -> usize {
    let files = std::fs::read_dir(aside).unwrap();
    // One may go while they are looked at.
    let lengths = files.filter_map(|file| file.unwrap().metadata().ok());
    usize::try_from(lengths.map(|about| about.len()).sum::<u64>()).unwrap()
}

async fn until(is_so: impl Fn() -> bool) {
    for _ in 0..20_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("it does not come to that");
}

/// So long that a body lies still that brings nothing meanwhile.
async fn lie_still() {
    tokio::time::pause();
    tokio::time::advance(seconds(6)).await;
    tokio::time::resume();
}

async fn read_frames(body: &mut CacheBody<Body>, frames: usize) -> Vec<u8> {
    let mut read = Vec::new();
    for _ in 0..frames {
        let frame = body.frame().await.unwrap().unwrap();
        read.extend(frame.into_data().unwrap());
    }
    read
}

/// A body of so many bytes of which no more come, and all but the last have been read.
async fn lying(layer: &CacheLayer, path: &str, length: usize) -> (FrameSender, CacheBody<Body>) {
    let (sender, body) = channel();
    let (service, _) = over(layer, [long(body)]);
    let mut body = head(&service, get(path)).await.unwrap().into_body();
    send_all(&sender, &bytes(length));
    read_frames(&mut body, length / FRAME).await;
    (sender, body)
}

/// How a response with a long body ends: as an event tells it.
async fn end_of(layer: &CacheLayer, path: &str, length: usize) -> String {
    let (lines, _guard) = listen();
    let (service, _) = over(layer, [long(at_once(&bytes(length)))]);
    let body = head(&service, get(path)).await.unwrap().into_body();
    assert!(body.collect().await.unwrap().to_bytes() == bytes(length));
    let (mut told, name) = (Vec::new(), format!("api.example{path} "));
    loop {
        told.extend(lines.take());
        assert!(
            !told
                .iter()
                .any(|line: &String| line.contains("the store failed"))
        );
        let is_end = |line: &&String| line.contains("stored") && line.contains(&name);
        let end = told.iter().find(is_end);
        if let Some(end) = end {
            return end.clone();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn bodies_that_lie_still_leave_the_folder_to_what_is_put_in_one_go() {
    let folder = Folder::new();
    let (layer, aside) = over_four_mib(&folder).await;
    let mut pinned = Vec::new();
    for path in ["/a", "/b", "/c"] {
        pinned.push(lying(&layer, path, MIB).await);
    }
    until(|| length_of(&aside) == 3 * MIB).await;
    // There is no room for all of another one.
    pinned.push(lying(&layer, "/d", MIB).await);
    let (service, server) = over(&layer, [fresh("small")]);
    let mut changes = layer.handle().changes();
    for _ in 0..5 {
        assert_eq!(send(&service, get("/small")).await.body, "small");
        if server.calls().len() == 1 {
            crate::stores::written(&layer, "/small").await;
        }
    }
    assert_eq!(server.calls().len(), 1);
    let key = layer.handle().key(&get("/small"));
    assert_eq!(changes.next().await, Some(Change::Stored(key)));
}

#[tokio::test]
async fn bodies_that_lie_still_make_room_for_others_and_pass_unstored() {
    let folder = Folder::new();
    let (layer, aside) = over_four_mib(&folder).await;
    let mut pinned = Vec::new();
    for path in ["/a", "/b", "/c"] {
        pinned.push(lying(&layer, path, MIB).await);
    }
    until(|| length_of(&aside) == 3 * MIB).await;
    let told = end_of(&layer, "/long", MIB).await;
    assert!(told.contains("reason=\"no room\""), "{told}");
    until(|| length_of(&aside) == 3 * MIB).await;

    lie_still().await;
    let told = end_of(&layer, "/long", MIB).await;
    assert!(told.contains("reason=\"no room\""), "{told}");
    until(|| length_of(&aside) == 0).await;
    let told = end_of(&layer, "/long", MIB).await;
    assert!(
        told.starts_with("DEBUG") && told.contains("bytes"),
        "{told}"
    );

    for (sender, body) in pinned {
        send_all(&sender, &bytes(5 * MIB));
        drop(sender);
        let rest = body.collect().await.unwrap().to_bytes();
        assert!(rest == bytes(5 * MIB), "its reader goes on");
    }
    let key = layer.handle().key(&get("/a"));
    assert!(layer.handle().get(&key).await.is_none());
}

#[tokio::test]
async fn a_body_that_several_read_is_not_given_up_since_the_slower_may_need_it() {
    for max_bytes in [512 << 10, 64 << 20] {
        let folder = Folder::new();
        let (layer, aside) = over_four_mib(&folder).await;
        let layer = layer.max_bytes(max_bytes).unwrap();
        let (sender, body) = channel();
        let (service, server) = over(&layer, [long(body).pending(3)]);
        let (fast, slow) = tokio::join!(head(&service, get("/")), head(&service, get("/")));
        let (mut fast, slow) = (fast.unwrap().into_body(), slow.unwrap().into_body());
        let whole = bytes(3 * MIB);
        send_all(&sender, &whole.slice(..5 * MIB / 2));
        read_frames(&mut fast, 40).await;
        until(|| length_of(&aside) == 5 * MIB / 2).await;
        lie_still().await;
        for _ in 0..2 {
            let told = end_of(&layer, "/other", 2 * MIB).await;
            assert!(told.contains("reason=\"no room\""), "{told}");
        }
        send_all(&sender, &whole.slice(5 * MIB / 2..));
        drop(sender);
        fast.collect().await.unwrap();
        assert!(slow.collect().await.unwrap().to_bytes() == whole);
        crate::stores::written(&layer, "/").await;
        assert_eq!(server.calls().len(), 1);
    }
}

#[tokio::test]
async fn a_want_of_room_costs_no_response_that_is_still_right() {
    let folder = Folder::new();
    let (layer, aside) = over_four_mib(&folder).await;
    let told = end_of(&layer, "/", MIB).await;
    assert!(told.contains("bytes"), "{told}");
    let _pinned = lying(&layer, "/pinned", 11 * MIB / 4).await;
    until(|| length_of(&aside) == 11 * MIB / 4).await;
    for (tag, calls) in [("\"a\"", 1), ("\"b\"", 2)] {
        let (lines, _guard) = listen();
        let again = Step::ok().header("cache-control", "max-age=60");
        let again = again.header("etag", tag).body(at_once(&bytes(MIB)));
        let (service, server) = over(&layer, [again, fresh("new")]);
        let reload = with(get("/"), "cache-control", "no-cache");
        let body = head(&service, reload).await.unwrap().into_body();
        body.collect().await.unwrap();
        let told = std::cell::RefCell::new(Vec::new());
        until(|| {
            told.borrow_mut().extend(lines.take());
            let told = told.borrow();
            told.iter().any(|line| line.contains("\"no room\""))
        })
        .await;
        assert!(server.calls()[0].headers.contains_key("if-none-match"));
        head(&service, get("/")).await.unwrap();
        assert_eq!(server.calls().len(), calls, "{tag}");
    }
}
