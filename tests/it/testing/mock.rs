//! Expectations, replies, and the record of calls.

use std::time::Duration;

use buttress::testing::{
    Call, Expect, Mock, RecordingStore, Reply, StoreOperation, Unexpected, failure, refusal,
    response,
};
use buttress::{CacheLayer, CircuitBreakerLayer, Endpoint, NoContent, Options, Payload, Tags};
use http::Method;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{API, mocked, mocked_with, over};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct User {
    name: String,
}

struct Rename {
    id: u64,
    notify: bool,
    user: User,
}

impl Endpoint for Rename {
    const METHOD: Method = Method::PUT;
    const PATH: &'static str = "/users/{id}{?lang}";
    const OPTIONS: Options = Options::new().open().tags(&["users"]);
    type Ok = User;
    type Err = NoContent;

    fn path(&self) -> impl Serialize {
        [
            ("id", self.id.to_string()),
            ("lang", "en".to_owned()),
            ("by", "me".to_owned()),
        ]
    }

    fn query(&self) -> impl Serialize {
        [("notify", self.notify)]
    }

    fn body(&self) -> Payload {
        Payload::json(&self.user)
    }
}

fn ada() -> User {
    User { name: "Ada".into() }
}

fn rename(id: u64) -> Rename {
    let user = ada();
    Rename {
        id,
        notify: true,
        user,
    }
}

#[tokio::test(start_paused = true)]
async fn ic73_a_request_is_answered_by_method_and_template() {
    let (client, mock) = mocked();
    let found = mock.expect(Expect::get("/users/{id}").reply(Reply::ok().json(&ada())));
    let gone = mock.expect(Expect::delete("/users/{id}").reply(Reply::status(204)));
    let user: User = client
        .get("/users/a%2Fb")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(user, ada());
    assert_eq!(
        client.delete("/users/7").send().await.unwrap().status(),
        204
    );

    assert_eq!(found.calls()[0].path("id"), Some("a/b"));
    assert_eq!(found.calls()[0].path("name"), None);
    assert_eq!(gone.calls()[0].path("id"), Some("7"));
    assert_eq!(mock.calls().len(), 2);
    mock.verify();
}

#[tokio::test(start_paused = true)]
async fn ic73_a_handler_sees_the_whole_request() {
    let (client, mock) = mocked_with(|b| b.total(Duration::from_secs(9)));
    mock.expect(
        Expect::post("/echo/{id}")
            .any_query()
            .reply_with(|call: &Call| {
                assert_eq!(call.method(), Method::POST);
                assert_eq!(call.uri(), "http://api.example/v1/echo/7?a=b%26c&a=d");
                assert_eq!(call.headers()["x-own"], "1");
                assert_eq!(call.header("content-type"), Some("application/json"));
                assert_eq!(call.query("a").as_deref(), Some("b&c"));
                assert_eq!(call.queries().len(), 2);
                assert_eq!(call.text(), r#"{"name":"Ada"}"#);
                let deadline = call.extensions().get::<buttress::Deadline>().unwrap();
                assert_eq!(
                    deadline.instant(),
                    (call.at() + Duration::from_secs(9)).into_std()
                );
                let name = call.path("id").unwrap().to_owned();
                Reply::status(201).json(&[call.json::<User>().unwrap().name, name])
            }),
    );
    let request = client
        .post("/echo/7?a=b%26c&a=d")
        .header("x-own", "1")
        .json(&ada());
    let answer: [String; 2] = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer, ["Ada", "7"]);
    mock.verify();
}

#[tokio::test(start_paused = true)]
async fn ic73_the_rest_of_the_stack_does_its_work() {
    let (client, mock) = mocked_with(|b| {
        b.cache(CacheLayer::private())
            .circuit_breaker(CircuitBreakerLayer::new())
            .cookie("a", "b")
    });
    let fresh = Reply::ok().header("cache-control", "max-age=60").text("hi");
    let asked = mock.expect(
        Expect::get("/a")
            .header("cookie", "a=b")
            .reply(Reply::status(503))
            .reply(fresh),
    );
    for _ in 0..3 {
        assert_eq!(
            client.get("/a").send().await.unwrap().text().await.unwrap(),
            "hi"
        );
    }
    let attempts: Vec<_> = asked.calls().iter().map(Call::attempt).collect();
    assert_eq!(attempts, [1, 2], "a retry, and two hits of the cache");

    mock.expect(Expect::post("/down").reply(Reply::status(500)).times(5));
    for _ in 0..5 {
        assert_eq!(client.post("/down").send().await.unwrap().status(), 500);
    }
    // In a second the circuit is still open, so it is not waited for.
    let hasty = client.post("/down").total(Duration::from_secs(1));
    let error = hasty.send().await.unwrap_err();
    assert!(error.is_circuit_open(), "{error:?}");
    mock.verify();
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_is_expected_in_its_own_words() {
    let (client, mock) = mocked();
    let exact = mock.expect(Expect::call(&rename(7)).reply(Reply::ok().json(&ada())));
    let any = mock.expect(Expect::endpoint::<Rename>().reply(Reply::ok().json(&ada())));
    client.call(rename(8)).await.unwrap();
    client.call(rename(7)).await.unwrap();
    assert_eq!(exact.calls()[0].path("id"), Some("7"));
    assert_eq!(any.calls()[0].path("id"), Some("8"));
    assert_eq!(any.calls()[0].extensions().get(), Some(&Tags(&["users"])));
    mock.verify();

    for (changed, difference) in [
        (
            Rename {
                notify: false,
                ..rename(7)
            },
            "`notify` in the query is \"false\", not \"true\"",
        ),
        (
            Rename {
                user: User { name: "Eve".into() },
                ..rename(7)
            },
            "`/name` in the body is \"Eve\", not \"Ada\"",
        ),
        (rename(9), "`id` in the path is \"9\", not \"7\""),
    ] {
        let (client, mut mock) = mocked();
        mock.expect(Expect::call(&rename(7)));
        let told = client.call(changed).await.unwrap_err().to_string();
        assert!(told.contains(difference), "{told}");
        mock.check().unwrap_err();
    }
}

/// An endpoint with a body of whatever kind.
struct Put(fn() -> Payload);

impl Endpoint for Put {
    const METHOD: Method = Method::PUT;
    const PATH: &'static str = "/put";
    type Ok = NoContent;
    type Err = ();

    fn body(&self) -> Payload {
        self.0()
    }
}

#[test]
#[should_panic = "a body that lies in memory"]
fn a_stream_cannot_be_expected() {
    let body = || Payload::stream(futures_util::stream::iter([Ok::<_, std::io::Error>("x")]));
    drop(Expect::call(&Put(body)));
}

#[cfg(feature = "multipart")]
fn form(text: &'static str) -> Payload {
    Payload::multipart(buttress::Multipart::new().text("a", text))
}

#[cfg(feature = "multipart")]
#[tokio::test(start_paused = true)]
async fn forms_of_several_parts_are_compared_without_their_boundaries() {
    let (client, mock) = mocked();
    mock.expect(Expect::call(&Put(|| form("Ada"))).reply(Reply::status(204)));
    client.call(Put(|| form("Ada"))).await.unwrap();
    mock.verify();

    let (client, mut mock) = mocked();
    mock.expect(Expect::call(&Put(|| form("Eve"))));
    let told = client.call(Put(|| form("Ada"))).await.unwrap_err();
    assert!(told.to_string().contains("form of several parts"), "{told}");
    mock.check().unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn of_a_form_the_values_of_one_name_are_in_order() {
    for (sent, fits) in [
        ([("a", "1"), ("a", "2"), ("b", "0")], true),
        ([("b", "0"), ("a", "1"), ("a", "2")], true),
        ([("a", "2"), ("a", "1"), ("b", "0")], false),
    ] {
        let (client, mut mock) = mocked();
        mock.expect(Expect::post("/a").form(&[("a", "1"), ("a", "2"), ("b", "0")]));
        let end = client.post("/a").form(&sent).send().await;
        assert_eq!(end.is_ok(), fits, "{sent:?}");
        assert_eq!(mock.check().is_ok(), fits);
    }
}

#[tokio::test(start_paused = true)]
async fn replies_come_in_their_order_and_the_last_repeats() {
    let (client, mock) = mocked();
    let replies = [200, 201].map(Reply::status);
    let [first, second] = replies;
    mock.expect(Expect::get("/a").reply(first).reply(second).times(2..));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(client.get("/a").send().await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [200, 201, 201, 201]);
    mock.verify();
}

#[tokio::test(start_paused = true)]
async fn an_expectation_without_a_reply_answers_200_once() {
    let (client, mut mock) = mocked();
    mock.expect(Expect::get("/a"));
    let answer = client.get("/a").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.bytes().await.unwrap(), "");
    client.get("/a").send().await.unwrap_err();
    mock.check().unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn the_first_expectation_that_has_room_takes_a_call() {
    let (client, mock) = mocked();
    mock.expect(Expect::get("/users/me").reply(Reply::status(201)));
    mock.expect(Expect::get("/users/{id}").reply(Reply::status(202)));
    for status in [201, 202] {
        assert_eq!(
            client.get("/users/me").send().await.unwrap().status(),
            status
        );
    }
    mock.verify();
}

#[tokio::test(start_paused = true)]
async fn in_order_nothing_comes_before_its_time() {
    let mock = Mock::new().base_uri(API).in_order();
    let client = over(&mock, |b| b);
    mock.expect(Expect::post("/login").times(2));
    mock.expect(Expect::get("/a"));
    client.post("/login").send().await.unwrap();
    let told = client.get("/a").send().await.unwrap_err().to_string();
    assert!(told.contains("POST /login is expected before it"), "{told}");
    client.post("/login").send().await.unwrap();
    client.get("/a").send().await.unwrap();
    let mut mock = mock;
    let unmet = mock.check().unwrap_err().to_string();
    assert!(
        unmet.contains("nobody expected GET"),
        "the early call is not forgotten: {unmet}"
    );
}

#[tokio::test(start_paused = true)]
async fn ic73_delays_pass_on_the_paused_clock() {
    let mock = Mock::new().delay(Duration::from_secs(2));
    let client = over(&mock, |b| b);
    mock.expect(Expect::get("/v1/a").reply(Reply::ok().delay(Duration::from_secs(3))));
    let start = Instant::now();
    client.get("/a").send().await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    mock.verify();
}

#[tokio::test(start_paused = true)]
async fn ic73_what_nobody_expects_can_go_elsewhere() {
    let real = Mock::new();
    real.expect(Expect::post("/v1/a").body("x").reply(Reply::status(201)));
    let mock = Mock::new().otherwise(real.transport());
    let client = over(&mock, |b| b);
    mock.expect(Expect::get("/v1/a"));
    assert_eq!(client.get("/a").send().await.unwrap().status(), 200);
    assert_eq!(
        client.post("/a").text("x").send().await.unwrap().status(),
        201
    );
    assert_eq!(mock.calls().len(), 2);
    mock.verify();
}

#[tokio::test]
async fn a_template_that_goes_on_with_a_query_may_begin_it() {
    let (client, mock) = mocked();
    let going_on = mock.expect(Expect::get("/x{&b}").times(2));
    let behind = mock.expect(Expect::get("/y{?a}&c=1"));
    client.get("/x{&b}").path("b", 1).send().await.unwrap();
    client.get("/x{&b}").send().await.unwrap();
    client.get("/y{?a}&c=1").path("a", 2).send().await.unwrap();
    assert_eq!((going_on.calls().len(), behind.calls().len()), (2, 1));
    mock.verify();
}

#[tokio::test(start_paused = true)]
async fn a_template_may_name_its_host() {
    let (client, mock) = mocked();
    let other = mock.expect(Expect::get("https://other.example/a/{b}"));
    client
        .get("https://other.example/a/c")
        .send()
        .await
        .unwrap();
    assert_eq!(other.calls()[0].path("b"), Some("c"));
    mock.verify();
}

#[tokio::test(start_paused = true)]
async fn an_unexpected_request_is_not_repeated_and_not_forgotten() {
    let (client, mut mock) = mocked();
    let error = client.get("/a").send().await.unwrap_err();
    assert!(error.is_request());
    assert!(error.failure().find::<Unexpected>().is_some());
    assert_eq!(mock.calls().len(), 1, "a retry would not help");
    let unmet = mock.check().unwrap_err().to_string();
    assert_eq!(
        unmet,
        "nobody expected GET http://api.example/v1/a; nothing at all is expected\n\
         the calls that came:\n  GET http://api.example/v1/a"
    );
}

#[tokio::test(start_paused = true)]
async fn ic75_responses_and_errors_come_out_of_nothing() {
    let answer = http::Response::builder().status(202).body("[1]").unwrap();
    let answer = response(answer);
    assert_eq!(answer.status(), 202);
    assert_eq!(answer.json::<Vec<u8>>().await.unwrap(), [1]);

    let conflict = http::Response::builder().status(409).body("taken").unwrap();
    let conflict = refusal(conflict);
    assert!(conflict.is_conflict());
    assert_eq!(conflict.response().unwrap().body(), "taken");

    let timeout = failure(buttress::Facts::new(buttress::Kind::Timeout));
    assert!(timeout.is_timeout());
}

#[tokio::test(start_paused = true)]
async fn ic75_a_file_and_a_problem_are_one_word_each() {
    let (client, mock) = mocked();
    mock.expect(Expect::get("/file").reply(Reply::file("a.bin", &b"\0\x01"[..])));
    mock.expect(Expect::get("/gone").reply(Reply::problem(410, "Gone for good")));
    let file = client.get("/file").send().await.unwrap();
    assert_eq!(file.file_name().as_deref(), Some("a.bin"));
    assert_eq!(file.bytes().await.unwrap(), &b"\0\x01"[..]);
    let error = client
        .get("/gone")
        .send()
        .await
        .unwrap()
        .json::<()>()
        .await
        .unwrap_err();
    assert_eq!(
        error.problem().unwrap().title.as_deref(),
        Some("Gone for good")
    );
    mock.verify();
}

#[tokio::test(start_paused = true)]
async fn ic74_a_store_writes_down_what_is_asked_of_it() {
    let store = RecordingStore::default();
    let cache = CacheLayer::private().store(store.clone());
    let handle = cache.handle();
    let (client, mock) = mocked_with(|b| b.cache(cache));
    let fresh = Reply::ok().header("cache-control", "max-age=60").text("hi");
    let asked = mock.expect(Expect::get("/a").reply(fresh).times(..));
    let text = || async { client.get("/a").send().await.unwrap().text().await.unwrap() };

    text().await;
    assert_eq!(
        store.operations(),
        [StoreOperation::Get, StoreOperation::Put]
    );
    text().await;
    assert_eq!(store.operations(), [StoreOperation::Get]);
    assert_eq!(asked.calls().len(), 1);
    handle.clear().await;
    assert_eq!(store.operations(), [StoreOperation::Invalidate]);

    store.fail(true);
    assert_eq!(
        text().await,
        "hi",
        "a store that is down is as good as an empty one"
    );
    assert_eq!(asked.calls().len(), 2);
    assert!(store.operations().contains(&StoreOperation::Get));
}
