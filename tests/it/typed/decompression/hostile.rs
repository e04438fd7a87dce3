//! Streams that are bombs, damaged, cut, or not what they say.

use buttress::decompression::NotDecoded;
use buttress_testkit::Step;
use bytes::Bytes;

use super::{BR, DEFLATE, GZIP, ZSTD, unpacking};

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
#[cfg(feature = "compression")]
const ZEROS_IN_BR: &[u8] =
    b"\xcb\xff\xff\x3f\xf8\x27\x00\xe2\xb1\x40\x20\xf7\xfe\x2f\xff\xff\xff\xf0\x4f\x00\xc4\x61\x11\x80\xee\xfd\x1f";

/// A frame of blocks that are 128 KiB of zeros each (RFC 8878 §3.1.1.2.2), with a window of as much.
#[cfg(feature = "compression")]
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
