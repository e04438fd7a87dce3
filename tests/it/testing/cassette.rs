//! Recordings: what is written, what is replayed, and what is refused.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use buttress::testing::{
    Cassette, CassetteError, Expect, Mock, Mode, Redaction, Reply, Unrecorded,
};
use buttress::{BoxError, Client, Error, Sent};
use tower::service_fn;

/// A file of its own, gone with the test.
struct File(PathBuf);

impl File {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "buttress-cassette-{}-{}/a.json",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        Self(std::env::temp_dir().join(name))
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap()
    }

    fn write(&self, text: &str) {
        std::fs::create_dir_all(self.0.parent().unwrap()).unwrap();
        std::fs::write(&self.0, text).unwrap();
    }

    fn open(&self, mode: Mode) -> Cassette {
        Cassette::with(&self.0, mode, redaction()).unwrap()
    }
}

/// Bytes without a type are no secret in these tests.
fn redaction() -> Redaction {
    Redaction::new()
        .pointer("/user/mail")
        .plain("application/octet-stream")
}

impl Drop for File {
    fn drop(&mut self) {
        // It may never have been written.
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

fn client(cassette: &Cassette, server: &Mock) -> Client {
    Client::builder()
        .base_uri("http://api.example")
        .header("authorization", "Bearer s3cret")
        .attempt_layer(cassette.clone())
        .build_over(server.transport())
        .unwrap()
}

/// A client that has no server.
fn offline(cassette: &Cassette) -> Client {
    let nobody = service_fn(|_: http::Request<buttress::Body>| async {
        Err::<http::Response<buttress::Body>, BoxError>("nothing goes out".into())
    });
    Client::builder()
        .base_uri("http://api.example")
        .header("authorization", "Bearer other")
        .attempt_layer(cassette.clone())
        .build_over(nobody)
        .unwrap()
}

async fn text(client: &Client, path: &str) -> Result<String, Error> {
    client.get(path).send().await?.text().await
}

#[tokio::test(start_paused = true)]
async fn what_was_recorded_is_replayed_without_a_server() {
    let file = File::new();
    let server = Mock::new();
    server.expect(
        Expect::get("/a")
            .reply(Reply::status(503))
            .reply(Reply::ok().text("one")),
    );
    server.expect(Expect::get("/a").reply(Reply::ok().header("x-own", "\u{7e}").text("two")));
    server.expect(
        Expect::post("/b")
            .body("{}")
            .reply(Reply::status(201).body(&b"\xff\x00"[..])),
    );
    let recording = file.open(Mode::Record);
    let real = client(&recording, &server);
    assert_eq!(text(&real, "/a").await.unwrap(), "one");
    assert_eq!(text(&real, "/a").await.unwrap(), "two");
    real.post("/b").body("{}").send().await.unwrap();
    server.verify();
    assert_eq!(recording.unused(), [""; 0]);

    let replayed = file.open(Mode::Replay);
    assert_eq!(replayed.unused().len(), 4);
    let client = offline(&replayed);
    let first = client.get("/a").send().await.unwrap();
    assert!(
        first.extensions().get::<buttress::Attempt>().is_some(),
        "the 503 was retried"
    );
    assert_eq!(first.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(first.text().await.unwrap(), "one");
    let second = client.get("/a").send().await.unwrap();
    assert_eq!(second.headers()["x-own"], "\u{7e}");
    assert_eq!(second.text().await.unwrap(), "two");
    assert_eq!(replayed.unused(), ["POST http://api.example/b"]);
    let created = client.post("/b").body("{}").send().await.unwrap();
    assert_eq!(created.status(), 201);
    assert_eq!(created.bytes().await.unwrap(), &b"\xff\x00"[..]);
    assert_eq!(replayed.unused(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn no_secret_reaches_the_file() {
    let file = File::new();
    let server = Mock::new();
    let answer = serde_json::json!({"access_token": "s3cret", "user": {"mail": "s3cret", "id": 7}});
    server.expect(
        Expect::post("/token").any_query().reply(
            Reply::ok()
                .header("set-cookie", "session=s3cret")
                .header("location", "/next?token=s3cret&page=2")
                .header("content-length", "999")
                .json(&answer),
        ),
    );
    let recording = file.open(Mode::Record);
    let real = client(&recording, &server);
    let request = |client: &Client| {
        let form = [("client_secret", "s3cret"), ("grant_type", "x")];
        client
            .post("/token?api_key=s3cret&a=b")
            .header("cookie", "s3cret")
            .form(&form)
    };
    let live: serde_json::Value = request(&real).send().await.unwrap().json().await.unwrap();
    assert_eq!(live, answer, "what comes from the network is as it is");
    server.verify();

    let written = file.text();
    assert!(!written.contains("s3cret"), "{written}");
    for kept in [
        "grant_type=x",
        "page=2",
        "a=b",
        "\\\"id\\\":7",
        "\"version\": 1",
    ] {
        assert!(written.contains(kept), "{kept} is not in {written}");
    }
    let replayed = file.open(Mode::Replay);
    let answer = request(&offline(&replayed)).send().await.unwrap();
    let length = answer.headers()["content-length"]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(answer.headers()["set-cookie"], "REDACTED");
    let body = answer.bytes().await.unwrap();
    assert_eq!(
        length,
        body.len().to_string(),
        "the length is that of what is replayed"
    );
    assert!(String::from_utf8_lossy(&body).contains(r#""mail":"REDACTED""#));
}

/// Whatever a server makes of them: the credentials of a request are known, and looked for everywhere.
#[tokio::test(start_paused = true)]
async fn the_credentials_of_a_request_are_in_no_part_of_its_exchange() {
    let file = File::new();
    let server = Mock::new();
    let echo = "hello Ada-Pass1, your ticket is Bear-Token1; c00kie-Value and qu3ry-Key and f0rm-Value \
                and b4sic-Pass, in base64 YWRhOmI0c2ljLVBhc3M=";
    let answer = || {
        Reply::ok()
            .header("content-type", "text/plain")
            .header("x-request", echo)
            .body(echo)
    };
    server.expect(Expect::post("/form").any_query().reply(answer()));
    server.expect(Expect::post("/json").reply(answer()));
    let recording = file.open(Mode::Record);
    let plain = Client::builder()
        .base_uri("http://api.example")
        .attempt_layer(recording.clone())
        .build_over(server.transport())
        .unwrap();
    let form = plain
        .post("/form?api_key=qu3ry-Key")
        .header("authorization", "Bearer Bear-Token1")
        .header("cookie", "a=c00kie-Value")
        .header("proxy-authorization", "Basic YWRhOmI0c2ljLVBhc3M=")
        .form(&[("password", "Ada-Pass1"), ("client_secret", "f0rm-Value")]);
    form.send().await.unwrap();
    let json = plain
        .post("/json")
        .header("authorization", "Bearer Bear-Token1")
        .json(&serde_json::json!({"a": {"password": "Ada-Pass1", "token": ["f0rm-Value"]}}));
    json.send().await.unwrap();
    server.verify();
    let written = file.text();
    let (first, second) = written.split_once("/json").unwrap();
    for secret in [
        "Ada-Pass1",
        "Bear-Token1",
        "c00kie-Value",
        "qu3ry-Key",
        "f0rm-Value",
        "b4sic-Pass",
        "YWRhOmI0c2ljLVBhc3M=",
    ] {
        assert!(!first.contains(secret), "{secret}: {first}");
    }
    for secret in ["Ada-Pass1", "Bear-Token1", "f0rm-Value"] {
        assert!(!second.contains(secret), "{secret}: {second}");
    }
    assert!(
        second.contains("c00kie-Value"),
        "another exchange's: {second}"
    );
    assert!(first.contains("hello REDACTED"), "{first}");
}

#[tokio::test(start_paused = true)]
async fn the_file_is_what_its_description_says() {
    let file = File::new();
    let server = Mock::new();
    server.expect(Expect::put("/a").reply(Reply::status(201).body(&b"\xff"[..])));
    let recording = file.open(Mode::Record);
    let real = client(&recording, &server);
    real.put("/a?api_key=s3cret")
        .text("Ada")
        .send()
        .await
        .unwrap_err();
    real.put("/a").text("Ada").send().await.unwrap();
    drop(server.transport());
    let mut server = server;
    server.check().unwrap_err();
    let wanted = r#"{
  "version": 1,
  "exchanges": [
    {
      "request": {
        "method": "PUT",
        "uri": "http://api.example/a",
        "headers": [
          "content-type: text/plain; charset=utf-8",
          "authorization: REDACTED"
        ],
        "text": "Ada"
      },
      "response": {
        "status": 201,
        "base64": "/w=="
      }
    }
  ]
}
"#;
    assert_eq!(file.text(), wanted);
}

#[tokio::test(start_paused = true)]
async fn a_replay_is_strict_on_method_uri_and_body() {
    let file = File::new();
    let server = Mock::new();
    server.expect(Expect::post("/a").any_query());
    let recording = file.open(Mode::Record);
    client(&recording, &server)
        .post("/a?b=1")
        .text("x")
        .send()
        .await
        .unwrap();
    server.verify();

    let replayed = file.open(Mode::Replay);
    let client = offline(&replayed);
    for (request, words) in [
        (
            client.put("/a?b=1").text("x"),
            "it has POST http://api.example/a?b=1",
        ),
        (
            client.post("/a?b=2").text("x"),
            "it has POST http://api.example/a?b=1",
        ),
        (
            client.post("/a?b=1").text("y"),
            "it was recorded with another body",
        ),
        (
            client.post("/c").text("x"),
            "nothing of its 1 exchanges has that path",
        ),
    ] {
        let error = request.send().await.unwrap_err();
        assert!(error.is_request() && error.sent() == Sent::No, "{error:?}");
        assert!(error.failure().find::<Unrecorded>().is_some());
        assert!(error.to_string().contains(words), "{error}");
    }
    client.post("/a?b=1").text("x").send().await.unwrap();
    let again = client.post("/a?b=1").text("x").send().await.unwrap_err();
    assert!(
        again
            .to_string()
            .contains("replayed already, and recorded no more often"),
        "{again}"
    );
}

#[tokio::test(start_paused = true)]
async fn replay_or_record_asks_for_what_is_missing_and_keeps_it() {
    let file = File::new();
    for (path, asked) in [("/a", 1), ("/a", 0), ("/b", 1)] {
        let server = Mock::new();
        let asks = server.expect(Expect::get(path).reply(Reply::ok().text("hi")).times(..));
        let both = file.open(Mode::ReplayOrRecord);
        assert_eq!(text(&client(&both, &server), path).await.unwrap(), "hi");
        assert_eq!(asks.calls().len(), asked, "{path}");
        server.verify();
    }
    let replayed = file.open(Mode::Replay);
    assert_eq!(
        replayed.unused(),
        ["GET http://api.example/a", "GET http://api.example/b"]
    );
}

#[tokio::test(start_paused = true)]
async fn recording_starts_afresh() {
    let file = File::new();
    for path in ["/a", "/b"] {
        let server = Mock::new();
        server.expect(Expect::get(path));
        text(&client(&file.open(Mode::Record), &server), path)
            .await
            .unwrap();
        server.verify();
    }
    assert_eq!(
        file.open(Mode::Replay).unused(),
        ["GET http://api.example/b"]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_compressed_is_asked_for_plain_and_not_recorded() {
    let file = File::new();
    let server = Mock::new();
    let asked = server.expect(
        Expect::get("/a").reply(
            Reply::ok()
                .header("content-encoding", "gzip")
                .body("s3cret"),
        ),
    );
    let recording = file.open(Mode::Record);
    let error = client(&recording, &server)
        .get("/a")
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap_err();
    assert_eq!(asked.calls()[0].header("accept-encoding"), Some("identity"));
    assert!(
        error.failure().find::<CassetteError>().is_some(),
        "{error:?}"
    );
    assert_eq!(
        (error.sent(), asked.calls().len()),
        (Sent::Yes, 1),
        "and not asked again"
    );
    assert!(!file.0.exists());
    server.verify();
}

#[cfg(feature = "multipart")]
#[tokio::test(start_paused = true)]
async fn a_form_is_replayed_whatever_its_boundary() {
    let file = File::new();
    let server = Mock::new();
    server.expect(Expect::post("/a").reply(Reply::ok().text("kept")));
    let form = |name: &str| {
        buttress::Multipart::new()
            .text("token", "s3cret")
            .text("name", name.to_owned())
    };
    let recording = file.open(Mode::Record);
    let sent = client(&recording, &server)
        .post("/a")
        .multipart(form("Ada"));
    sent.send().await.unwrap();
    server.verify();
    assert!(
        !file.text().contains("s3cret") && file.text().contains("Ada"),
        "{}",
        file.text()
    );

    let replayed = file.open(Mode::Replay);
    let other = offline(&replayed)
        .post("/a")
        .multipart(form("Bob"))
        .send()
        .await;
    assert!(
        other
            .unwrap_err()
            .to_string()
            .contains("recorded with another body")
    );
    let same = offline(&replayed)
        .post("/a")
        .multipart(form("Ada"))
        .send()
        .await;
    assert_eq!(same.unwrap().text().await.unwrap(), "kept");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_searched_for_secrets_is_not_recorded() {
    let file = File::new();
    for (media, text) in [
        ("text/html", "<input name=token value=s3cret>"),
        ("application/json", "{\"token\":\"s3cret\""),
        ("Image/PNG", "s3cret"),
    ] {
        let reply = || Reply::ok().header("content-type", media).body(text);
        let server = Mock::new();
        server.expect(Expect::get("/a").reply(reply()));
        let recording = file.open(Mode::Record);
        let error = self::text(&client(&recording, &server), "/a")
            .await
            .unwrap_err();
        let told = error.to_string();
        assert!(
            error.failure().find::<CassetteError>().is_some(),
            "{error:?}"
        );
        assert!(told.contains(&media.to_lowercase()), "{told}");
        assert!(
            told.contains("Redaction::withhold") && !told.contains("s3cret"),
            "{told}"
        );
        assert_eq!(error.sent(), Sent::Yes, "nothing repeats it");
        assert!(!file.0.exists());
        server.verify();

        // Nor is what is sent, which then does not go out at all.
        let server = Mock::new();
        let posted = client(&recording, &server)
            .post("/a")
            .header("content-type", media)
            .body(text);
        let error = posted.send().await.unwrap_err();
        assert_eq!(error.sent(), Sent::No, "{error:?}");
        assert!(
            error.failure().find::<CassetteError>().is_some(),
            "{error:?}"
        );
        server.verify();

        let server = Mock::new();
        server.expect(Expect::get("/a").reply(reply()));
        let withheld = Redaction::new().withhold(media);
        let recording = Cassette::with(&file.0, Mode::Record, withheld).unwrap();
        let came = self::text(&client(&recording, &server), "/a")
            .await
            .unwrap();
        assert_eq!(came, text, "what comes from the network is as it is");
        assert!(file.text().contains("REDACTED") && !file.text().contains("s3cret"));
        server.verify();
        std::fs::remove_file(&file.0).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_written_fails_the_call() {
    let file = File::new();
    file.write("");
    let below = file.0.join("b.json");
    let recording = Cassette::with(&below, Mode::Record, Redaction::new()).unwrap();
    let server = Mock::new();
    server.expect(Expect::get("/a"));
    let error = text(&client(&recording, &server), "/a").await.unwrap_err();
    assert!(
        error.failure().find::<CassetteError>().is_some(),
        "{error:?}"
    );
    server.verify();
}

#[test]
fn a_file_that_is_no_recording_is_refused() {
    let file = File::new();
    let refused = |mode| {
        Cassette::with(&file.0, mode, Redaction::new())
            .unwrap_err()
            .to_string()
    };
    assert!(refused(Mode::Replay).contains("make one with BUTTRESS_CASSETTE=record"));
    let exchange = |response: &str| {
        format!(
            r#"{{"version":1,"exchanges":[{{"request":{{"method":"GET","uri":"/"}},"response":{response}}}]}}"#
        )
    };
    for (text, words) in [
        ("not JSON".to_owned(), "cannot be read"),
        (
            r#"{"version":2,"exchanges":[]}"#.to_owned(),
            "it is of version 2",
        ),
        (
            r#"{"version":1,"exchanges":[],"more":1}"#.to_owned(),
            "unknown field",
        ),
        (exchange(r#"{"status":99}"#), "invalid status code"),
        (
            exchange(r#"{"status":200,"headers":["a"]}"#),
            "a header has no colon",
        ),
        (
            exchange(r#"{"status":200,"text":"a","base64":"YQ=="}"#),
            "not both",
        ),
        (exchange(r#"{"status":200,"base64":"?"}"#), "Invalid"),
    ] {
        file.write(&text);
        let told = refused(Mode::ReplayOrRecord);
        assert!(told.contains(words), "{told}");
    }
    let bytes = exchange(r#"{"status":200,"headers":["x: \u00e9"]}"#);
    file.write(&bytes);
    Cassette::with(&file.0, Mode::Replay, Redaction::new()).unwrap();
}
