//! Compressed responses.

use buttress::decompression::{DecompressionLayer, NotDecoded};
use buttress::{CacheLayer, Client, Explain};
use buttress_testkit::{Scripted, Step};

use super::{scripted, scripted_with};

mod hostile;

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
