//! Those who wait for somebody who fails, or stalls.

use buttress_cache::Override;
use buttress_kernel::{Deadline, Facts, Kind};
use buttress_testkit::{Step, channel};
use http::StatusCode;
use tokio::time::{Instant, timeout};

use crate::coalescing::{CROWD, SLOW, crowd};
use crate::support::*;

#[tokio::test(start_paused = true)]
async fn a_failure_does_not_send_each_of_those_who_come_later_by_itself() {
    for status in [400, 401, 408, 429, 500, 503] {
        let steps = [Step::status(status), fresh("one").after(SLOW)];
        let (service, server) = over(&private(), steps);
        assert_eq!(send(&service, get("/")).await.status.as_u16(), status);
        pass(seconds(5)).await;
        crowd(&service, |_| get("/")).join_all().await;
        assert_eq!(server.calls().len(), 2, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_those_who_wait_for_a_response_that_is_a_failure_one_takes_the_lead() {
    for status in [400, 503] {
        let steps = [Step::status(status).after(SLOW), fresh("one").after(SLOW)];
        let (service, server) = over(&private(), steps);
        let all = crowd(&service, |_| get("/")).join_all().await;
        let answered = all.iter().filter(|read| read.body == "one").count();
        assert_eq!((answered, server.calls().len()), (CROWD - 1, 2), "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_have_waited_for_two_failures_wait_no_longer() {
    let (service, server) = over(&private(), [Step::status(503).after(SLOW)]);
    let start = Instant::now();
    let all = crowd(&service, |_| get("/")).join_all().await;
    let failed = |read: &Read| read.status == StatusCode::SERVICE_UNAVAILABLE;
    assert!(all.iter().all(failed));
    assert_eq!((server.calls().len(), start.elapsed()), (CROWD, SLOW * 3));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_may_be_stored_is_one_fetch_for_all() {
    let told = Step::status(503).after(SLOW);
    let says = Step::status(503)
        .header("cache-control", "max-age=1")
        .after(SLOW);
    let wishes = Override::new().negative_for(seconds(1));
    for (layer, step) in [(private().defaults(wishes), told), (private(), says)] {
        let (service, server) = over(&layer, [step]);
        let start = Instant::now();
        let all = crowd(&service, |_| get("/")).join_all().await;
        let failed = |read: &Read| read.status == StatusCode::SERVICE_UNAVAILABLE;
        assert!(all.iter().all(failed));
        assert_eq!((server.calls().len(), start.elapsed()), (1, SLOW));
    }
}

/// What a time limit of ours ends with.
pub(crate) fn timed_out() -> Step {
    #[derive(Debug)]
    struct Late(Facts);
    impl std::fmt::Display for Late {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("late")
        }
    }
    impl std::error::Error for Late {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    Step::error(|| Late(Facts::new(Kind::Timeout))).after(SLOW)
}

/// Stands for what another layer is told by one request alone.
#[derive(Clone)]
struct Limit;

#[tokio::test(start_paused = true)]
async fn what_comes_of_a_limit_that_the_leader_has_set_itself_is_not_shared() {
    let (service, server) = over(&private(), [timed_out(), fresh("one").after(SLOW)]);
    let (one, two, three) = tokio::join!(
        head(&service, asking(get("/"), Limit)),
        head(&service, get("/")),
        head(&service, get("/")),
    );
    assert!(one.is_err());
    for other in [two, three] {
        assert_eq!(read(other.unwrap()).await.unwrap().body, "one");
    }
    assert_eq!(server.calls().len(), 2, "one of them took the lead");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_shared_by_those_who_have_asked_for_as_much() {
    let (service, server) = over(&private(), [timed_out(), fresh("one")]);
    let request = || asking(get("/"), Limit);
    let (one, two) = tokio::join!(head(&service, request()), head(&service, request()));
    assert!(one.is_err() && two.is_err());
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_slow_is_slow_for_all_though_each_has_a_deadline() {
    let (service, server) = over(&private(), [timed_out(), fresh("one")]);
    let deadline = Deadline::at(Instant::now().into_std() + SLOW * 10);
    let request = || asking(get("/"), deadline);
    let (one, two) = tokio::join!(head(&service, request()), head(&service, request()));
    assert!(one.is_err() && two.is_err());
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_to_a_body_that_has_stalled_fetches_anew() {
    let (sender, body) = channel();
    let stalls = Step::ok().header("cache-control", "max-age=86400");
    let stalls = stalls.header("content-length", "6").body(body);
    let (service, server) = over(&private(), [stalls, fresh("whole!").after(SLOW)]);
    let patient = |limit| {
        let service = service.clone();
        tokio::spawn(timeout(
            limit,
            async move { send(&service, get("/")).await },
        ))
    };
    let first = patient(seconds(60));
    sender.data("who");
    pass(seconds(4)).await;
    let joined = patient(seconds(30));
    pass(seconds(1)).await;
    let all = crowd(&service, |_| get("/")).join_all().await;
    assert!(all.iter().all(|read| read.body == "whole!"));
    assert_eq!(server.calls().len(), 2, "and shares it with others");
    for stalled in [first, joined] {
        assert!(stalled.await.unwrap().is_err());
    }
    assert_eq!(send(&service, get("/")).await.body, "whole!");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_slowly_is_joined_like_any_other() {
    let (sender, body) = channel();
    let step = Step::ok().header("cache-control", "max-age=60").body(body);
    let (service, server) = over(&private(), [step]);
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let service = service.clone();
        readers.spawn(async move { send(&service, get("/")).await });
        pass(seconds(4)).await;
        sender.data("x");
        pass(seconds(1)).await;
    }
    drop(sender);
    assert!(
        readers
            .join_all()
            .await
            .iter()
            .all(|read| read.body == "xxxxx")
    );
    assert_eq!(server.calls().len(), 1);
}
