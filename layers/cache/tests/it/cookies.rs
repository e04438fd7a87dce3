//! Cookies are for one user, and a shared cache is for many (RFC 9111 §7.3).

use std::time::Duration;

use buttress_cache::{CacheLayer, Override};
use buttress_testkit::Step;
use http::Method;

use crate::support::*;

fn cookie(step: Step, value: &str) -> Step {
    step.header("set-cookie", value)
}

fn cookies(read: &Read) -> Vec<&str> {
    let all = read.headers.get_all("set-cookie").into_iter();
    all.map(|value| value.to_str().unwrap()).collect()
}

fn stale() -> Step {
    Step::ok()
        .header("cache-control", "max-age=1")
        .header("etag", "\"a\"")
        .body("one")
}

fn same() -> Step {
    Step::status(304)
        .header("cache-control", "max-age=60")
        .header("etag", "\"a\"")
}

#[tokio::test(start_paused = true)]
async fn the_cookies_of_a_304_are_for_the_caller_who_made_the_shared_cache_ask() {
    let validation = cookie(cookie(same(), "user=ann"), "more=1");
    let (service, server) = over(&shared(), [stale(), validation]);
    assert!(cookies(&send(&service, get("/")).await).is_empty());
    pass(seconds(5)).await;
    assert_eq!(
        cookies(&send(&service, get("/")).await),
        ["user=ann", "more=1"]
    );
    assert!(cookies(&send(&service, get("/")).await).is_empty());
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_cookies_of_a_304_take_the_place_of_those_that_the_origin_gives_to_all() {
    let (service, _) = over(
        &shared(),
        [cookie(stale(), "kind=old"), cookie(same(), "kind=new")],
    );
    send(&service, get("/")).await;
    pass(seconds(5)).await;
    for _ in 0..2 {
        assert_eq!(cookies(&send(&service, get("/")).await), ["kind=new"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_cookies_of_a_304_that_is_for_nobody_else_are_not_stored_in_their_place() {
    let own = Step::status(304)
        .header("cache-control", "no-cache")
        .header("etag", "\"a\"");
    let later = Step::status(304).header("etag", "\"a\"");
    let (service, _) = over(
        &shared(),
        [cookie(stale(), "kind=all"), cookie(own, "user=ann"), later],
    );
    send(&service, get("/")).await;
    pass(seconds(5)).await;
    assert_eq!(cookies(&send(&service, get("/")).await), ["user=ann"]);
    assert!(cookies(&send(&service, get("/")).await).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_private_cache_keeps_the_cookies_of_its_user() {
    let (service, _) = over(&private(), [stale(), cookie(same(), "user=ann")]);
    send(&service, get("/")).await;
    pass(seconds(5)).await;
    for _ in 0..2 {
        assert_eq!(cookies(&send(&service, get("/")).await), ["user=ann"]);
    }
}

#[tokio::test(start_paused = true)]
async fn the_cookies_of_a_head_are_not_stored_by_a_shared_cache() {
    let first = fresh("one").header("etag", "\"a\"");
    let (service, server) = over(&shared(), [first, cookie(same(), "user=ann")]);
    send(&service, get("/")).await;
    let mut head = with(get("/"), "cache-control", "no-cache");
    *head.method_mut() = Method::HEAD;
    send(&service, head).await;
    assert!(cookies(&send(&service, get("/")).await).is_empty());
    assert_eq!(server.calls().len(), 2);
}

/// The cookies that the second caller is given, after a first one was given one.
async fn second(layer: &CacheLayer, step: Step, wishes: Option<Override>) -> Vec<String> {
    let steps = [cookie(step, "user=ann"), Step::status(304)];
    let (service, _) = over(layer, steps);
    let request = || match &wishes {
        Some(wishes) => asking(get("/"), wishes.clone()),
        None => get("/"),
    };
    assert_eq!(cookies(&send(&service, request()).await), ["user=ann"]);
    let read = send(&service, request()).await;
    assert_eq!(read.body, "one");
    cookies(&read).into_iter().map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn a_shared_cache_gives_a_cookie_to_all_only_where_the_origin_says_so() {
    let control = |value| Step::ok().header("cache-control", value).body("one");
    let tagged = |value| control(value).header("etag", "\"a\"");
    for step in [
        control("max-age=60"),
        control("s-maxage=60"),
        tagged("public"),
    ] {
        assert_eq!(second(&shared(), step, None).await, ["user=ann"]);
    }
    for step in [
        tagged("no-cache"),
        tagged("no-cache, max-age=60"),
        tagged("max-age=0"),
        tagged("must-revalidate"),
    ] {
        assert!(second(&shared(), step.clone(), None).await.is_empty());
        assert_eq!(second(&private(), step, None).await, ["user=ann"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lifetime_that_the_caller_wishes_gives_nobody_elses_cookie_away() {
    let wishes = Override::new().fresh_for(Duration::from_secs(60));
    let silent = Step::ok().body("one");
    let given = second(&shared(), silent.clone(), Some(wishes.clone())).await;
    assert!(given.is_empty());
    assert_eq!(second(&private(), silent, Some(wishes)).await, ["user=ann"]);
}

#[tokio::test(start_paused = true)]
async fn fields_of_a_304_that_are_not_for_reuse_are_given_to_the_one_who_asked() {
    for layer in [private(), shared()] {
        for control in ["no-cache=\"set-cookie, x\"", "private=\"set-cookie, x\""] {
            let say = |step: Step, number: &str| {
                step.header("cache-control", &format!("max-age=1, {control}"))
                    .header("etag", "\"a\"")
                    .header("set-cookie", number)
                    .header("x", number)
            };
            let steps = [say(Step::ok(), "1"), say(Step::status(304), "2")];
            let (service, server) = over(&layer, steps);
            layer.handle().clear().await;
            send(&service, get("/")).await;
            pass(seconds(5)).await;
            let read = send(&service, get("/")).await;
            assert_eq!(cookies(&read), ["2"], "{control}");
            assert_eq!(read.header("x"), Some("2"), "{control}");
            assert_eq!(server.calls().len(), 2);
        }
    }
}
