use buttress_cache::{Mode, Override};
use buttress_kernel::Partition;
use buttress_kernel::key::Route;
use buttress_testkit::Step;
use http::Method;

use crate::support::*;

/// Answers with the number of the call.
fn counting() -> Step {
    let calls = std::sync::atomic::AtomicUsize::new(1);
    Step::answer(move |_| {
        let number = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let response = http::Response::builder().header("cache-control", "max-age=60");
        response.body(number.to_string().into()).unwrap()
    })
}

#[tokio::test(start_paused = true)]
async fn w05_page_two_is_not_answered_with_page_one() {
    let (service, _) = over(&private(), [counting()]);
    for (path, number) in [
        ("/u/1?page=1", "1"),
        ("/u/1?page=2", "2"),
        ("/u/2?page=1", "3"),
        ("/u/1?page=1", "1"),
    ] {
        assert_eq!(send(&service, get(path)).await.body, number, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn w07_caches_of_two_layers_share_nothing() {
    let (one, other) = (private(), private());
    let (service, _) = over(&one, [counting()]);
    assert_eq!(send(&service, get("/")).await.body, "1");
    let (service, server) = over(&other, [counting()]);
    send(&service, get("/")).await;
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn services_of_one_layer_share_its_store() {
    let layer = private();
    let (one, _) = over(&layer, [counting()]);
    send(&one, get("/")).await;
    let (other, server) = over(&layer.clone(), [counting()]);
    assert_eq!(send(&other, get("/")).await.body, "1");
    assert_eq!(server.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn w07_user_a_never_sees_what_is_user_bs() {
    let (service, _) = over(&private(), [counting()]);
    let user = |name| with(get("/"), "authorization", name);
    assert_eq!(send(&service, user("Bearer ann")).await.body, "1");
    assert_eq!(send(&service, user("Bearer bob")).await.body, "2");
    assert_eq!(send(&service, get("/")).await.body, "3");
    assert_eq!(send(&service, user("Bearer ann")).await.body, "1");
}

#[tokio::test(start_paused = true)]
async fn trap16_a_shared_cache_does_not_store_what_came_with_credentials() {
    let (service, server) = over(&shared(), [counting()]);
    let user = |name| with(get("/"), "authorization", name);
    assert_eq!(send(&service, user("Bearer ann")).await.body, "1");
    assert_eq!(send(&service, user("Bearer bob")).await.body, "2");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_partition_divides_both_kinds_of_cache() {
    for layer in [private(), shared()] {
        let (service, _) = over(&layer, [counting()]);
        let of = |name: &str| asking(get("/"), Partition::named(name));
        assert_eq!(send(&service, of("one")).await.body, "1");
        assert_eq!(send(&service, of("two")).await.body, "2");
        assert_eq!(send(&service, of("one")).await.body, "1");
        assert_eq!(send(&service, get("/")).await.body, "3");
    }
}

#[tokio::test(start_paused = true)]
async fn ic46_a_key_of_the_callers_own_takes_the_place_of_the_uri() {
    let (service, _) = over(&private(), [counting()]);
    let named = |path, name: &str| asking(get(path), Override::new().key(name));
    assert_eq!(send(&service, named("/a?nonce=1", "a")).await.body, "1");
    assert_eq!(send(&service, named("/a?nonce=2", "a")).await.body, "1");
    assert_eq!(send(&service, named("/a?nonce=2", "b")).await.body, "2");
    assert_eq!(send(&service, get("/a?nonce=1")).await.body, "3");
}

#[tokio::test(start_paused = true)]
async fn uris_that_mean_the_same_share_a_response() {
    let (service, server) = over(&private(), [counting()]);
    for uri in [
        "http://api.example/",
        "http://API.example:80",
        "HTTP://api.example/",
    ] {
        let request = http::Request::get(uri)
            .body(buttress_kernel::Body::empty())
            .unwrap();
        assert_eq!(send(&service, request).await.body, "1", "{uri}");
    }
    let secure = http::Request::get("https://api.example/").body(buttress_kernel::Body::empty());
    assert_eq!(send(&service, secure.unwrap()).await.body, "2");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn w33_other_methods_are_never_swallowed() {
    let (service, server) = over(&private(), [counting()]);
    send(&service, get("/")).await;
    for method in [
        Method::DELETE,
        Method::PUT,
        Method::PATCH,
        Method::POST,
        Method::OPTIONS,
    ] {
        let mut request = get("/");
        *request.method_mut() = method.clone();
        send(&service, request).await;
        assert_eq!(server.calls().last().unwrap().method, method);
    }
}

#[tokio::test(start_paused = true)]
async fn w45_a_write_makes_what_is_stored_out_of_date() {
    let (service, _) = over(&private(), [counting()]);
    assert_eq!(send(&service, get("/a")).await.body, "1");
    assert_eq!(send(&service, get("/b")).await.body, "2");
    let mut request = get("/a");
    *request.method_mut() = Method::PUT;
    send(&service, request).await;
    assert_eq!(send(&service, get("/a")).await.body, "4");
    assert_eq!(send(&service, get("/b")).await.body, "2");
}

#[tokio::test(start_paused = true)]
async fn a_write_that_failed_changes_nothing() {
    let (service, _) = over(&private(), [fresh("one"), Step::status(500), fresh("two")]);
    send(&service, get("/")).await;
    let mut request = get("/");
    *request.method_mut() = Method::DELETE;
    send(&service, request).await;
    assert_eq!(send(&service, get("/")).await.body, "one");
}

fn plain(body: &'static str) -> Step {
    Step::ok().body(body)
}

#[tokio::test(start_paused = true)]
async fn ic40_an_answer_without_caching_fields_is_kept_as_long_as_the_request_says() {
    let (service, server) = over(&private(), [plain("one"), plain("two")]);
    let request = || asking(get("/"), Override::new().fresh_for(seconds(30)));
    assert_eq!(send(&service, request()).await.body, "one");
    pass(seconds(29)).await;
    assert_eq!(send(&service, request()).await.body, "one");
    pass(seconds(2)).await;
    assert_eq!(send(&service, request()).await.body, "two");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_says_more_than_its_route_and_a_route_more_than_the_layer() {
    let layer = private()
        .defaults(Override::new().fresh_for(seconds(10)))
        .route(|request| {
            let route = request.extensions().get::<Route>()?;
            (route.0 == "users").then(|| Override::new().fresh_for(seconds(20)))
        });
    let users = || asking(get("/users"), Route("users".into()));
    let requests: [(&str, u64, &dyn Fn() -> http::Request<_>); 3] = [
        ("layer", 10, &|| get("/")),
        ("route", 20, &users),
        ("request", 30, &|| {
            asking(users(), Override::new().fresh_for(seconds(30)))
        }),
    ];
    for (who, life, request) in requests {
        let (service, server) = over(&layer, [plain("one")]);
        layer.handle().clear().await;
        send(&service, request()).await;
        pass(seconds(life - 1)).await;
        send(&service, request()).await;
        assert_eq!(server.calls().len(), 1, "{who}");
        pass(seconds(2)).await;
        send(&service, request()).await;
        assert_eq!(server.calls().len(), 2, "{who}");
    }
}

#[tokio::test(start_paused = true)]
async fn w36_errors_are_kept_only_where_that_is_asked_for() {
    let (service, server) = over(&private(), [Step::status(404)]);
    let wishes = Override::new().fresh_for(seconds(30));
    for _ in 0..2 {
        send(&service, asking(get("/"), wishes.clone())).await;
    }
    assert_eq!(server.calls().len(), 2);
    for _ in 0..2 {
        let wishes = wishes.clone().negative_for(seconds(5));
        assert_eq!(send(&service, asking(get("/"), wishes)).await.status, 404);
    }
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn ic45_each_mode_does_what_fetch_says() {
    let mode = |mode| asking(get("/"), Override::new().mode(mode));
    let (service, server) = over(&private(), [counting()]);
    assert_eq!(send(&service, mode(Mode::OnlyIfCached)).await.status, 504);
    assert_eq!(send(&service, mode(Mode::NoStore)).await.body, "1");
    assert_eq!(
        send(&service, mode(Mode::Default)).await.body,
        "2",
        "nothing was stored"
    );
    assert_eq!(
        send(&service, mode(Mode::NoStore)).await.body,
        "3",
        "and nothing served"
    );
    assert_eq!(send(&service, mode(Mode::Reload)).await.body, "4");
    assert_eq!(send(&service, mode(Mode::Default)).await.body, "4");
    assert_eq!(send(&service, mode(Mode::NoCache)).await.body, "5");
    pass(seconds(120)).await;
    assert_eq!(
        send(&service, mode(Mode::ForceCache)).await.body,
        "5",
        "stale"
    );
    assert_eq!(
        send(&service, mode(Mode::OnlyIfCached)).await.body,
        "5",
        "stale, too"
    );
    assert_eq!(send(&service, mode(Mode::Default)).await.body, "6");
    assert_eq!(server.calls().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn what_was_unfit_is_stored_once_it_is_fit() {
    let unfit = || uncacheable("no");
    let (service, server) = over(
        &private(),
        [
            unfit(),
            unfit(),
            unfit(),
            fresh("a"),
            fresh("b"),
            fresh("c"),
        ],
    );
    for _ in 0..5 {
        send(&service, get("/")).await;
    }
    let kept = send(&service, get("/")).await.body;
    assert_eq!(
        kept, "b",
        "the first that is fit is only noticed, the second is stored"
    );
    assert_eq!(server.calls().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_request_with_content_is_neither_stored_nor_shared() {
    for (field, value) in [("content-length", "4"), ("transfer-encoding", "chunked")] {
        let (service, server) = over(&private(), [counting()]);
        let fat = || {
            let request = http::Request::get("https://a.example/").header(field, value);
            request.body(buttress_kernel::Body::from("EVIL")).unwrap()
        };
        send(&service, fat()).await;
        send(&service, fat()).await;
        send(&service, get("/")).await;
        send(&service, get("/")).await;
        assert_eq!(server.calls().len(), 3, "{field}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unsafe_request_with_a_bare_path_makes_its_hosts_responses_out_of_date() {
    let at = |method: &str, path: &str, host: &str| {
        let request = http::Request::builder().method(method).uri(path);
        let request = request.header("host", host);
        request.body(buttress_kernel::Body::empty()).unwrap()
    };
    for named in ["/list", "http://api.example/list", "//API.example/list"] {
        let answer = Step::answer(move |call| {
            let response = http::Response::builder();
            let response = match call.method.as_str() {
                "GET" => response.header("cache-control", "max-age=60"),
                _ => response.header("location", named),
            };
            response.body(buttress_kernel::Body::empty()).unwrap()
        });
        let (service, server) = over(&private(), [answer]);
        let gets = || async {
            let before = server.calls().len();
            for host in ["api.example", "other.example"] {
                for path in ["/list", "/one"] {
                    send(&service, at("GET", path, host)).await;
                }
            }
            server.calls().len() - before
        };
        assert_eq!(gets().await, 4);
        assert_eq!(gets().await, 0);
        send(&service, at("POST", "/one", "api.example")).await;
        assert_eq!(gets().await, 2, "{named}");
        send(&service, at("PUT", "/one", "other.example")).await;
        let asked = if named == "/list" { 2 } else { 1 };
        assert_eq!(
            gets().await,
            asked,
            "another host is another origin: {named}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn layers_that_are_given_one_memory_share_what_is_in_it() {
    let memory = buttress_cache::store::Memory::of(1 << 20);
    let of = |user: &str| with(get("/a"), "authorization", user);
    let (one, _) = over(&private().store(memory.clone()), [fresh("one's")]);
    send(&one, get("/a")).await;
    send(&one, of("ann")).await;
    let (other, server) = over(&private().store(memory.clone()), [fresh("other's")]);
    assert_eq!(send(&other, get("/a")).await.body, "one's");
    assert_eq!(send(&other, of("ann")).await.body, "one's");
    assert_eq!(send(&other, of("bob")).await.body, "other's");
    assert_eq!(server.calls().len(), 1);
    assert_eq!(memory.keys(), 3);
}

#[tokio::test(start_paused = true)]
async fn content_that_no_field_announces_is_neither_stored_nor_shared() {
    let (service, server) = over(&private(), [counting()]);
    let fat = |content: &'static str| {
        let request = http::Request::get("http://api.example/");
        request.body(buttress_kernel::Body::from(content)).unwrap()
    };
    for (content, number) in [("{1}", "1"), ("{2}", "2"), ("{1}", "3")] {
        assert_eq!(send(&service, fat(content)).await.body, number);
    }
    assert_eq!(send(&service, get("/")).await.body, "4");
    assert_eq!(send(&service, fat("")).await.body, "4", "that is none");
    let request = with(fat("{1}"), "cache-control", "only-if-cached");
    assert_eq!(send(&service, request).await.status, 504);
    let request = asking(fat("{1}"), Override::new().mode(Mode::OnlyIfCached));
    assert_eq!(send(&service, request).await.status, 504);
    let request = with(get("/"), "cache-control", "only-if-cached");
    let request = asking(request, Override::new().mode(Mode::NoStore));
    assert_eq!(send(&service, request).await.status, 504);
    assert_eq!(server.calls().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_write_with_credentials_makes_what_came_without_them_out_of_date() {
    let (service, server) = over(&private(), [counting()]);
    let ann = |path| with(get(path), "authorization", "Bearer ann");
    let bob = || with(get("/items"), "authorization", "Bearer bob");
    assert_eq!(send(&service, get("/items")).await.body, "1");
    assert_eq!(send(&service, ann("/items")).await.body, "2");
    assert_eq!(send(&service, bob()).await.body, "3");
    let mut write = ann("/items");
    *write.method_mut() = Method::POST;
    send(&service, write).await;
    assert_eq!(send(&service, get("/items")).await.body, "5");
    assert_eq!(send(&service, ann("/items")).await.body, "6");
    assert_eq!(send(&service, bob()).await.body, "3", "a cache of his own");

    let named = |request| asking(request, Override::new().key("items"));
    assert_eq!(send(&service, named(get("/items"))).await.body, "7");
    let mut write = named(ann("/items"));
    *write.method_mut() = Method::POST;
    send(&service, write).await;
    assert_eq!(send(&service, named(get("/items"))).await.body, "9");
    assert_eq!(server.calls().len(), 9);
}
