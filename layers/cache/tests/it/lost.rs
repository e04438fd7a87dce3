//! Stores that are lost while a long body is read from them.

use buttress_cache::CacheLayer;
use buttress_kernel::Body;
use buttress_testkit::{Call, Step};
use bytes::Bytes;
use http::{Response, header};
use http_body_util::BodyExt;

use crate::stores::{Folder, Server, calm, redis, written};
use crate::support::*;

const LENGTH: usize = 3 << 20;

fn whole() -> Bytes {
    let letters = (0..LENGTH).map(|at| b'a' + u8::try_from(at / 7 % 26).unwrap());
    letters.collect::<Vec<_>>().into()
}

/// An origin that knows ranges, and how to tell by `tag` that nothing has changed.
fn origin(tag: &'static str) -> Step {
    Step::answer(move |call: &Call| {
        let answer = Response::builder()
            .header(header::CACHE_CONTROL, "max-age=60")
            .header(header::ETAG, tag);
        let first = call.header("range").map(|range| {
            let first = range.strip_prefix("bytes=").unwrap();
            first.strip_suffix('-').unwrap().parse::<usize>().unwrap()
        });
        let Some(first) = first.filter(|_| call.header("if-range") == Some(tag)) else {
            return answer.body(Body::from(whole())).unwrap();
        };
        let range = format!("bytes {first}-{}/{LENGTH}", LENGTH - 1);
        let answer = answer.status(206).header(header::CONTENT_RANGE, range);
        answer.body(Body::from(whole().slice(first..))).unwrap()
    })
}

/// Reads the beginning of a stored body, and the rest once the store is lost; whether it was all.
async fn read_over(layer: CacheLayer, tag: &'static str, lose: impl FnOnce()) -> bool {
    let (lines, _guard) = crate::telemetry::listen();
    let layer = calm(layer);
    let (service, server) = over(&layer, [origin(tag)]);
    let read = head(&service, get("/")).await.unwrap().into_body();
    assert!(read.collect().await.unwrap().to_bytes() == whole());
    written(&layer, "/").await;
    let mut body = head(&service, get("/")).await.unwrap().into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(server.calls().len(), 1, "it is stored");
    lose();
    let rest = body.collect().await;
    let failed = |line: &String| line.contains("the store failed operation=\"body\"");
    let told = lines.take();
    assert!(told.iter().any(failed), "{told:?}");
    let Ok(rest) = rest else {
        assert_eq!(server.calls().len(), 1);
        return false;
    };
    let asked = format!("bytes={}-", first.len());
    assert_eq!(server.calls()[1].header("range"), Some(&*asked));
    assert!([first, rest.to_bytes()].concat() == whole());
    true
}

#[tokio::test]
async fn ic43_a_file_that_is_cut_off_while_it_is_read_goes_on_at_the_origin() {
    for (tag, goes_on) in [("\"a\"", true), ("W/\"a\"", false)] {
        let folder = Folder::new();
        let layer = CacheLayer::private().store(folder.open().await);
        let cut = || {
            let mut folders = vec![folder.0.clone()];
            let mut cut = 0;
            while let Some(folder) = folders.pop() {
                for entry in std::fs::read_dir(folder).unwrap() {
                    let entry = entry.unwrap();
                    if entry.file_type().unwrap().is_dir() {
                        folders.push(entry.path());
                    } else if entry.metadata().unwrap().len() == LENGTH as u64 {
                        let file = std::fs::File::options().write(true).open(entry.path());
                        file.unwrap().set_len(200_000).unwrap();
                        cut += 1;
                    }
                }
            }
            assert_eq!(cut, 1);
        };
        assert_eq!(read_over(layer, tag, cut).await, goes_on);
    }
}

#[tokio::test]
async fn ic43_a_redis_that_ends_while_it_is_read_goes_on_at_the_origin() {
    for (tag, goes_on) in [("\"a\"", true), ("W/\"a\"", false)] {
        let Some(mut server) = Server::start("") else {
            return;
        };
        let layer = CacheLayer::private().store(redis(&server).await);
        assert_eq!(read_over(layer, tag, || server.end()).await, goes_on);
    }
}
