//! What answers become.

use std::time::Duration;

use buttress::{Binary, Body, NoContent, Text};
use buttress_testkit::{Step, channel};
use serde::Deserialize;

use super::scripted;

#[derive(Debug, Deserialize, PartialEq)]
struct User {
    id: u64,
    name: String,
}

fn json(body: &'static str) -> Step {
    Step::ok()
        .header("content-type", "application/json")
        .body(body)
}

async fn get(step: Step) -> buttress::Response {
    let (client, _) = scripted([step]);
    client.get("/").no_retry().send().await.unwrap()
}

#[tokio::test]
async fn jp04_sp14_a_success_is_read_as_json_whatever_its_content_type_says() {
    let ada = User {
        id: 1,
        name: "Ada".into(),
    };
    let text = r#"{"id":1,"name":"Ada"}"#;
    for step in [
        json(text),
        Step::ok().body(text),
        Step::ok()
            .header("content-type", "application/vnd.x+json")
            .body(text),
    ] {
        assert_eq!(get(step).await.json::<User>().await.unwrap(), ada);
    }
    let page = get(json("<p>s3cret</p>")).await.json::<User>().await;
    let told = page.unwrap_err().to_string();
    assert!(
        told.ends_with("line 1 column 1: this is not valid JSON"),
        "{told}"
    );
}

#[tokio::test]
async fn ic58_a_typed_response_keeps_status_and_headers() {
    let step = Step::status(201)
        .header("location", "/users/1")
        .body(r#"{"id":1,"name":"Ada"}"#);
    let response = get(step).await.decode::<User>().await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["location"], "/users/1");
    assert_eq!(response.body().name, "Ada");
    let http: http::Response<User> = response.into();
    assert_eq!(http.into_body().id, 1);
}

#[tokio::test]
async fn bq29_ic52_w13_a_body_of_another_shape_keeps_status_place_and_bytes() {
    let error = get(json(r#"[{"id":1,"name":"a"},{"id":"s3cret","name":"b"}]"#)).await;
    let error = error.json::<Vec<User>>().await.unwrap_err();
    assert!(error.is_decode());
    assert_eq!(error.status().unwrap(), 200);
    let decode = error.decode_error().unwrap();
    assert_eq!(decode.path(), Some("[1].id"));
    assert!(decode.body().starts_with(b"[{"));
    assert_eq!(
        error.to_string(),
        "GET http://api.example/v1/: the body of the 200 response (48 bytes) is not what was expected: \
         at `[1].id`, line 1 column 35: expected u64"
    );
    assert!(!format!("{error:?}").contains("s3cret"));
    // The reader's own error quotes the document.
    assert!(error.failure().find::<serde_json::Error>().is_none());
}

#[tokio::test]
async fn w39_d05_an_empty_success_is_no_content_or_none_and_never_an_object() {
    let empty = || get(Step::status(204));
    assert_eq!(
        *empty().await.decode::<NoContent>().await.unwrap().body(),
        NoContent
    );
    assert_eq!(empty().await.json::<Option<User>>().await.unwrap(), None);
    empty().await.json::<()>().await.unwrap();
    let error = empty().await.json::<User>().await.unwrap_err();
    assert!(error.to_string().contains("the body is empty"), "{error}");
    let page = get(Step::ok()
        .header("content-type", "text/html")
        .body("<p>OK</p>"))
    .await;
    page.decode::<NoContent>().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn w39_what_cannot_be_read_is_not_sent_again() {
    let (client, server) = scripted([Step::ok().body("no json")]);
    let request = client.post("/").idempotent(true);
    assert!(
        request
            .send()
            .await
            .unwrap()
            .json::<User>()
            .await
            .unwrap_err()
            .is_decode()
    );
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn d06_sp19_a_404_is_an_error_and_none_on_request() {
    let absent = || get(Step::status(404).body("nobody"));
    assert!(
        absent()
            .await
            .json::<User>()
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert_eq!(absent().await.json_or_none::<User>().await.unwrap(), None);
    let gone = get(Step::status(410)).await;
    assert!(gone.json_or_none::<User>().await.unwrap_err().is_client());
    let there = get(json(r#"{"id":1,"name":"Ada"}"#)).await;
    assert_eq!(there.json_or_none::<User>().await.unwrap().unwrap().id, 1);
}

#[tokio::test]
async fn w12_a_response_that_is_no_success_is_an_error_with_its_body() {
    let error = get(Step::status(400).header("x-id", "7").body("s3cret")).await;
    let error = error.json::<User>().await.unwrap_err();
    assert!(error.is_validation() && !error.is_decode());
    let response = error.response().unwrap();
    assert_eq!(response.body(), "s3cret");
    assert_eq!(response.headers()["x-id"], "7");
    assert!(response.is_whole());
    assert!(!format!("{error} {error:?}").contains("s3cret"));
}

#[tokio::test]
async fn what_is_handed_over_as_it_is_takes_any_status() {
    let refused = || get(Step::status(500).body("why"));
    assert_eq!(refused().await.bytes().await.unwrap(), "why");
    assert_eq!(refused().await.text().await.unwrap(), "why");
    assert_eq!(refused().await.chunk().await.unwrap().unwrap(), "why");
    assert!(
        refused()
            .await
            .error_for_status()
            .await
            .unwrap_err()
            .is_server()
    );
    assert!(
        refused()
            .await
            .decode::<Text>()
            .await
            .unwrap_err()
            .is_server()
    );
    let fine = get(Step::ok().body("x"))
        .await
        .error_for_status()
        .await
        .unwrap();
    assert_eq!(fine.decode::<Binary>().await.unwrap().into_body().0, "x");
}

#[tokio::test]
async fn sp13_text_is_read_in_its_charset() {
    let latin = || {
        let step = Step::ok().header("content-type", "text/plain; charset=iso-8859-1");
        get(step.body(&b"caf\xe9"[..]))
    };
    assert_eq!(latin().await.text().await.unwrap(), "café");
    assert_eq!(
        latin().await.decode::<Text>().await.unwrap().into_body().0,
        "café"
    );
    let unknown = get(Step::ok()
        .header("content-type", "text/plain; charset=klingon")
        .body("x"))
    .await;
    let error = unknown.text().await.unwrap_err();
    assert!(error.is_decode());
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_whether_it_tells_its_length_or_not() {
    let told = || Step::ok().body("123456");
    let untold = || {
        Step::ok().body_with(|| {
            let (frames, body) = channel();
            frames.data("123");
            frames.data("456");
            body
        })
    };
    for step in [told, untold as fn() -> Step] {
        assert_eq!(get(step()).await.limit(6).bytes().await.unwrap(), "123456");
        let error = get(step()).await.limit(5).bytes().await.unwrap_err();
        assert!(error.is_too_large(), "{error}");
        assert_eq!(error.status().unwrap(), 200);
        assert!(error.to_string().contains("larger than 5 bytes"), "{error}");
        assert!(
            get(step())
                .await
                .limit(5)
                .json::<u32>()
                .await
                .unwrap_err()
                .is_too_large()
        );
    }
}

#[tokio::test]
async fn an_errors_body_is_cut_at_a_limit_and_may_break_off() {
    let large = get(Step::status(500).body(vec![b'x'; 3 << 20])).await;
    let error = large.json::<User>().await.unwrap_err();
    assert_eq!(error.response().unwrap().body().len(), 1 << 20);
    assert!(!error.response().unwrap().is_whole());

    let broken = Step::status(500).body_with(|| {
        let (frames, body) = channel();
        frames.data("half");
        frames.error(std::io::Error::other("reset"));
        body
    });
    let error = get(broken).await.json::<User>().await.unwrap_err();
    assert!(error.is_server());
    assert_eq!(error.response().unwrap().body(), "half");
    assert!(!error.response().unwrap().is_whole());
}

/// A server of which nothing comes behind the head, or behind these bytes.
fn stalls(status: u16, begins: &'static str) -> Step {
    Step::status(status).body_with(move || {
        let (frames, body) = channel();
        frames.data(begins);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(86_400)).await;
            drop(frames);
        });
        body
    })
}

#[tokio::test(start_paused = true)]
async fn w24_a_body_that_stands_still_is_given_up_unless_that_is_wanted() {
    let begin = tokio::time::Instant::now();
    let error = get(stalls(200, "[1,"))
        .await
        .json::<Vec<u8>>()
        .await
        .unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(begin.elapsed().as_secs(), 30);

    let (client, _) = scripted([stalls(200, "[1,")]);
    let patient = client.get("/").body_idle(None).send().await.unwrap();
    let whole = tokio::time::timeout(Duration::from_secs(3600), patient.bytes()).await;
    assert!(whole.is_err(), "no limit is none");
    // The default yields to a shorter total.
    let built = super::scripted_with([stalls(200, "")], |b| b.total(Duration::from_secs(20)));
    let begin = tokio::time::Instant::now();
    let error = built
        .0
        .get("/")
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(begin.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn w24_an_errors_body_that_stands_still_does_not_keep_the_status_back() {
    for begins in ["", "half"] {
        let begin = tokio::time::Instant::now();
        let error = get(stalls(500, begins))
            .await
            .json::<u8>()
            .await
            .unwrap_err();
        assert!(error.is_server(), "{error}");
        assert_eq!(begin.elapsed().as_secs(), 5);
        let response = error.response().unwrap();
        assert_eq!(
            (&response.body()[..], response.is_whole()),
            (begins.as_bytes(), false)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_or_breaks_is_no_decode_error() {
    let stalls = || {
        Step::ok().body_with(|| {
            let (frames, body) = channel();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(9)).await;
                drop(frames);
            });
            body
        })
    };
    let (client, _) = scripted([stalls()]);
    let response = client
        .get("/")
        .body_idle(Duration::from_secs(1))
        .send()
        .await
        .unwrap();
    assert!(response.json::<User>().await.unwrap_err().is_timeout());

    let broken = Step::ok().body_with(|| {
        let (frames, body) = channel();
        frames.data("{");
        frames.error(std::io::Error::other("reset"));
        body
    });
    assert!(
        get(broken)
            .await
            .json::<User>()
            .await
            .unwrap_err()
            .is_other()
    );
}

#[tokio::test]
async fn a_body_comes_in_pieces_to_whoever_wants_them() {
    let pieces = Step::ok().body_with(|| {
        let (frames, body) = channel();
        frames.data("a");
        frames.data("b");
        frames.trailers(http::HeaderMap::new());
        body
    });
    let mut response = get(pieces).await;
    let mut all = Vec::new();
    while let Some(piece) = response.chunk().await.unwrap() {
        all.push(piece);
    }
    assert_eq!(all, ["a", "b"]);
}

#[tokio::test]
async fn ic61_the_servers_name_for_a_file_is_made_safe() {
    let step = Step::ok().header(
        "content-disposition",
        "attachment; filename=\"../../.ssh/authorized_keys\"",
    );
    assert_eq!(
        get(step).await.file_name().as_deref(),
        Some("authorized_keys")
    );
    assert_eq!(get(Step::ok().body(Body::empty())).await.file_name(), None);
}

#[tokio::test]
async fn a_response_shows_neither_headers_nor_query_nor_body() {
    let (client, _) = scripted([Step::ok().header("set-cookie", "s3cret").body("s3cret")]);
    let response = client.get("/?token=s3cret").send().await.unwrap();
    let shown = format!("{response:?}");
    assert!(
        shown.contains("200") && !shown.contains("s3cret"),
        "{shown}"
    );
}

#[cfg(feature = "form")]
#[tokio::test]
async fn sp13_a_form_is_read_and_a_list_in_it_kept() {
    use buttress::Form;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Reply {
        name: String,
        tag: Vec<u8>,
    }
    let (client, _) = scripted([
        Step::ok().body("name=a+b%26&tag=1&tag=2"),
        Step::ok().body("tag=s3cret"),
    ]);
    let form = client
        .get("/")
        .send()
        .await
        .unwrap()
        .decode::<Form<Reply>>();
    let expected = Reply {
        name: "a b&".into(),
        tag: vec![1, 2],
    };
    assert_eq!(form.await.unwrap().into_body(), Form(expected));
    let form = client
        .get("/")
        .send()
        .await
        .unwrap()
        .decode::<Form<Reply>>();
    let error = form.await.unwrap_err();
    assert!(error.is_decode() && !format!("{error:?}").contains("s3cret"));
    assert!(
        error
            .failure()
            .chain()
            .all(|link| !format!("{link}{link:?}").contains("s3cret"))
    );
}

#[tokio::test]
async fn ic49_status_and_typed_body_come_as_a_pair_whatever_the_status() {
    let (client, _) = scripted([Step::status(202).body("7"), Step::status(503).body("8")]);
    let request = || client.get("/").no_retry().send();
    let (status, seven): (http::StatusCode, u8) =
        request().await.unwrap().decode().await.unwrap().into();
    assert_eq!((status.as_u16(), seven), (202, 7));
    let (head, eight) = request()
        .await
        .unwrap()
        .decode_any::<u8>()
        .await
        .unwrap()
        .into_parts();
    assert_eq!((head.status.as_u16(), eight), (503, 8));
}

#[tokio::test]
async fn d06_a_single_request_can_take_a_404_for_nothing() {
    let (client, _) = scripted([Step::status(404).body("nobody")]);
    let get = || client.get("/").optional().send();
    assert_eq!(
        get().await.unwrap().json::<Option<u8>>().await.unwrap(),
        None
    );
    assert!(
        get()
            .await
            .unwrap()
            .json::<u8>()
            .await
            .unwrap_err()
            .is_not_found()
    );
    let plain = client.get("/").send().await.unwrap();
    assert!(plain.json::<Option<u8>>().await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn ic61_a_body_is_a_stream_of_pieces_and_its_break_an_error() {
    use futures_util::StreamExt;

    let step = Step::ok().body_with(|| {
        let (frames, body) = buttress_testkit::channel();
        frames.data("one ");
        frames.data("two");
        frames.error("reset");
        body
    });
    let (client, server) = scripted([step]);
    let mut pieces = client.get("/a?b").send().await.unwrap().into_stream();
    assert_eq!(pieces.next().await.unwrap().unwrap(), "one ");
    assert_eq!(pieces.next().await.unwrap().unwrap(), "two");
    let error = pieces.next().await.unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "GET http://api.example/v1/a: the body of the 200 response did not come to its end: reset"
    );
    assert!(pieces.next().await.is_none());
    assert_eq!(server.open_bodies(), 0);
}
