//! Compressed responses, and compressed requests.

use buttress::decompression::{DecompressionLayer, NotDecoded};
use buttress::{Body, CacheLayer, Client, Explain, Payload};
use buttress_testkit::{Scripted, Step};
use bytes::Bytes;
use http_body_util::BodyExt;

use super::{scripted, scripted_with};

buttress_testkit::contract!(DecompressionLayer::new);

const GZIP: &[u8] =
    b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0";
const DEFLATE: &[u8] = b"\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\0\x06\x2c\x02\x15";
const BR: &[u8] = b"\x0b\x02\x80hello\x03";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd\x20\x05\x29\0\0hello";

fn packed(encoding: &str, body: &'static [u8]) -> Step {
    let length = body.len().to_string();
    let step = Step::ok().header("content-encoding", encoding);
    step.header("content-length", &length)
        .header("etag", "\"v\"")
        .body(body)
}

fn unpacking(steps: impl IntoIterator<Item = Step>) -> (Client, Scripted) {
    scripted_with(steps, |b| b.decompression(true))
}

#[tokio::test]
async fn nothing_is_asked_for_or_unpacked_unless_it_is_turned_on() {
    let (client, server) = scripted([packed("gzip", GZIP)]);
    let response = client.get("/").send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.bytes().await.unwrap(), GZIP);
    assert_eq!(server.calls()[0].header("accept-encoding"), None);
}

#[tokio::test]
async fn each_encoding_is_asked_for_and_unpacked() {
    for (encoding, body) in [
        ("gzip", GZIP),
        ("deflate", DEFLATE),
        ("br", BR),
        ("zstd", ZSTD),
    ] {
        let (client, server) = unpacking([packed(encoding, body)]);
        let response = client.get("/").send().await.unwrap();
        let names: Vec<_> = response
            .headers()
            .keys()
            .map(http::HeaderName::as_str)
            .collect();
        assert_eq!(
            names,
            ["etag"],
            "{encoding}: length and encoding were those of other bytes"
        );
        assert_eq!(response.text().await.unwrap(), "hello", "{encoding}");
        let asked = server.calls()[0]
            .header("accept-encoding")
            .map(str::to_owned);
        assert_eq!(asked.as_deref(), Some("zstd, br, gzip, deflate"));
    }
}

#[tokio::test]
async fn an_encoding_is_known_by_each_of_its_names() {
    for (name, body) in [
        ("GZip", GZIP),
        ("x-gzip", GZIP),
        ("X-GZIP", GZIP),
        (" Deflate ", DEFLATE),
        ("BR", BR),
        ("ZStd", ZSTD),
    ] {
        let (client, _) = unpacking([packed(name, body)]);
        let response = client.get("/").send().await.unwrap();
        assert!(
            !response.headers().contains_key("content-encoding"),
            "{name}"
        );
        assert_eq!(response.text().await.unwrap(), "hello", "{name}");
    }
    // Two fields are two encodings, one within the other.
    let (client, _) = unpacking([packed("gzip", GZIP).header("content-encoding", "br")]);
    let response = client.get("/").send().await.unwrap();
    assert_eq!(
        response
            .headers()
            .get_all("content-encoding")
            .iter()
            .count(),
        2
    );
    assert_eq!(response.bytes().await.unwrap(), GZIP);
}

#[tokio::test]
async fn a_frame_that_asks_for_too_much_memory_is_refused() {
    // A window of 9 MiB, which the decoder alone would keep, in the first frame and in a later one.
    let large = b"\x28\xb5\x2f\xfd\x00\x69\x29\0\0hello";
    for bytes in [large.to_vec(), [ZSTD, large].concat()] {
        let step = Step::ok().header("content-encoding", "zstd").body(bytes);
        let (client, _) = unpacking([step]);
        let body = client.get("/").send().await.unwrap().bytes().await;
        let error = body.unwrap_err();
        assert!(error.failure().find::<NotDecoded>().is_some(), "{error:?}");
    }
    let small = b"\x28\xb5\x2f\xfd\x00\x68\x29\0\0hello";
    let step = Step::ok()
        .header("content-encoding", "zstd")
        .body(&small[..]);
    let (client, _) = unpacking([step]);
    let text = client.get("/").send().await.unwrap().text().await;
    assert_eq!(text.unwrap(), "hello");
}

#[tokio::test]
async fn whoever_asks_for_an_encoding_gets_it_as_it_is() {
    let (client, server) = unpacking([packed("gzip", GZIP)]);
    let own = client.get("/").header("accept-encoding", "gzip");
    assert_eq!(own.send().await.unwrap().bytes().await.unwrap(), GZIP);
    let part = client.get("/").header("range", "bytes=0-");
    assert_eq!(part.send().await.unwrap().bytes().await.unwrap(), GZIP);
    let calls = server.calls();
    assert_eq!(calls[0].header("accept-encoding"), Some("gzip"));
    assert_eq!(
        calls[1].header("accept-encoding"),
        None,
        "parts are never asked for compressed"
    );

    let (client, server) = scripted_with([packed("gzip", GZIP)], |b| {
        b.decompression(true).header("accept-encoding", "br")
    });
    assert_eq!(
        client.get("/").send().await.unwrap().bytes().await.unwrap(),
        GZIP
    );
    assert_eq!(server.calls()[0].header("accept-encoding"), Some("br"));
}

#[tokio::test]
async fn what_is_no_whole_body_of_a_known_encoding_is_left_as_it_is() {
    let part = Step::status(206)
        .header("content-encoding", "gzip")
        .body(&GZIP[3..]);
    let empty = Step::ok().header("content-encoding", "gzip");
    let none = Step::status(204).header("content-encoding", "gzip");
    let (client, _) = unpacking([
        part,
        empty,
        none,
        packed("aws-chunked", b"x"),
        packed("gzip, br", b"y"),
    ]);
    for expected in [&GZIP[3..], b"", b"", b"x", b"y"] {
        let response = client.get("/").send().await.unwrap();
        assert!(response.headers().contains_key("content-encoding"));
        assert_eq!(response.bytes().await.unwrap(), expected);
    }
    let (client, server) = unpacking([packed("gzip", b"")]);
    let head = client.head("/").send().await.unwrap();
    assert_eq!(head.headers()["content-encoding"], "gzip");
    assert!(
        server.calls()[0].header("accept-encoding").is_some(),
        "as a GET would"
    );
}

/// A stream that ends at once after its head, and holds nothing.
#[tokio::test]
async fn a_stream_without_a_byte_is_an_empty_body() {
    let step = Step::ok().header("content-encoding", "gzip").body_with(|| {
        let (_, body) = buttress_testkit::channel();
        body
    });
    let (client, _) = unpacking([step]);
    assert_eq!(
        client.get("/").send().await.unwrap().bytes().await.unwrap(),
        ""
    );
}

#[cfg(feature = "compression")]
fn zeros_in_gzip(bytes: usize) -> Vec<u8> {
    use std::io::Write;

    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; bytes]).unwrap();
    encoder.finish().unwrap()
}

#[cfg(feature = "compression")]
fn zeros_in_deflate(bytes: usize) -> Vec<u8> {
    use std::io::Write;

    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; bytes]).unwrap();
    encoder.finish().unwrap()
}

/// 16 MiB of zeros, as Brotli's own compressor writes them.
const ZEROS_IN_BR: &[u8] =
    b"\xcb\xff\xff\x3f\xf8\x27\x00\xe2\xb1\x40\x20\xf7\xfe\x2f\xff\xff\xff\xf0\x4f\x00\xc4\x61\x11\x80\xee\xfd\x1f";

/// A frame of blocks that are 128 KiB of zeros each (RFC 8878 §3.1.1.2.2), with a window of as much.
fn zeros_in_zstd(blocks: usize) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3];
    for block in 1..=blocks {
        let head = (128_u32 << 10) << 3 | 0b10 | u32::from(block == blocks);
        frame.extend(&head.to_le_bytes()[..3]);
        frame.push(0);
    }
    frame
}

/// What a response is answered by, piece by piece, and what becomes of it.
async fn read(encoding: &'static str, pieces: Vec<Vec<u8>>) -> Result<Bytes, buttress::Error> {
    let step = Step::ok()
        .header("content-encoding", encoding)
        .body_with(move || {
            let (frames, body) = buttress_testkit::channel();
            for piece in &pieces {
                frames.data(piece.clone());
            }
            body
        });
    let (client, _) = unpacking([step]);
    client.get("/").send().await.unwrap().bytes().await
}

const ALL: [(&str, &[u8]); 4] = [
    ("gzip", GZIP),
    ("deflate", DEFLATE),
    ("br", BR),
    ("zstd", ZSTD),
];

fn check_not_decoded(body: Result<Bytes, buttress::Error>, what: &str) {
    let error = match body {
        Ok(body) => panic!("{what}: {body:?}"),
        Err(error) => error,
    };
    assert!(error.is_transport(), "{what}: {error:?}");
    assert!(error.failure().find::<NotDecoded>().is_some(), "{what}");
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn a_bomb_of_each_encoding_is_cut_at_the_limit() {
    for (encoding, bomb) in [
        ("gzip", zeros_in_gzip(16 << 20)),
        ("deflate", zeros_in_deflate(16 << 20)),
        ("br", ZEROS_IN_BR.to_vec()),
        // 4 GiB, which no test would have the time or the memory for.
        ("zstd", zeros_in_zstd(32 << 10)),
    ] {
        assert!(bomb.len() < 256 << 10, "{encoding}");
        let step = Step::ok().header("content-encoding", encoding).body(bomb);
        let (client, _) = unpacking([step.clone(), step]);
        let response = client.get("/").send().await.unwrap();
        let error = response.limit(1 << 20).bytes().await.unwrap_err();
        assert!(error.is_too_large(), "{encoding}: {error}");
        let told = error.to_string();
        assert!(told.contains("larger than 1048576 bytes"), "{told}");
        let mut response = client.get("/").send().await.unwrap();
        for _ in 0..100 {
            let piece = response.chunk().await.unwrap().unwrap();
            assert!(piece.len() <= 64 << 10, "{encoding}: {}", piece.len());
        }
    }
}

#[tokio::test]
async fn a_stream_of_each_encoding_that_is_cut_anywhere_is_an_error() {
    for (encoding, whole) in ALL {
        let body = read(encoding, vec![whole.to_vec()]).await.unwrap();
        assert_eq!(body, "hello", "{encoding}");
        for end in 1..whole.len() {
            let what = format!("{end} bytes of {encoding}");
            check_not_decoded(read(encoding, vec![whole[..end].to_vec()]).await, &what);
            let bytes = whole[..end].iter().map(|byte| vec![*byte]).collect();
            check_not_decoded(read(encoding, bytes).await, &what);
        }
    }
}

#[tokio::test]
async fn a_stream_of_each_encoding_that_is_garbage_is_an_error() {
    for (encoding, whole) in ALL {
        let garbage = vec![b"not compressed at all, but long enough".to_vec()];
        check_not_decoded(read(encoding, garbage).await, encoding);
        // The beginning is right, and what follows is not.
        let mut damaged = whole.to_vec();
        let last = damaged.len() - 1;
        if matches!(encoding, "gzip" | "deflate") {
            damaged[last - 1] ^= 1;
        } else {
            damaged.truncate(last);
            damaged[3] = 0xff;
        }
        check_not_decoded(read(encoding, vec![damaged]).await, encoding);
    }
}

#[tokio::test]
async fn what_follows_a_stream_is_an_error_however_it_is_cut() {
    for (encoding, whole) in ALL {
        let garbage = b"garbage".to_vec();
        let together = vec![[whole, &garbage].concat()];
        let apart = vec![whole.to_vec(), garbage];
        let (first, rest) = whole.split_at(whole.len() - 1);
        let across = vec![first.to_vec(), [rest, b"g"].concat()];
        for (pieces, how) in [(together, "together"), (apart, "apart"), (across, "across")] {
            check_not_decoded(read(encoding, pieces).await, &format!("{encoding} {how}"));
        }
    }
}

/// RFC 8878 §3.1 and RFC 1952 §2.2 know streams behind each other. Of gzip only one is unpacked, and a second one
/// is never passed over.
#[tokio::test]
async fn streams_behind_each_other_are_unpacked_or_an_error() {
    let twice = |whole: &[u8]| [whole, whole].concat();
    let apart = |whole: &[u8]| vec![whole.to_vec(), whole.to_vec()];
    assert_eq!(read("zstd", vec![twice(ZSTD)]).await.unwrap(), "hellohello");
    assert_eq!(read("zstd", apart(ZSTD)).await.unwrap(), "hellohello");
    for (encoding, whole) in [("gzip", GZIP), ("deflate", DEFLATE), ("br", BR)] {
        check_not_decoded(read(encoding, vec![twice(whole)]).await, encoding);
        check_not_decoded(read(encoding, apart(whole)).await, encoding);
    }
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn a_bomb_is_cut_at_the_limit_and_never_unpacked_whole() {
    let bomb = zeros_in_gzip(16 << 20);
    assert!(bomb.len() < 32 << 10);
    let step = || {
        Step::ok()
            .header("content-encoding", "gzip")
            .body(bomb.clone())
    };
    let (client, _) = unpacking([
        step(),
        Step::status(500)
            .header("content-encoding", "gzip")
            .body(bomb.clone()),
        step(),
    ]);
    let error = client.get("/").limit(1 << 20).send().await.unwrap();
    let error = error.bytes().await.unwrap_err();
    assert!(error.is_too_large(), "{error}");
    // Nor is it as the body of an error, of which 1 MiB is kept.
    let error = client.get("/").no_retry().send().await.unwrap();
    let error = error.json::<u8>().await.unwrap_err();
    assert_eq!(error.response().unwrap().body().len(), 1 << 20);
    // Piece by piece, little is unpacked ahead.
    let mut response = client.get("/").send().await.unwrap();
    for _ in 0..100 {
        assert!(response.chunk().await.unwrap().unwrap().len() <= 64 << 10);
    }
}

#[tokio::test]
async fn a_damaged_body_is_an_error_and_never_a_shorter_one() {
    for body in [&GZIP[..14], b"not gzip at all, but long enough"] {
        let body = Bytes::copy_from_slice(body);
        let step = Step::ok().header("content-encoding", "gzip").body(body);
        let (client, _) = unpacking([step]);
        let error = client
            .get("/")
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap_err();
        assert!(error.is_transport(), "{error:?}");
        assert!(error.failure().find::<NotDecoded>().is_some());
        assert!(error.to_string().contains("Content-Encoding"), "{error}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_says_so_itself() {
    let step = Step::ok().header("content-encoding", "gzip").body_with(|| {
        let (frames, body) = buttress_testkit::channel();
        frames.data(&GZIP[..14]);
        let broken = buttress::kernel::TransportError::broken(buttress::Sent::Yes, "reset");
        frames.error(broken);
        body
    });
    let (client, _) = unpacking([step]);
    let error = client
        .get("/")
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap_err();
    assert!(error.is_transport() && error.failure().find::<NotDecoded>().is_none());
    assert!(
        error.to_string().ends_with("the connection broke"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_cache_keeps_what_came_and_each_hit_is_unpacked() {
    let step = packed("gzip", GZIP)
        .header("cache-control", "max-age=60")
        .header("vary", "accept-encoding");
    let (client, server) = scripted_with([step, Step::ok().body("plain")], |b| {
        b.decompression(true).cache(CacheLayer::private())
    });
    for _ in 0..2 {
        assert_eq!(
            client.get("/").send().await.unwrap().text().await.unwrap(),
            "hello"
        );
    }
    assert_eq!(server.calls().len(), 1);
    // Without compression it is another variant.
    let plain = client.get("/").header("accept-encoding", "identity");
    assert_eq!(plain.send().await.unwrap().text().await.unwrap(), "plain");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn the_trail_says_what_was_unpacked() {
    let (client, _) = unpacking([packed("gzip", GZIP), packed("x-own", b"x")]);
    let explain = Explain::new();
    client.get("/").explain(&explain).send().await.unwrap();
    let response = client.get("/").explain(&explain).send().await.unwrap();
    let trail = response
        .extensions()
        .get::<buttress::Trail>()
        .unwrap()
        .summary();
    assert!(trail.contains("decompression: unpacks gzip"), "{trail}");
    assert!(trail.contains("decompression: leaves x-own"), "{trail}");
}

#[cfg(feature = "compression")]
fn unpacked(bytes: &[u8]) -> String {
    use std::io::Read;

    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn a_request_in_gzip_says_so_and_keeps_its_type() {
    let (client, server) = scripted([Step::status(503), Step::ok()]);
    let payload = Payload::json(&vec!["a"; 100]).gzip();
    assert!(payload.replayable());
    client.put("/").payload(payload).send().await.unwrap();
    let calls = server.calls();
    assert_eq!(calls.len(), 2, "what lies in memory can be sent again");
    for call in calls {
        assert_eq!(call.header("content-encoding"), Some("gzip"));
        assert_eq!(call.header("content-type"), Some("application/json"));
        assert!(call.body.len() < 50);
        assert_eq!(
            unpacked(&call.body),
            serde_json::to_string(&vec!["a"; 100]).unwrap()
        );
    }
    // Another body takes its encoding with it.
    let request = client
        .post("/")
        .payload(Payload::text("a").gzip())
        .text("b")
        .build()
        .unwrap();
    assert!(!request.headers().contains_key("content-encoding"));
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn a_stream_is_packed_on_the_way_with_its_trailers_and_its_errors() {
    use http::HeaderMap;

    let pieces = (0..50).map(|n| Ok::<_, std::io::Error>(Bytes::from(format!("{n:0>9999}"))));
    let stream = || futures_util::stream::iter(pieces.clone());
    let (client, server) = scripted([Step::ok()]);
    let payload = Payload::stream(stream()).gzip();
    client.post("/").payload(payload).send().await.unwrap();
    let all: String = (0..50).map(|n| format!("{n:0>9999}")).collect();
    assert_eq!(unpacked(&server.calls()[0].body), all);

    let trailers = HeaderMap::from_iter([(http::header::ETAG, "x".parse().unwrap())]);
    let (frames, body) = buttress_testkit::channel();
    frames.data("hello");
    frames.trailers(trailers.clone());
    drop(frames);
    let request = client
        .post("/")
        .payload(Payload::new(body).gzip())
        .build()
        .unwrap();
    let sent = request.into_body().collect().await.unwrap();
    assert_eq!(sent.trailers(), Some(&trailers));
    assert_eq!(unpacked(&sent.to_bytes()), "hello");

    let (frames, body) = buttress_testkit::channel();
    frames.data("hello");
    frames.error("torn");
    drop(frames);
    let request = client
        .post("/")
        .payload(Payload::new(body).gzip())
        .build()
        .unwrap();
    let error = request.into_body().collect().await.unwrap_err();
    assert_eq!(error.to_string(), "torn");
    assert_eq!(Payload::new(Body::empty()).gzip().content_type(), None);
}
