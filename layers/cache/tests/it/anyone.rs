//! Those who have not said who they are share a private cache, and are not one user.

use buttress_cache::{Cache, Override};
use buttress_kernel::{Body, Partition};
use buttress_testkit::{Scripted, Step};
use http::{Method, Request};
use tokio::join;

use crate::support::*;

fn stranger(path: &str) -> Request<Body> {
    asking(get(path), Partition::anyone())
}

/// A response with such a `Cache-Control`; without one, it was modified long ago.
fn saying(control: &str, body: &'static str) -> Step {
    let step = if control.is_empty() {
        Step::ok().header("last-modified", "Mon, 01 Jan 2001 00:00:00 GMT")
    } else {
        Step::ok().header("cache-control", control)
    };
    step.body(body).after(seconds(1))
}

/// What two strangers are given, one after the other and at once.
async fn two_strangers(steps: [Step; 2]) -> [[Read; 2]; 2] {
    let (service, _) = over(&private(), steps.clone());
    let first = send(&service, stranger("/")).await;
    let apart = [first, send(&service, stranger("/")).await];
    let (service, _) = over(&private(), steps);
    let (first, second) = join!(send(&service, stranger("/")), send(&service, stranger("/")));
    [apart, [first, second]]
}

#[tokio::test(start_paused = true)]
async fn what_is_for_one_user_is_given_to_no_other_stranger() {
    for control in ["private", "private, max-age=60"] {
        for [one, other] in two_strangers(["1", "2"].map(|body| saying(control, body))).await {
            assert_ne!(one.body, other.body, "{control}");
        }
    }
    for control in ["", "max-age=60", "public, max-age=60", "s-maxage=60"] {
        for [one, other] in two_strangers(["1", "2"].map(|body| saying(control, body))).await {
            assert_eq!(one.body, other.body, "{control:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cookie_goes_to_another_stranger_where_the_response_is_for_shared_caches() {
    let steps = |control: &str| {
        let step = |n| saying(control, n).header("set-cookie", &format!("session={n}"));
        ["1", "2"].map(step)
    };
    let cookie = |read: &Read| read.header("set-cookie").map(str::to_owned);
    for control in [
        "",
        "max-age=60",
        "private",
        "private, max-age=60",
        "immutable, max-age=9",
    ] {
        for [one, other] in two_strangers(steps(control)).await {
            assert_ne!(cookie(&one), cookie(&other), "{control:?}");
            assert!(cookie(&one).is_some() && cookie(&other).is_some());
        }
    }
    for control in ["public, max-age=60", "s-maxage=60"] {
        for [one, other] in two_strangers(steps(control)).await {
            assert_eq!(cookie(&one), cookie(&other), "{control}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_wish_of_the_caller_does_not_make_a_session_everybodys() {
    let step = |n| Step::ok().header("set-cookie", n).body(n);
    let (service, _) = over(&private(), ["1", "2"].map(step));
    let wish = || Override::new().fresh_for(seconds(60));
    for n in ["1", "2"] {
        assert_eq!(send(&service, asking(stranger("/"), wish())).await.body, n);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_theirs_is_nobody_elses_and_the_other_way_round() {
    let (service, server) = over(&private(), [fresh("anyone"), fresh("own"), fresh("named")]);
    let named = || asking(get("/"), Partition::named(""));
    for _ in 0..2 {
        assert_eq!(send(&service, stranger("/")).await.body, "anyone");
        assert_eq!(send(&service, get("/")).await.body, "own");
        assert_eq!(
            send(&service, named()).await.body,
            "own",
            "a name, though an empty one"
        );
    }
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_shared_cache_makes_no_difference() {
    let (service, _) = over(
        &shared(),
        [fresh("one").header("set-cookie", "a=b"), fresh("two")],
    );
    assert_eq!(send(&service, get("/")).await.body, "one");
    assert_eq!(send(&service, stranger("/")).await.body, "one");
}

#[tokio::test(start_paused = true)]
async fn credentials_of_a_stranger_count_as_in_a_shared_cache() {
    let proved = |user| with(stranger("/"), "authorization", user);
    for (control, second) in [("max-age=60", "2"), ("public, max-age=60", "1")] {
        let (service, _) = over(&private(), ["1", "2"].map(|body| saying(control, body)));
        assert_eq!(send(&service, proved("Bearer a")).await.body, "1");
        assert_eq!(send(&service, proved("Bearer b")).await.body, second);
    }
}

async fn change(service: &Cache<Scripted>, mut request: Request<Body>) {
    *request.method_mut() = Method::PUT;
    send(service, request).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_user_changes_is_out_of_date_for_anyone() {
    let user = || asking(get("/"), Partition::named("ann"));
    for who in [user, || get("/"), || stranger("/")] {
        let (service, _) = over(&private(), [fresh("old"), Step::ok(), fresh("new")]);
        assert_eq!(send(&service, stranger("/")).await.body, "old");
        change(&service, who()).await;
        assert_eq!(send(&service, stranger("/")).await.body, "new");
    }
    let (service, _) = over(&private(), [fresh("anns"), Step::ok()]);
    assert_eq!(send(&service, user()).await.body, "anns");
    change(&service, stranger("/")).await;
    assert_eq!(
        send(&service, user()).await.body,
        "anns",
        "a stranger changes nobody's own"
    );
}

#[tokio::test(start_paused = true)]
async fn a_handle_finds_what_is_theirs() {
    let layer = private();
    let (service, _) = over(&layer, [fresh("anyone"), fresh("again")]);
    send(&service, stranger("/")).await;
    let handle = layer.handle();
    let key = handle.key(&stranger("/"));
    assert_ne!(key, handle.key(&get("/")));
    assert_eq!(handle.get(&key).await.unwrap().body(), "anyone");
    assert_eq!(handle.invalidate(&key).await, 1);
    assert_eq!(send(&service, stranger("/")).await.body, "again");
}

#[tokio::test(start_paused = true)]
async fn a_validation_for_one_stranger_gives_no_session_to_the_next() {
    let first = saying("public, max-age=1", "page").header("etag", "\"a\"");
    for control in [None, Some("max-age=600")] {
        let mut same = Step::status(304).header("etag", "\"a\"");
        same = same.header("set-cookie", "session=ann");
        if let Some(control) = control {
            same = same.header("cache-control", control);
        }
        let first = first.clone().header("set-cookie", "seen=1");
        let (service, _) = over(&private(), [first, same]);
        send(&service, stranger("/")).await;
        pass(seconds(5)).await;
        send(&service, stranger("/")).await;
        let next = send(&service, stranger("/")).await;
        assert_eq!(next.body, "page");
        let cookie = next.header("set-cookie");
        assert!(
            cookie.is_none_or(|cookie| cookie == "seen=1"),
            "{control:?} {cookie:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_shared_and_a_private_cache_over_one_store_take_nothing_from_each_other() {
    let store = buttress_cache::store::Memory::of(1 << 20);
    let layers = [shared().store(store.clone()), private().store(store)];
    for (layer, body) in layers.iter().zip(["shared", "private"]) {
        let (service, _) = over(layer, [fresh(body)]);
        for _ in 0..2 {
            assert_eq!(send(&service, stranger("/")).await.body, body);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_stored_for_strangers_is_looked_for_by_this_program() {
    let steps = |n| saying("max-age=600", n).header("set-cookie", "session=1");
    let (service, server) = over(&private(), ["1", "2", "3"].map(steps));
    for body in ["1", "2"] {
        assert_eq!(send(&service, stranger("/")).await.body, body);
    }
    for _ in 0..3 {
        assert_eq!(send(&service, get("/")).await.body, "3");
    }
    assert_eq!(server.calls().len(), 3);
}
