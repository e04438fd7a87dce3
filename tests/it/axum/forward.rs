//! What goes along with a call, and where to.

use std::net::IpAddr;
use std::time::Duration;

use buttress::fallback::FallbackLayer;
use buttress::forward::{ClientAddress, Forward, Forwarded};
use buttress::redirect::Policy;
use buttress::timeout::TotalOverride;
use buttress::{CacheLayer, Client, ClientBuilder, Credential, Deadline, Partition, pages};
use buttress_testkit::{Call, Scripted, Step};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Request, header};
use tokio::time::Instant;
use tower::ServiceExt;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TENANT: HeaderName = HeaderName::from_static("x-tenant");
const LEFT: HeaderName = HeaderName::from_static("x-request-timeout-ms");

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

/// What a request with these fields brings.
fn brought(forward: &Forward, fields: &[(&'static str, &str)]) -> Forwarded {
    forward.read(&headers(fields), &Extensions::new())
}

/// Everything that there is to forward, of one user.
fn all() -> Forwarded {
    let forward = Forward::new()
        .cookie("session")
        .and_then(|it| it.header(TENANT))
        .unwrap()
        .trace_context()
        .baggage()
        .request_id()
        .client_address(ClientAddress::of(|_| Some([10, 0, 0, 1].into())));
    brought(
        &forward,
        &[
            ("cookie", "theme=dark; session=s3cret"),
            ("x-tenant", "acme"),
            ("traceparent", PARENT),
            ("tracestate", "a=b"),
            ("baggage", "c=d"),
            ("x-request-id", "id-7"),
            ("x-forwarded-for", "6.6.6.6"),
            ("authorization", "Bearer never-asked-for"),
        ],
    )
}

fn scripted(
    steps: impl IntoIterator<Item = Step>,
    settings: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> (Client, Scripted) {
    let server = Scripted::new(steps);
    let builder = Client::builder().base_uri("http://api.example/v1");
    (
        settings(builder).build_over(server.clone()).unwrap(),
        server,
    )
}

/// The names and values of all fields of a call, in order of the names.
fn fields(call: &Call) -> Vec<(String, String)> {
    let headers = call.headers.iter();
    let pair = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    let mut fields: Vec<_> = headers.map(pair).collect();
    fields.sort();
    fields
}

fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    fields.iter().map(pair).collect()
}

const EVERYTHING: [(&str, &str); 7] = [
    ("baggage", "c=d"),
    ("cookie", "session=s3cret"),
    ("traceparent", PARENT),
    ("tracestate", "a=b"),
    ("x-forwarded-for", "10.0.0.1"),
    ("x-request-id", "id-7"),
    ("x-tenant", "acme"),
];
const ELSEWHERE: [(&str, &str); 2] = [("traceparent", PARENT), ("tracestate", "a=b")];

#[tokio::test]
async fn ic82_what_was_named_goes_home_and_nothing_else_does() {
    let (client, server) = scripted([Step::ok()], |b| b);
    let with = client.with(&all());
    with.get("/a").send().await.unwrap();
    client.get("/a").send().await.unwrap();
    client
        .with(&Forwarded::default())
        .get("/a")
        .send()
        .await
        .unwrap();
    let calls = server.calls();
    assert_eq!(fields(&calls[0]), owned(&EVERYTHING));
    assert_eq!(fields(&calls[1]), [], "the client itself is as it was");
    assert_eq!(fields(&calls[2]), []);
    for name in [header::COOKIE, TENANT] {
        assert!(calls[0].headers[name].is_sensitive());
    }
    let shown = format!("{:?} {with:?} {:?}", all(), calls[0].headers);
    for secret in ["s3cret", "acme"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn ic82_another_origin_gets_no_cookie_however_it_is_reached() {
    let following = |b: ClientBuilder| b.redirects(Policy::limited(5));
    // By an absolute URI.
    let (client, server) = scripted([Step::ok()], |b| b);
    let client = client.with(&all());
    for uri in [
        "http://other.example/v1/a",
        "https://api.example/v1/a",
        "http://api.example:81/v1/a",
    ] {
        client.get(uri).send().await.unwrap();
        let calls = server.calls();
        assert_eq!(fields(calls.last().unwrap()), owned(&ELSEWHERE), "{uri}");
    }
    client
        .get("http://API.example:80/other")
        .send()
        .await
        .unwrap();
    let calls = server.calls();
    assert_eq!(fields(calls.last().unwrap()), owned(&EVERYTHING));

    // By redirects, and home again.
    let moved = |to: &str| Step::status(302).header("location", to);
    let steps = [
        moved("http://other.example/"),
        moved("http://other.example/2"),
        moved("http://api.example/v1/b"),
        Step::ok(),
    ];
    let (client, server) = scripted(steps, following);
    client.with(&all()).get("/a").send().await.unwrap();
    let calls = server.calls();
    let sent: Vec<_> = calls.iter().map(fields).collect();
    let (here, there) = (owned(&EVERYTHING), owned(&ELSEWHERE));
    assert_eq!(sent, [here.clone(), there.clone(), there.clone(), here]);

    // By a stranger's redirect to our home.
    let (client, server) = scripted([moved("http://api.example/v1/b"), Step::ok()], following);
    let call = client.with(&all()).get("http://other.example/");
    call.send().await.unwrap();
    let calls = server.calls();
    assert_eq!(fields(&calls[1]), there, "the stranger chose what is asked");

    // By a page's link.
    let next = r#"<http://other.example/2>; rel="next""#;
    let steps = [
        Step::ok().header("link", next).body("[1]"),
        Step::ok().body("[2]"),
    ];
    let (client, server) = scripted(steps, |b| b);
    let mut items = Vec::new();
    let list = client.with(&all()).get("/a");
    let list = list.paginate(pages::Link::new()).any_origin();
    list.items::<u8>().collect_into(&mut items).await.unwrap();
    let calls = server.calls();
    assert_eq!(items, [1, 2]);
    assert_eq!(fields(&calls[1]), there);
}

#[tokio::test]
async fn ic82_a_substitute_gets_no_cookie_even_if_it_is_a_client_itself() {
    let other = Scripted::new([Step::ok()]);
    let second = Client::builder()
        .base_uri("http://second.example")
        .build_over(other.clone())
        .unwrap()
        .map_request(|mut request: Request<buttress::Body>| {
            *request.uri_mut() = "http://second.example/a".parse().unwrap();
            request
        });
    let (client, server) = scripted([Step::status(500)], |b| {
        b.retry(None).fallback(FallbackLayer::service(second))
    });
    client.with(&all()).get("/a").send().await.unwrap();
    assert_eq!(fields(&server.calls()[0]), owned(&EVERYTHING));
    let sent = fields(&other.calls()[0]);
    assert_eq!(sent, owned(&ELSEWHERE));
}

#[tokio::test]
async fn without_a_home_secrets_are_refused_and_the_rest_goes_where_the_call_goes() {
    let server = Scripted::new([
        Step::status(302).header("location", "http://b.example/"),
        Step::ok(),
    ]);
    let builder = Client::builder().redirects(Policy::limited(5));
    let client = builder.build_over(server.clone()).unwrap();
    let error = client.with(&all()).get("http://a.example/").send().await;
    let error = error.unwrap_err();
    assert!(error.is_request(), "{error}");
    assert!(error.to_string().ends_with("set a `base_uri`"), "{error}");
    assert!(server.calls().is_empty());

    let forward = Forward::new().request_id().trace_context();
    let open = [("x-request-id", "id-7"), ("traceparent", PARENT)];
    let client = client.with(&brought(&forward, &open));
    client.get("http://a.example/").send().await.unwrap();
    let calls = server.calls();
    assert_eq!(calls[0].header("x-request-id"), Some("id-7"));
    assert_eq!(fields(&calls[1]), owned(&[("traceparent", PARENT)]));
}

#[tokio::test]
async fn a_client_over_a_client_belongs_to_the_inner_ones_home() {
    let (inner, server) = scripted([Step::ok()], |b| b);
    let outer = Client::from_service(inner).with(&all());
    outer.get("http://api.example/v1/a").send().await.unwrap();
    assert_eq!(fields(&server.calls()[0]), owned(&EVERYTHING));
}

#[tokio::test]
async fn what_is_nearer_wins() {
    let (client, server) = scripted([Step::ok()], |b| {
        b.cookie("key", "the-services")
            .header("x-tenant", "default")
            .header("x-request-id", "default")
    });
    let client = client.with(&all());
    client.get("/a").send().await.unwrap();
    let own = client
        .get("/a")
        .header("cookie", "own=1")
        .header("traceparent", "own")
        .header("x-tenant", "own");
    own.send().await.unwrap();
    let bare = client.get("/a").without_default("cookie");
    bare.without_default("x-request-id").send().await.unwrap();
    client.get("/a").without_auth().send().await.unwrap();
    let calls = server.calls();
    let sent = |number: usize, name| calls[number].header(name);
    assert_eq!(sent(0, "cookie"), Some("session=s3cret"));
    assert_eq!(sent(0, "x-tenant"), Some("acme"));
    assert_eq!(sent(0, "x-request-id"), Some("id-7"));
    assert_eq!(sent(1, "cookie"), Some("own=1"));
    assert_eq!(sent(1, "x-tenant"), Some("own"));
    assert_eq!(sent(1, "traceparent"), Some("own"));
    assert_eq!(sent(1, "tracestate"), None, "it is of another parent");
    assert_eq!((sent(2, "cookie"), sent(2, "x-request-id")), (None, None));
    assert_eq!(sent(2, "x-tenant"), Some("acme"));
    assert_eq!(
        (sent(3, "cookie"), sent(3, "x-tenant")),
        (None, Some("default"))
    );
    assert_eq!(sent(3, "x-request-id"), Some("id-7"));
}

#[tokio::test]
async fn the_services_own_key_is_added_to_the_users_cookie() {
    let key = Credential::api_key("x-service-key", "the-services").unwrap();
    let (client, server) = scripted([Step::ok()], |b| b.credentials(key));
    client.with(&all()).get("/a").send().await.unwrap();
    let call = &server.calls()[0];
    assert_eq!(call.header("x-service-key"), Some("the-services"));
    assert_eq!(call.header("cookie"), Some("session=s3cret"));
}

/// Answers with what it was told of the user, for a minute.
fn mine() -> Step {
    Step::answer(|call| {
        let said = |name| call.header(name).unwrap_or("none").to_owned();
        let body = format!("{} {}", said("cookie"), said("x-tenant"));
        let response = http::Response::builder().header("cache-control", "public, max-age=60");
        response.body(buttress::Body::from(body)).unwrap()
    })
}

async fn text(client: &Client) -> String {
    let response = client.get("/me").send().await.unwrap();
    response.text().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn user_a_never_sees_user_b_whatever_the_cache() {
    let users = [
        vec![("cookie", "session=a")],
        vec![("cookie", "session=b")],
        vec![("x-tenant", "session=a")],
        vec![("cookie", "session=a"), ("x-tenant", "acme")],
        vec![("cookie", "session=a"), ("x-tenant", "other")],
        vec![],
    ];
    let forward = Forward::new()
        .cookie("session")
        .unwrap()
        .header(TENANT)
        .unwrap();
    let forward = forward.request_id();
    for cache in [CacheLayer::private(), CacheLayer::shared()] {
        let slow = mine().after(Duration::from_secs(1));
        let (client, server) = scripted([slow], |b| b.cache(cache));
        let ask = |id: &'static str| {
            let clients = users.iter().map(|fields| {
                let fields = [&fields[..], &[("x-request-id", id)]].concat();
                client.with(&brought(&forward, &fields))
            });
            let calls = clients.map(|client| async move { text(&client).await });
            futures_util::future::join_all(calls)
        };
        // All at once, then from the store.
        let first = ask("1").await;
        let expected = [
            "session=a none",
            "session=b none",
            "none session=a",
            "session=a acme",
            "session=a other",
            "none none",
        ];
        assert_eq!(first, expected);
        assert_eq!(ask("2").await, expected);
        assert_eq!(server.calls().len(), users.len(), "an id is nobody's");
    }
}

#[tokio::test]
async fn a_partition_that_a_request_has_is_its_own() {
    let (client, server) = scripted([mine()], |b| b.cache(CacheLayer::private()));
    for _ in 0..2 {
        let forward = Forward::new().cookie("session").unwrap();
        let client = client.with(&brought(&forward, &[("cookie", "session=a")]));
        let request = client.get("/me").partition(Partition::named("team"));
        request.send().await.unwrap().text().await.unwrap();
    }
    let calls = server.calls();
    assert_eq!(calls.len(), 1, "the hashers differ, the name does not");
    assert_eq!(calls[0].extensions.get(), Some(&Partition::named("team")));
}

#[tokio::test]
async fn who_does_not_say_who_he_is_is_anyone_where_it_could_be_said() {
    let forward = Forward::new().cookie("session").unwrap().trace_context();
    let open = brought(&forward, &[("traceparent", PARENT), ("cookie", "a=b")]);
    let nothing = brought(&forward, &[("cookie", "a=b")]);
    assert!(nothing.is_empty() && !open.is_empty());
    let (client, server) = scripted([Step::ok()], |b| b);
    for forwarded in [&open, &nothing] {
        assert_eq!(forwarded.partition(), Some(&Partition::anyone()));
        client.with(forwarded).get("/a").send().await.unwrap();
    }
    let field = Forward::new().header("x-user".parse().unwrap()).unwrap();
    let unnamed = brought(&field, &[]);
    client.with(&unnamed).get("/a").send().await.unwrap();
    for call in server.calls() {
        assert_eq!(call.extensions.get(), Some(&Partition::anyone()));
    }
}

#[tokio::test]
async fn what_is_not_told_of_users_is_in_no_partition() {
    let forward = Forward::new().trace_context().request_id();
    let open = brought(&forward, &[("traceparent", PARENT), ("cookie", "a=b")]);
    assert_eq!(open.partition(), None);
    let (client, server) = scripted([Step::ok()], |b| b);
    client.with(&open).get("/a").send().await.unwrap();
    let nobody = brought(&Forward::new().every_cookie(), &[]);
    for forwarded in [&all(), &nobody] {
        let elsewhere = client.with(forwarded).get("http://other.example/");
        elsewhere.send().await.unwrap();
    }
    for call in server.calls() {
        assert_eq!(call.extensions.get::<Partition>(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_holds_for_all_calls_of_a_request_and_is_never_longer_than_allowed() {
    let most = Duration::from_secs(10);
    let forward = Forward::new().deadline_in(LEFT, most);
    let (client, server) = scripted([Step::hang()], |b| b.total(Duration::from_secs(5)));
    for (left, own, ends) in [
        ("2000", None, 2_000),
        ("1", None, 1),
        ("6000", None, 5_000),
        ("6000", Some(60), 6_000),
        ("99999999999999999999999", Some(60), 10_000),
        ("10001", Some(60), 10_000),
        ("0", Some(7), 7_000),
        ("-1", Some(7), 7_000),
        ("+9", Some(7), 7_000),
        ("1.5", Some(7), 7_000),
        (" ", Some(7), 7_000),
        ("soon", Some(7), 7_000),
    ] {
        let start = Instant::now();
        let client = client.with(&brought(&forward, &[("x-request-timeout-ms", left)]));
        let mut request = client.get("/a").timeout(None);
        if let Some(own) = own {
            request = request.extension(TotalOverride::new(Duration::from_secs(own)));
        }
        assert!(request.send().await.unwrap_err().is_timeout());
        let took = start.elapsed().as_millis();
        // The timer's wheel turns in milliseconds.
        assert!((ends..=ends + 1).contains(&took), "{left}: {took}");
    }
    // Two calls share it.
    let client = client.with(&brought(&forward, &[("x-request-timeout-ms", "2000")]));
    let calls = server.calls().len();
    tokio::time::advance(Duration::from_secs(3)).await;
    assert!(client.get("/a").send().await.unwrap_err().is_timeout());
    assert_eq!(server.calls().len(), calls, "nothing is sent in vain");
    // Twice is not one number.
    let twice = [("x-request-timeout-ms", "1"), ("x-request-timeout-ms", "2")];
    assert!(brought(&forward, &twice).is_empty());
}

#[tokio::test(start_paused = true)]
async fn of_two_deadlines_the_earlier_holds() {
    let at = |seconds| Deadline::at((Instant::now() + Duration::from_secs(seconds)).into_std());
    let forward = Forward::new().deadline_in(LEFT, Duration::from_secs(10));
    let mut extensions = Extensions::new();
    extensions.insert(at(4));
    for (left, ends) in [("2000", 2), ("6000", 4), ("none", 4)] {
        let said = headers(&[("x-request-timeout-ms", left)]);
        let forwarded = forward.read(&said, &extensions);
        assert_eq!(forwarded.deadline(), Some(at(ends)));
        let (client, server) = scripted([Step::ok()], |b| b);
        let client = client.with(&forwarded);
        client.get("/a").send().await.unwrap();
        let sooner = client.get("/a").extension(at(1)).extension(());
        sooner.send().await.unwrap();
        let calls = server.calls();
        assert_eq!(calls[0].extensions.get(), Some(&at(ends)));
        assert_eq!(calls[1].extensions.get(), Some(&at(1)));
    }
}

#[tokio::test]
async fn hostile_fields_do_not_go_on() {
    let forward = Forward::new().trace_context().request_id();
    let long = "x".repeat(129);
    for (name, value) in [
        ("x-request-id", ""),
        ("x-request-id", "a b"),
        ("x-request-id", "a\tb"),
        ("x-request-id", "caf\u{e9}"),
        ("x-request-id", long.as_str()),
        ("traceparent", ""),
        (
            "traceparent",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
        (
            "traceparent",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        ),
        (
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        ),
        (
            "traceparent",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
        (
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        ),
        (
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        ),
        ("tracestate", "a=b"),
    ] {
        assert!(
            brought(&forward, &[(name, value)]).is_empty(),
            "{name}: {value}"
        );
    }
    let later = "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more";
    for fields in [
        &[("traceparent", later)][..],
        &[("x-request-id", &long[..128])],
    ] {
        assert!(!brought(&forward, fields).is_empty(), "{fields:?}");
    }
    for name in ["x-request-id", "traceparent"] {
        let twice = [(name, PARENT), (name, PARENT)];
        assert!(brought(&forward, &twice).is_empty(), "{name}");
    }
}

#[tokio::test]
async fn lists_go_on_whole_or_not_at_all() {
    let forward = Forward::new().trace_context().baggage();
    let (client, server) = scripted([Step::ok()], |b| b);
    for (name, most) in [("tracestate", 512), ("baggage", 8_192)] {
        for (lengths, goes) in [
            (&[most][..], true),
            (&[most + 1], false),
            (&[most - 10, 9], true),
            (&[most - 10, 10], false),
        ] {
            let values: Vec<_> = lengths.iter().map(|length| "x".repeat(*length)).collect();
            let mut said = vec![("traceparent", PARENT)];
            said.extend(values.iter().map(|value| (name, value.as_str())));
            let forwarded = brought(&forward, &said);
            client.with(&forwarded).get("/a").send().await.unwrap();
            let calls = server.calls();
            let call = calls.last().unwrap();
            let sent = call.headers.get_all(name).iter().count();
            assert_eq!(
                sent,
                if goes { lengths.len() } else { 0 },
                "{name} {lengths:?}"
            );
            assert_eq!(call.header("traceparent"), Some(PARENT));
        }
        assert!(brought(&Forward::new().baggage(), &[("baggage", "caf\u{e9}")]).is_empty());
    }
}

#[tokio::test]
async fn what_was_for_one_connection_does_not_go_on() {
    let forward = Forward::new().cookie("session").unwrap().request_id();
    let forward = forward.header(TENANT).unwrap();
    let fields = [
        ("cookie", "session=a"),
        ("x-tenant", "acme"),
        ("x-request-id", "7"),
    ];
    let with = |connection| {
        let mut fields = fields.to_vec();
        fields.push(("connection", connection));
        brought(&forward, &fields)
    };
    let (client, server) = scripted([Step::ok()], |b| b);
    for (connection, tenant, id) in [
        ("keep-alive", Some("acme"), Some("7")),
        ("keep-alive, X-Tenant", None, Some("7")),
        ("x-tenant ,x-request-id", None, None),
    ] {
        let forwarded = with(connection);
        client.with(&forwarded).get("/a").send().await.unwrap();
        let calls = server.calls();
        let call = calls.last().unwrap();
        assert_eq!(call.header("x-tenant"), tenant, "{connection}");
        assert_eq!(call.header("x-request-id"), id, "{connection}");
        assert_eq!(call.header("cookie"), Some("session=a"));
    }
}

#[tokio::test]
async fn a_trusted_hops_list_is_kept_and_another_ones_is_not() {
    let read = |peer: Option<&'static str>, trusted: bool| {
        let address = ClientAddress::of(move |_| peer.map(|peer| peer.parse().unwrap()));
        let address = address.trusting(move |_: IpAddr| trusted);
        let forward = Forward::new().client_address(address);
        let said = [
            ("x-forwarded-for", "1.1.1.1, 2.2.2.2"),
            ("x-forwarded-for", "3.3.3.3"),
        ];
        brought(&forward, &said)
    };
    let (client, server) = scripted([Step::ok()], |b| b);
    for (forwarded, expected) in [
        (read(Some("10.0.0.1"), false), Some("10.0.0.1")),
        (
            read(Some("10.0.0.1"), true),
            Some("1.1.1.1, 2.2.2.2, 3.3.3.3, 10.0.0.1"),
        ),
        (read(Some("::ffff:10.0.0.1"), false), Some("10.0.0.1")),
        (read(Some("2001:db8::1"), false), Some("2001:db8::1")),
        (read(None, true), None),
    ] {
        client.with(&forwarded).get("/a").send().await.unwrap();
        let calls = server.calls();
        let sent = calls.last().unwrap().header("x-forwarded-for");
        assert_eq!(sent, expected);
    }
}

#[test]
fn what_cannot_be_forwarded_is_refused() {
    for (name, setting) in [
        ("cookie", "`cookie`"),
        ("traceparent", "`trace_context`"),
        ("tracestate", "`trace_context`"),
        ("baggage", "`baggage`"),
        ("x-forwarded-for", "`client_address`"),
        ("x-forwarded-user", "`client_address`"),
        ("forwarded", "`client_address`"),
        ("x_forwarded-for", "`client_address`"),
        ("cf-connecting-ip", "`client_address`"),
        ("host", "one message or connection"),
        ("connection", "one message or connection"),
        ("keep-alive", "one message or connection"),
        ("transfer-encoding", "one message or connection"),
        ("content-length", "one message or connection"),
        ("content_length", "one message or connection"),
        ("transfer_encoding", "one message or connection"),
        ("content-encoding", "one message or connection"),
        ("expect", "one message or connection"),
        ("via", "one message or connection"),
        ("date", "one message or connection"),
        ("set-cookie", "one message or connection"),
        ("http2-settings", "one message or connection"),
        ("range", "what the answer to one request is like"),
        ("if-none-match", "what the answer to one request is like"),
        ("if_range", "what the answer to one request is like"),
        ("accept-encoding", "what the answer to one request is like"),
        ("cache-control", "what the answer to one request is like"),
    ] {
        let name = HeaderName::from_static(name);
        let refused = [
            Forward::new().header(name.clone()),
            Forward::new().request_id_in(name.clone()),
        ];
        for error in refused {
            let error = error.unwrap_err().to_string();
            assert!(
                error.contains(name.as_str()) && error.contains(setting),
                "{error}"
            );
        }
    }
    for name in ["authorization", "x-api-key", "x_api_key"] {
        let name = HeaderName::from_static(name);
        assert!(Forward::new().header(name.clone()).is_ok(), "{name}");
        let error = Forward::new().request_id_in(name).unwrap_err().to_string();
        assert!(error.contains("use `header`"), "{error}");
    }
    for name in ["", "a b", "a=b", "a;b", "\n"] {
        assert!(Forward::new().cookie(name).is_err(), "{name:?}");
    }
}

#[tokio::test]
async fn settings_add_up_and_the_last_with_holds() {
    let forward = Forward::new()
        .cookie("a")
        .and_then(|it| it.cookie("b"))
        .and_then(|it| it.header(TENANT))
        .and_then(|it| it.header(header::AUTHORIZATION))
        .and_then(|it| it.request_id_in(HeaderName::from_static("x-correlation-id")))
        .unwrap();
    let said = [
        ("cookie", "a=1; b=2; c=3"),
        ("x-tenant", "one"),
        ("x-tenant", "two"),
        ("authorization", "Bearer s3cret"),
        ("x-correlation-id", "7"),
        ("x-request-id", "8"),
    ];
    let (client, server) = scripted([Step::ok()], |b| b);
    let client = client.with(&all()).with(&brought(&forward, &said));
    client.get("/a").send().await.unwrap();
    let every = Forward::new().every_cookie();
    let client = client.with(&brought(&every, &said));
    client.get("/a").send().await.unwrap();
    let calls = server.calls();
    let expected = [
        ("authorization", "Bearer s3cret"),
        ("cookie", "a=1; b=2"),
        ("x-correlation-id", "7"),
        ("x-tenant", "one"),
        ("x-tenant", "two"),
    ];
    assert_eq!(fields(&calls[0]), owned(&expected));
    assert_eq!(fields(&calls[1]), owned(&[("cookie", "a=1; b=2; c=3")]));
}
