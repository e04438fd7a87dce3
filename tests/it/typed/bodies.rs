//! What requests carry.

use std::collections::BTreeMap;

use buttress::{Body, Payload};
#[cfg(feature = "multipart")]
use buttress::{Multipart, Part};
use buttress_testkit::Step;
use bytes::Bytes;
use futures_util::stream;
use serde_json::json;

use super::{scripted, scripted_with};

#[tokio::test]
async fn ic19_each_body_brings_its_content_type() {
    let (client, server) = scripted([Step::ok()]);
    let form = BTreeMap::from([("a", "1 2"), ("b", "é")]);
    let pieces = || stream::iter([Ok::<_, std::io::Error>("ab"), Ok("c")]);
    let post = || client.post("/");
    for (request, content_type, body) in [
        (
            post().json(&json!({"a": [1]})),
            Some("application/json"),
            r#"{"a":[1]}"#,
        ),
        (
            post().form(&form),
            Some("application/x-www-form-urlencoded"),
            "a=1+2&b=%C3%A9",
        ),
        (post().text("é"), Some("text/plain; charset=utf-8"), "é"),
        (post().bytes("x"), Some("application/octet-stream"), "x"),
        (
            post().stream(pieces()),
            Some("application/octet-stream"),
            "abc",
        ),
        (post().body("x"), None, "x"),
        (post(), None, ""),
    ] {
        request.send().await.unwrap();
        let call = server.calls().pop().unwrap();
        assert_eq!(call.header("content-type"), content_type, "{body}");
        assert_eq!(call.body, body.as_bytes());
    }
}

#[tokio::test]
async fn w19_falsy_bodies_are_sent() {
    let (client, server) = scripted([Step::ok()]);
    for (value, text) in [
        (json!(0), "0"),
        (json!(false), "false"),
        (json!(""), "\"\""),
        (json!(null), "null"),
    ] {
        client.post("/").json(&value).send().await.unwrap();
        assert_eq!(server.calls().pop().unwrap().body, text.as_bytes());
    }
}

#[tokio::test]
async fn sp11_a_content_type_that_is_set_wins_before_and_after_the_body() {
    let (client, server) = scripted_with([Step::ok()], |b| b.header("content-type", "text/html"));
    let patch = "application/merge-patch+json";
    let before = client.patch("/").header("content-type", patch).json(&1);
    let after = client.patch("/").json(&1).header("content-type", patch);
    for request in [before, after] {
        request.send().await.unwrap();
        assert_eq!(
            server.calls().pop().unwrap().header("content-type"),
            Some(patch)
        );
    }
    // Without one, the body's wins over the client's default, and the last body's over the others'.
    client.post("/").text("x").json(&1).send().await.unwrap();
    assert_eq!(
        server.calls().pop().unwrap().header("content-type"),
        Some("application/json")
    );
}

#[tokio::test]
async fn a_value_that_json_cannot_hold_is_told_before_anything_is_sent() {
    let (client, server) = scripted([Step::ok()]);
    let map = BTreeMap::from([((1, 2), 3)]);
    let error = client.post("/").json(&map).send().await.unwrap_err();
    assert!(error.is_request() && error.failure().find::<serde_json::Error>().is_some());
    assert!(server.calls().is_empty());
}

#[test]
fn ic19_whether_a_body_can_be_sent_again_can_be_seen() {
    let (client, _) = scripted([Step::ok()]);
    let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(b"x")));
    assert!(client.post("/").json(&1).replayable());
    assert!(client.post("/").replayable());
    let once = Body::stream(http_body_util::StreamBody::new(stream::empty::<
        Result<hyper::body::Frame<Bytes>, std::io::Error>,
    >()));
    assert!(!client.post("/").body(once.replay_limit(0)).replayable());
    assert!(Payload::stream(endless).replayable(), "up to 64 KiB of it");
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_sent_again_up_to_the_limit_that_is_set() {
    let piece = || stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 100_000]))]);
    for (limit, attempts) in [(200_000, 2), (50_000, 1)] {
        let (client, server) = scripted([Step::status(503), Step::ok()]);
        let payload = Payload::stream(piece()).replay_limit(limit);
        let request = client.put("/").payload(payload);
        request.send().await.unwrap();
        assert_eq!(server.calls().len(), attempts, "{limit}");
    }
}

#[tokio::test]
async fn a_header_is_added_to_those_that_are_set() {
    let (client, server) = scripted([Step::ok()]);
    let request = client.get("/").header("x-a", "1").append_header("x-a", "2");
    request.append_header("cookie", "a=1").send().await.unwrap();
    let values = server.calls()[0].headers.clone();
    assert_eq!(values.get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert!(values["cookie"].is_sensitive());
}

#[cfg(feature = "compression")]
#[tokio::test]
async fn what_is_packed_is_packed_once_and_nothing_stays_nothing() {
    let (client, server) = scripted([Step::ok()]);
    let once = Payload::text("x".repeat(100)).gzip();
    client.post("/").payload(once).send().await.unwrap();
    let twice = Payload::text("x".repeat(100)).gzip().gzip();
    client.post("/").payload(twice).send().await.unwrap();
    client
        .post("/")
        .payload(Payload::none().gzip())
        .send()
        .await
        .unwrap();
    let calls = server.calls();
    assert_eq!(calls[0].header("content-encoding"), Some("gzip"));
    assert_eq!(calls[0].body, calls[1].body);
    assert_eq!(
        (calls[2].body.len(), calls[2].header("content-encoding")),
        (0, None)
    );
}

#[cfg(all(feature = "compression", feature = "fs"))]
#[tokio::test(start_paused = true)]
async fn a_packed_file_is_sent_again_whatever_its_size() {
    let folder = super::save::Folder::new("packed-file");
    let path = folder.path().join("noise");
    let mut noise = fastrand::Rng::with_seed(7);
    let bytes: Vec<u8> = std::iter::repeat_with(|| noise.u8(..))
        .take(300_000)
        .collect();
    std::fs::write(&path, bytes).unwrap();
    let (client, server) = scripted([Step::status(503), Step::ok()]);
    let payload = Payload::file(&path).gzip();
    assert!(payload.replayable());
    let answer = client.put("/").payload(payload).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let calls = server.calls();
    assert!(calls[0].body.len() > 300_000 && calls[0].body == calls[1].body);
}

#[cfg(feature = "multipart")]
#[tokio::test]
async fn ic20_sp12_a_multipart_form_is_another_kind_and_owns_its_boundary() {
    let (client, server) = scripted([Step::ok()]);
    let form = || {
        let part = Part::bytes("x").file_name("x.bin");
        Multipart::new().text("a", "1").part("f", part)
    };
    let post = |form| client.post("/").multipart(form);
    let set = |value| client.post("/").header("content-type", value);
    for (request, essence) in [
        (post(form()), "multipart/form-data"),
        (
            post(form()).header("content-type", "multipart/mixed"),
            "multipart/mixed",
        ),
        (
            set("multipart/form-data").multipart(form()),
            "multipart/form-data",
        ),
        (
            post(form().boundary("b1")).header("content-type", "Multipart/Related; boundary=b1"),
            "Multipart/Related",
        ),
    ] {
        request.send().await.unwrap();
        let call = server.calls().pop().unwrap();
        let content_type = call.header("content-type").unwrap();
        let boundary = content_type
            .strip_prefix(&format!("{essence}; boundary="))
            .unwrap();
        let body = String::from_utf8(call.body.to_vec()).unwrap();
        assert!(body.starts_with(&format!("--{boundary}\r\n")), "{body}");
        assert!(body.ends_with(&format!("\r\n--{boundary}--\r\n")), "{body}");
    }
    let before = server.calls().len();
    for wrong in ["application/json", "multipart/form-data; boundary=other"] {
        let error = post(form())
            .header("content-type", wrong)
            .send()
            .await
            .unwrap_err();
        assert!(
            error.is_request() && error.to_string().contains("content type"),
            "{error}"
        );
    }
    assert_eq!(server.calls().len(), before);
    // A form is one in URL encoding unless it is said to be of several parts.
    client.post("/").form(&[("a", "1 2")]).send().await.unwrap();
    let call = server.calls().pop().unwrap();
    let content_type = "application/x-www-form-urlencoded";
    assert_eq!(call.header("content-type"), Some(content_type));
    assert_eq!(call.body, "a=1+2");
}

#[tokio::test]
async fn a_content_length_that_is_not_the_bodys_is_refused() {
    let (client, server) = scripted([Step::ok()]);
    let post = |length| {
        client
            .post("/")
            .header("content-length", length)
            .text("12345")
    };
    post("5").send().await.unwrap();
    let incoming =
        http::HeaderMap::from_iter([(http::header::CONTENT_LENGTH, "2".parse().unwrap())]);
    for request in [post("2"), post("6"), post("x"), post("+5")] {
        let error = request.send().await.unwrap_err();
        assert!(
            error.is_request() && error.to_string().contains("`Content-Length`"),
            "{error}"
        );
    }
    let copied = client.post("/").set_headers(&incoming).text("12345");
    assert!(copied.build().unwrap_err().is_request());
    let made_elsewhere = http::Request::post("http://api.example/").header("content-length", "2");
    let made_elsewhere = made_elsewhere.body(Body::from("12345")).unwrap();
    assert!(
        client
            .execute(made_elsewhere)
            .await
            .unwrap_err()
            .is_request()
    );
    assert_eq!(server.calls().len(), 1);
    // What a stream promises cannot be compared with anything.
    let pieces = stream::iter([Ok::<_, std::io::Error>("ab")]);
    let promised = client
        .post("/")
        .header("content-length", "2")
        .stream(pieces);
    promised.send().await.unwrap();
    assert_eq!(server.calls()[1].header("content-length"), Some("2"));
}

#[tokio::test]
async fn what_belongs_to_another_connection_is_not_copied() {
    let (client, server) = scripted([Step::ok()]);
    let incoming = http::Request::get("/")
        .header("connection", "close, X-Hop")
        .header("connection", "x-second")
        .header("x-hop", "1")
        .header("x-second", "1")
        .header("keep-alive", "timeout=5")
        .header("proxy-connection", "close")
        .header("transfer-encoding", "chunked")
        .header("te", "trailers")
        .header("trailer", "x")
        .header("upgrade", "h2c")
        .header("accept", "a/b")
        .header("x-kept", "1")
        .header("x-kept", "2");
    let incoming = incoming.body(()).unwrap();
    let request = client.get("/").header("x-kept", "0");
    request
        .set_headers(incoming.headers())
        .send()
        .await
        .unwrap();
    let mut sent: Vec<_> = server.calls()[0].headers.keys().cloned().collect();
    sent.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    assert_eq!(sent, ["accept", "x-kept"]);
    let kept: Vec<_> = server.calls()[0]
        .headers
        .get_all("x-kept")
        .iter()
        .cloned()
        .collect();
    assert_eq!(kept, ["1", "2"]);
}

#[test]
fn a_requests_own_credentials_are_not_shown() {
    let (client, _) = scripted([Step::ok()]);
    let more = http::HeaderMap::from_iter([(http::header::COOKIE, "a=s3cret".parse().unwrap())]);
    let request = client
        .get("/")
        .header("authorization", "Bearer s3cret")
        .header("x-api-key", "s3cret")
        .header("x-shown", "7")
        .set_headers(&more);
    let request = request.build().unwrap();
    let shown = format!("{request:?}");
    assert!(shown.contains('7') && !shown.contains("s3cret"), "{shown}");
}

#[cfg(feature = "fs")]
mod files {
    use std::fs;
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex};

    use buttress::Client;
    use http_body_util::BodyExt;

    use super::*;
    use crate::support::upstream::Upstream;

    struct Scratch(PathBuf);

    impl Scratch {
        fn with(name: &str, content: &[u8]) -> Self {
            let path = std::env::temp_dir().join(format!("buttress-{}-{name}", std::process::id()));
            fs::write(&path, content).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            fs::remove_file(&self.0).ok();
        }
    }

    /// A server that answers with what it was told of the length, and what came.
    async fn echo() -> Upstream {
        Upstream::start(|_, request| async move {
            let length = request.headers().get("content-length").cloned();
            let body = request.into_body().collect().await?.to_bytes();
            let response = http::Response::builder();
            let response = match length {
                Some(length) => response.header("x-length", length),
                None => response,
            };
            Ok::<_, hyper::Error>(response.body(Body::from(body)).unwrap())
        })
        .await
    }

    #[tokio::test]
    async fn ic19_a_file_is_streamed_with_its_length() {
        let content: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let file = Scratch::with("large", &content);
        let upstream = echo().await;
        let client = Client::builder().base_uri(upstream.uri()).build().unwrap();
        let response = client.post("/").file(&file.0).send().await.unwrap();
        assert_eq!(response.headers()["x-length"], "200000");
        assert_eq!(response.bytes().await.unwrap(), content);
    }

    /// A server that takes the request whole each time, and is busy twice.
    async fn busy_twice() -> (Client, Arc<Mutex<Vec<(String, Bytes)>>>, Upstream) {
        let seen: Arc<Mutex<Vec<(String, Bytes)>>> = Arc::default();
        let log = Arc::clone(&seen);
        let upstream = Upstream::start(move |_, request| {
            let log = Arc::clone(&log);
            async move {
                let of = request.headers()["content-type"]
                    .to_str()
                    .unwrap()
                    .to_owned();
                let body = request.into_body().collect().await?.to_bytes();
                let mut log = log.lock().unwrap();
                log.push((of, body));
                let status = if log.len() < 3 { 503 } else { 200 };
                let response = http::Response::builder().status(status);
                Ok::<_, hyper::Error>(response.body(Body::empty()).unwrap())
            }
        })
        .await;
        let client = Client::builder().base_uri(upstream.uri()).build().unwrap();
        (client, seen, upstream)
    }

    #[tokio::test]
    async fn a_file_is_sent_again_however_long_it_is() {
        let file = Scratch::with("again", &vec![7; 300_000]);
        assert!(Payload::file(&file.0).replayable());
        let (client, seen, _upstream) = busy_twice().await;
        let response = client.put("/").file(&file.0).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), 3);
        assert!(seen.iter().all(|(_, body)| *body == vec![7; 300_000]));
    }

    #[cfg(feature = "multipart")]
    #[tokio::test]
    async fn a_form_is_sent_again_with_its_files_under_one_boundary() {
        let file = Scratch::with("form-again", &vec![7; 300_000]);
        let form = || {
            let large = Part::new(Body::from(vec![8; 100_000])).file_name("large");
            Multipart::new()
                .text("a", "1")
                .file("f", &file.0)
                .part("g", large)
        };
        for form in [form(), Multipart::new().text("a", "x".repeat(100_000))] {
            let (client, seen, _upstream) = busy_twice().await;
            let request = client.put("/").multipart(form);
            assert!(request.replayable());
            assert_eq!(request.send().await.unwrap().status(), 200);
            let seen = seen.lock().unwrap();
            assert_eq!(seen.len(), 3);
            assert!(
                seen.iter().all(|one| *one == seen[0]),
                "type and bytes alike"
            );
            assert!(seen[0].1.len() > 100_000);
        }
        let (once, other) = (form(), form());
        let types = [once, other].map(|form| Payload::multipart(form).content_type().cloned());
        assert_ne!(types[0], types[1], "another form has another boundary");
    }

    #[cfg(feature = "multipart")]
    #[tokio::test]
    async fn ic25_several_files_go_in_one_form_with_its_length() {
        let (one, two) = (
            Scratch::with("one", &[1; 70_000]),
            Scratch::with("two", b"2"),
        );
        let upstream = echo().await;
        let client = Client::builder().base_uri(upstream.uri()).build().unwrap();
        let form = Multipart::new()
            .text("title", "t")
            .file("files[0]", &one.0)
            .file("files[1]", &two.0);
        let response = client.post("/").multipart(form).send().await.unwrap();
        let length: usize = response.headers()["x-length"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let body = response.bytes().await.unwrap();
        assert_eq!(body.len(), length);
        let text = String::from_utf8_lossy(&body);
        let name = one.0.file_name().unwrap().to_str().unwrap();
        assert!(
            text.contains(&format!("name=\"files[0]\"; filename=\"{name}\"\r\n")),
            "{text}"
        );
        assert!(text.contains("\r\n\r\n2\r\n--"), "{text}");
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_told_before_anything_is_sent() {
        let (client, server) = scripted([Step::ok()]);
        let error = client
            .post("/")
            .file("/no/such/file")
            .send()
            .await
            .unwrap_err();
        assert!(error.is_request());
        assert!(
            error.to_string().contains("the file `file` cannot be read"),
            "{error}"
        );
        let folder = client.post("/").file(std::env::temp_dir()).send().await;
        assert!(folder.unwrap_err().is_request());
        assert!(server.calls().is_empty());
    }

    #[tokio::test]
    async fn a_file_that_shrinks_is_an_error_and_never_a_whole_body() {
        let file = Scratch::with("shrinking", b"12345");
        let upstream = echo().await;
        let client = Client::builder()
            .base_uri(upstream.uri())
            .retry(None)
            .build()
            .unwrap();
        let request = client.post("/").file(&file.0);
        fs::write(&file.0, b"12").unwrap();
        let error = request.send().await.unwrap_err();
        assert!(error.is_request_body(), "{error:?}");
    }
}
