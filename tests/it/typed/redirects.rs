//! Redirects: what is followed, what goes along, and what is refused.

use std::time::Duration;

use buttress::redirect::{self, NotFollowed, Policy, Reason, Redirected, Verdict};
use buttress::{Body, CacheLayer, Client, Credential, Error, Explain, RequestBuilder, Sent};
use buttress_testkit::{Call, Scripted, Step};
use bytes::Bytes;
use http::Method;
use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::time::Instant;

use super::{scripted, scripted_with};
use crate::support::raw::Raw;

buttress_testkit::contract!(|| redirect::RedirectLayer::new(Policy::limited(3)));

fn moved(status: u16, location: &str) -> Step {
    Step::status(status).header("location", location)
}

fn following(steps: impl IntoIterator<Item = Step>) -> (Client, Scripted) {
    scripted_with(steps, |b| b.redirects(Policy::limited(10)))
}

/// The last question, after the answers of these steps.
async fn after(
    steps: impl IntoIterator<Item = Step>,
    ask: impl Fn(&Client) -> RequestBuilder,
) -> Call {
    let (client, server) = following(steps);
    ask(&client).send().await.unwrap();
    server.calls().pop().unwrap()
}

fn reason(error: &Error) -> Reason {
    assert!(error.is_redirect(), "{error}");
    error.failure().find::<NotFollowed>().unwrap().reason()
}

#[tokio::test]
async fn ap31_nothing_is_followed_unless_a_policy_says_so() {
    let (client, server) = scripted([moved(302, "/b")]);
    let response = client.get("/a").send().await.unwrap();
    assert_eq!(response.status(), 302);
    assert_eq!(response.uri(), "http://api.example/v1/a");
    assert!(response.extensions().get::<Redirected>().is_none());
    let error = client.get("/a").send().await.unwrap();
    let error = error.json::<u8>().await.unwrap_err();
    assert!(error.is_status() && !error.is_redirect());
    assert!(
        error.to_string().contains("the policy for redirects"),
        "{error}"
    );
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn bq27_a_redirect_is_followed_and_the_final_uri_is_told() {
    let steps = [
        moved(301, "users/"),
        moved(308, "//other.example/x?y#z"),
        Step::ok(),
    ];
    let (client, server) = following(steps);
    let response = client.get("/users?page=1").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.uri(), "http://other.example/x?y");
    let redirected: &Redirected = response.extensions().get().unwrap();
    assert_eq!((redirected.uri(), redirected.hops()), (response.uri(), 2));
    assert!(
        !format!("{redirected:?}").contains('y'),
        "a query is not shown"
    );
    let uris: Vec<_> = server
        .calls()
        .iter()
        .map(|call| call.uri.to_string())
        .collect();
    let expected = [
        "http://api.example/v1/users?page=1",
        "http://api.example/v1/users/",
        "http://other.example/x?y",
    ];
    assert_eq!(uris, expected, "a fragment is never sent");
}

#[tokio::test]
async fn a_post_becomes_a_get_without_what_describes_its_body() {
    for status in [301, 302, 303] {
        let call = after([moved(status, "/b"), Step::ok()], |client| {
            let request = client.post("/a").json(&[1]).header("x-own", "1");
            request
                .header("content-language", "en")
                .header("idempotency-key", "k")
        });
        let call = call.await;
        assert_eq!(
            (call.method.clone(), call.body.len()),
            (Method::GET, 0),
            "{status}"
        );
        let names: Vec<_> = call.headers.keys().map(http::HeaderName::as_str).collect();
        assert_eq!(names, ["x-own"], "{status}");
    }
}

#[tokio::test]
async fn other_methods_keep_their_bodies() {
    for (status, method) in [(307, "POST"), (308, "POST"), (301, "PUT"), (302, "PATCH")] {
        let method: Method = method.parse().unwrap();
        let call = after([moved(status, "/b"), Step::ok()], |client| {
            client.request(method.clone(), "/a").text("hello")
        });
        let call = call.await;
        assert_eq!(
            (call.method.clone(), &call.body[..]),
            (method.clone(), &b"hello"[..])
        );
        assert_eq!(
            call.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
    }
    let call = after([moved(302, "/b"), Step::ok()], |client| client.delete("/a"));
    assert_eq!(call.await.method, Method::DELETE);
    let call = after([moved(303, "/b"), Step::ok()], |client| client.head("/a"));
    assert_eq!(call.await.method, Method::HEAD);
}

fn stream(length: usize) -> Body {
    let pieces = (0..length).map(|_| Ok::<_, std::io::Error>(Frame::data(Bytes::from("x"))));
    Body::stream(StreamBody::new(futures_util::stream::iter(
        pieces.collect::<Vec<_>>(),
    )))
}

#[tokio::test]
async fn w15_a_stream_goes_along_if_it_can_be_sent_again_and_is_never_cut() {
    let (client, server) = following([moved(307, "/b"), Step::ok()]);
    client.post("/a").body(stream(3)).send().await.unwrap();
    assert_eq!(server.calls()[1].body, "xxx");

    let (client, server) = following([moved(307, "/b"), Step::ok()]);
    let once = client.post("/a").body(stream(3).replay_limit(2));
    let error = once.send().await.unwrap_err();
    assert_eq!(reason(&error), Reason::Body);
    assert_eq!(error.status().unwrap(), 307);
    assert!(
        error.to_string().contains("cannot be sent again"),
        "{error}"
    );
    assert_eq!(server.calls().len(), 1);

    // What is not sent on need not be sent again.
    let (client, server) = following([moved(303, "/b"), Step::ok()]);
    client
        .post("/a")
        .body(stream(3).replay_limit(2))
        .send()
        .await
        .unwrap();
    assert_eq!(server.calls()[1].body, "");
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let private = [
        "authorization",
        "cookie",
        "proxy-authorization",
        "x-api-key",
        "x-team-secret",
        "host",
    ];
    let ask = |client: &Client| {
        let request = client
            .get("/a")
            .header("user-agent", "me")
            .header("range", "bytes=1-");
        private
            .iter()
            .fold(request, |request, name| request.header(*name, "s3cret"))
    };
    for elsewhere in [
        "http://evil.example/",
        "http://api.example:81/",
        "https://api.example/",
    ] {
        let call = after([moved(302, elsewhere), Step::ok()], ask).await;
        let names: Vec<_> = call.headers.keys().map(http::HeaderName::as_str).collect();
        assert_eq!(names, ["user-agent", "range"], "{elsewhere}");
    }
    // At home all of it stays; and what was taken off once does not come back.
    let call = after([moved(302, "http://API.example:80/b"), Step::ok()], ask).await;
    assert_eq!(call.headers.len(), 2 + private.len());
    let back = [
        moved(302, "http://evil.example/"),
        moved(302, "http://api.example/b"),
        Step::ok(),
    ];
    assert_eq!(after(back, ask).await.headers.len(), 2);
}

#[tokio::test]
async fn without_a_base_uri_defaults_stay_with_the_origin_of_the_call() {
    let server = Scripted::new([
        moved(302, "https://evil.example/y"),
        moved(302, "https://A.example:443/z"),
        Step::ok(),
    ]);
    let client = Client::builder()
        .header("private-token", "s3cret")
        .header("x-rapidapi-key", "s3cret")
        .header("accept", "text/plain")
        .redirects(Policy::limited(5))
        .build_over(server.collecting())
        .unwrap();
    client.get("https://a.example/x").send().await.unwrap();
    let calls = server.calls();
    for name in ["private-token", "x-rapidapi-key"] {
        let has: Vec<_> = calls.iter().map(|c| c.header(name).is_some()).collect();
        assert_eq!(has, [true, false, true], "{name}");
    }
    assert_eq!(calls[1].header("accept"), Some("text/plain"));
}

#[tokio::test]
async fn an_idempotency_key_goes_where_its_method_goes_whatever_its_name() {
    let own = || {
        let name = http::HeaderName::from_static("x-request-token");
        buttress::idempotency::IdempotencyKeyLayer::new().header(name)
    };
    for (status, goes) in [(303, false), (307, true)] {
        let steps = [moved(status, "http://other.example/b"), Step::ok()];
        let (client, server) = scripted_with(steps, |b| {
            b.redirects(Policy::limited(3)).idempotency(own())
        });
        client.post("/a").body("x").send().await.unwrap();
        let calls = server.calls();
        let key = calls[0].header("x-request-token");
        assert!(key.is_some());
        assert_eq!(calls[1].header("x-request-token"), key.filter(|_| goes));
    }
}

#[tokio::test]
async fn conditions_go_with_the_method_they_were_for() {
    let ask = |client: &Client, method: Method| {
        let request = client.request(method, "/a");
        let request = request
            .header("if-range", "\"v\"")
            .header("range", "bytes=4-");
        request.header("content-language", "de")
    };
    for (status, method, goes) in [
        (303, Method::GET, true),
        (303, Method::HEAD, true),
        (302, Method::GET, true),
        (303, Method::PUT, false),
        (301, Method::POST, false),
        (307, Method::POST, true),
    ] {
        let steps = [moved(status, "/b"), Step::ok()];
        let call = after(steps, |client| ask(client, method.clone())).await;
        for name in ["range", "if-range"] {
            assert_eq!(
                call.header(name).is_some(),
                goes,
                "{status} {method} {name}"
            );
        }
        let has_body_fields = call.header("content-language").is_some();
        assert_eq!(
            has_body_fields,
            status == 302 || status == 307,
            "{status} {method}"
        );
    }
}

#[tokio::test]
async fn a_value_that_is_marked_is_not_carried_whatever_its_name() {
    let mut marked = http::HeaderValue::from_static("s3cret");
    marked.set_sensitive(true);
    let ask = |client: &Client| client.get("/a").header("accept", marked.clone());
    let call = after([moved(302, "http://evil.example/"), Step::ok()], ask).await;
    assert!(call.headers.is_empty());
}

#[tokio::test]
async fn what_the_client_adds_is_decided_anew_for_each_hop() {
    let steps = [
        moved(302, "http://evil.example/"),
        moved(302, "http://api.example/home"),
        Step::ok(),
    ];
    let (client, server) = scripted_with(steps, |b| {
        b.redirects(Policy::limited(3))
            .credentials(Credential::bearer("s3cret").unwrap())
            .cookie("session", "s3cret")
            .header("x-team", "blue")
            .header("accept", "text/plain")
    });
    client.get("/a").send().await.unwrap();
    let calls = server.calls();
    let has = |call: &Call, name: &str| call.headers.contains_key(name);
    for name in ["authorization", "cookie", "x-team"] {
        assert!(
            has(&calls[0], name) && !has(&calls[1], name) && has(&calls[2], name),
            "{name}"
        );
    }
    assert!(calls.iter().all(|call| has(call, "accept")));
}

#[tokio::test]
async fn a_step_to_plain_http_is_refused_unless_it_is_allowed() {
    let steps = || [moved(301, "http://api.example/b"), Step::ok()];
    let client = |policy| {
        let server = Scripted::new(steps());
        let builder = Client::builder()
            .base_uri("https://api.example")
            .redirects(policy);
        (builder.build_over(server.collecting()).unwrap(), server)
    };
    let (strict, server) = client(Policy::limited(10));
    let error = strict.get("/a?token=s3cret").send().await.unwrap_err();
    assert_eq!(reason(&error), Reason::Downgrade);
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    assert_eq!(server.calls().len(), 1);
    let (lax, _) = client(Policy::limited(10).downgrade(true));
    assert_eq!(
        lax.get("/a").send().await.unwrap().uri(),
        "http://api.example/b"
    );
}

#[tokio::test]
async fn loops_and_too_many_redirects_are_told_apart() {
    let (client, server) = following([moved(302, "/v1/b"), moved(302, "/v1/a")]);
    let error = client.get("/a").send().await.unwrap_err();
    assert_eq!(reason(&error), Reason::Loop);
    assert_eq!(server.calls().len(), 2);

    let steps = (1..)
        .map(|n| moved(302, &format!("/{n}")))
        .take(20)
        .collect::<Vec<_>>();
    let (client, server) = following(steps);
    let error = client.get("/a").send().await.unwrap_err();
    assert_eq!(reason(&error), Reason::TooMany);
    assert!(
        error.to_string().contains("10 are allowed in a row"),
        "{error}"
    );
    assert_eq!(server.calls().len(), 11);
    assert_eq!(
        (error.code(), error.level()),
        ("redirect", tracing::Level::WARN)
    );
}

#[tokio::test]
async fn a_hostile_location_is_an_error_and_nothing_is_sent() {
    for location in [
        "http://good\\@evil/",
        "javascript:alert(1)",
        "http://u:p@evil/",
        "///evil",
    ] {
        let (client, server) = following([moved(302, location)]);
        let error = client.get("/a").send().await.unwrap_err();
        assert_eq!(reason(&error), Reason::Location, "{location}");
        assert_eq!(server.calls().len(), 1);
    }
    let (client, _) = following([Step::status(302)]);
    assert_eq!(
        client.get("/a").send().await.unwrap().status(),
        302,
        "it names no place"
    );
}

#[tokio::test]
async fn one_request_can_differ_from_its_client_either_way() {
    let (client, _) = scripted([moved(302, "/b"), Step::ok()]);
    let request = client.get("/a").redirects(Policy::limited(1));
    assert_eq!(request.send().await.unwrap().status(), 200);
    let (client, _) = following([moved(302, "/b"), Step::ok()]);
    let request = client.get("/a").redirects(Policy::none());
    assert_eq!(request.send().await.unwrap().status(), 302);
    let (client, _) = following([moved(302, "/b"), Step::ok()]);
    let request = client.get("/a").redirects(Policy::limited(0));
    assert_eq!(reason(&request.send().await.unwrap_err()), Reason::TooMany);
}

#[tokio::test]
async fn a_policy_of_the_same_origin_leaves_the_rest_to_the_caller() {
    let steps = [
        moved(302, "/b"),
        moved(302, "http://other.example/"),
        Step::ok(),
    ];
    let (client, server) = scripted_with(steps, |b| b.redirects(Policy::same_origin()));
    let response = client.get("/a").send().await.unwrap();
    assert_eq!(response.status(), 302);
    assert_eq!(response.uri(), "http://api.example/b");
    assert_eq!(response.headers()["location"], "http://other.example/");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn a_custom_policy_sees_each_hop_and_decides() {
    let policy = Policy::custom(|hop| match (hop.to().path(), hop.number()) {
        ("/b", 1) if hop.is_same_origin() && hop.status() == 302 => Verdict::Follow,
        ("/c", 2) if hop.method() == Method::GET && hop.from().path() == "/b" => Verdict::Stop,
        _ => Verdict::Refuse("not there".into()),
    });
    let run = async |second: &str| {
        let (client, _) = scripted([moved(302, "/b"), moved(302, second)]);
        client.post("/a").redirects(policy.clone()).send().await
    };
    assert_eq!(run("/c").await.unwrap().uri().path(), "/b");
    let error = run("/d").await.unwrap_err();
    assert_eq!(reason(&error), Reason::Policy);
    assert!(error.to_string().ends_with("not there"), "{error}");
    let most = policy.clone().most(0);
    let (client, _) = scripted([moved(302, "/b")]);
    let error = client.post("/a").redirects(most).send().await.unwrap_err();
    assert_eq!(reason(&error), Reason::TooMany);
}

#[tokio::test(start_paused = true)]
async fn a_permanent_redirect_is_stored_and_saves_its_hop() {
    let moved = moved(308, "/b").header("cache-control", "max-age=60");
    let (client, server) =
        scripted_with([moved, Step::ok().body("1"), Step::ok().body("2")], |b| {
            b.redirects(Policy::limited(3)).cache(CacheLayer::private())
        });
    assert_eq!(
        client.get("/a").send().await.unwrap().text().await.unwrap(),
        "1"
    );
    assert_eq!(
        client.get("/a").send().await.unwrap().text().await.unwrap(),
        "2"
    );
    let paths: Vec<_> = server
        .calls()
        .iter()
        .map(|call| call.uri.path().to_owned())
        .collect();
    assert_eq!(paths, ["/v1/a", "/b", "/b"]);
}

#[tokio::test(start_paused = true)]
async fn a_name_in_the_cache_is_not_the_redirects_and_the_answers_at_once() {
    let (client, server) = scripted_with([moved(302, "/b"), Step::ok().body("1")], |b| {
        b.redirects(Policy::limited(3)).cache(CacheLayer::private())
    });
    let wishes = buttress::cache::Override::new()
        .key("report")
        .fresh_for(Duration::from_secs(60));
    for _ in 0..2 {
        let report = client.get("/a").cache(wishes.clone()).send().await.unwrap();
        assert_eq!(report.text().await.unwrap(), "1");
    }
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_total_covers_all_hops() {
    let second = Duration::from_secs(1);
    let steps = (1..)
        .map(|n| moved(302, &format!("/{n}")).after(second))
        .take(9);
    let (client, server) = scripted_with(steps.collect::<Vec<_>>(), |b| {
        b.redirects(Policy::limited(10)).total(second * 5 / 2)
    });
    let start = Instant::now();
    assert!(client.get("/a").send().await.unwrap_err().is_timeout());
    assert_eq!(start.elapsed(), second * 5 / 2);
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_redirect_that_was_not_followed_counts_the_attempts_at_it() {
    let (client, _) = following([Step::status(503), moved(302, "http://b.example:0x/")]);
    let error = client.get("/a").send().await.unwrap_err();
    assert_eq!(reason(&error), Reason::Location);
    assert_eq!((error.attempts(), error.sent()), (2, Sent::Yes));
}

#[tokio::test(start_paused = true)]
async fn each_hop_is_retried_for_itself_under_one_idempotency_key() {
    let steps = [
        Step::status(503),
        moved(307, "/b"),
        Step::status(503),
        Step::ok(),
    ];
    let (client, server) = scripted_with(steps, |b| {
        b.redirects(Policy::limited(3)).idempotency_keys(true)
    });
    let response = client.post("/a").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let calls = server.calls();
    let keys: Vec<_> = calls
        .iter()
        .map(|call| call.header("idempotency-key").unwrap())
        .collect();
    assert_eq!(keys, [keys[0]; 4]);
    assert_eq!(calls[3].uri.path(), "/b");
}

#[tokio::test]
async fn hops_are_told_without_queries() {
    let (events, _guard) = crate::support::events::capture();
    let (client, _) = following([
        moved(302, "/b?token=s3cret"),
        moved(302, "ftp://x"),
        Step::ok(),
    ]);
    let explain = Explain::new();
    client.get("/a").explain(&explain).send().await.unwrap_err();
    let trail = explain.trail().summary();
    assert!(
        trail.contains("redirect: 302 to GET http://api.example/b;"),
        "{trail}"
    );
    let told = events.text();
    assert!(
        told.contains("redirect followed") && told.contains("status=302"),
        "{told}"
    );
    assert!(
        told.contains("url=\"http://api.example/b\"") && told.contains("hop=1"),
        "{told}"
    );
    assert!(
        told.contains("redirect refused") && told.contains("reason=\"location\""),
        "{told}"
    );
    assert!(!format!("{told}{trail}").contains("s3cret"));
}

#[tokio::test]
async fn the_trail_of_a_call_that_was_redirected_is_on_its_response() {
    let (client, _) = following([moved(302, "/b"), Step::ok()]);
    let response = client
        .get("/a")
        .explain(&Explain::new())
        .send()
        .await
        .unwrap();
    let trail: &buttress::Trail = response.extensions().get().unwrap();
    assert!(
        trail.summary().contains("redirect: 302"),
        "{}",
        trail.summary()
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_asks_no_further() {
    let stalls = || buttress_testkit::channel();
    let redirect = moved(302, "/b").body_with(move || {
        let (frames, body) = stalls();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            drop(frames);
        });
        body
    });
    let (client, server) = following([redirect, Step::ok()]);
    let send = client.get("/a").send();
    let end = tokio::time::timeout(Duration::from_millis(50), send).await;
    assert!(end.is_err());
    assert_eq!((server.calls().len(), server.open_bodies()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_redirect_whose_body_never_ends_is_not_waited_for() {
    let endless = moved(302, "/b").body_with(|| {
        let (frames, body) = buttress_testkit::channel();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            drop(frames);
        });
        body
    });
    let (client, _) = following([endless, Step::ok()]);
    let start = Instant::now();
    assert_eq!(client.get("/a").send().await.unwrap().status(), 200);
    assert_eq!(start.elapsed(), Duration::from_millis(100));
}

#[tokio::test]
async fn a_redirects_connection_is_used_again() {
    let server = Raw::each(|_, mut peer| {
        let head = "HTTP/1.1 302 Found\r\nlocation: /b\r\ncontent-length: 5\r\n\r\nmoved";
        while let Some(request) = peer.hear() {
            if request.starts_with("GET /b") {
                peer.say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
            } else {
                peer.say(head);
            }
        }
    });
    let client = Client::builder().base_uri(server.uri(""));
    let client = client.redirects(Policy::limited(1)).build().unwrap();
    for _ in 0..3 {
        let response = client.get("/a").send().await.unwrap();
        assert_eq!(response.text().await.unwrap(), "ok");
    }
    assert_eq!(server.connections(), 1);
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn hops_and_refusals_are_counted() {
    let counted = crate::support::counters::Counters::default();
    let _guard = metrics::set_default_local_recorder(&counted);
    let (client, _) = following([moved(302, "/b"), moved(302, "/c"), moved(302, "ftp://x")]);
    client.get("/a").send().await.unwrap_err();
    assert_eq!(counted.sum("buttress.redirect.followed"), 2);
    assert_eq!(counted.sum("buttress.redirect.refused"), 1);
}
