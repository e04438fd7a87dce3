use std::io;

use buttress_auth::{Reason, Token, Tokens};
use buttress_kernel::{Failure, Kind, Sent};
use tokio::time::{self, Instant};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn a_failure_reaches_all_who_wait_with_its_cause() {
    let source = || async {
        time::sleep(ms(10)).await;
        Err::<Token, _>(io::Error::from(io::ErrorKind::ConnectionRefused))
    };
    let api = Api::accepting(0);
    let service = over(&Tokens::new(source), &api);
    let calls: Vec<_> = (0..10).map(|_| spawn(&service)).collect();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        let failure = Failure::of(&*error);
        assert_eq!(failure.kind(), Kind::Unauthenticated);
        assert_eq!((failure.sent(), failure.attempts()), (Sent::No, 1));
        let cause: &io::Error = failure.find().unwrap();
        assert_eq!(cause.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(unauthenticated(&error).reason(), Reason::Failed);
        assert!(!unauthenticated(&error).is_terminal());
        assert_eq!(
            error.to_string(),
            "no token could be had: its source failed"
        );
    }
    assert!(api.server.calls().is_empty());
}

/// The reason of a request that fails.
async fn reason(service: &buttress_auth::Auth<buttress_testkit::Scripted>) -> Reason {
    unauthenticated(&send(service, get()).await.unwrap_err()).reason()
}

#[tokio::test(start_paused = true)]
async fn trap17_no_error_is_kept_for_ever() {
    let issuer = Issuer::new([Fetch::Fail, Fetch::Fail, Fetch::Endless]);
    let service = over(&usual(&issuer), &Api::accepting(1));
    assert_eq!(reason(&service).await, Reason::Failed);
    let error = send(&service, get()).await.unwrap_err();
    let retry_at = Failure::of(&*error).retry_at().unwrap();
    let rest = retry_at - Instant::now().into_std();
    assert!((ms(250)..=ms(500)).contains(&rest), "{rest:?}");
    assert_eq!(issuer.fetches(), 1, "the source is left alone");

    time::sleep_until(retry_at.into()).await;
    assert_eq!(reason(&service).await, Reason::Failed);
    time::sleep(secs(1)).await;
    assert_eq!(status(&service).await, 200);
    assert_eq!(issuer.fetches(), 3);
}

#[tokio::test(start_paused = true)]
async fn trap17_a_source_that_hangs_is_given_up_in_its_own_time() {
    let issuer = Issuer::new([Fetch::Hang, Fetch::Endless]);
    let tokens = tokens(&issuer).fetch_timeout(secs(5)).build().unwrap();
    let service = over(&tokens, &Api::accepting(1));
    let start = Instant::now();
    assert_eq!(reason(&service).await, Reason::TooSlow);
    assert_eq!(start.elapsed(), secs(5));
    time::sleep(secs(1)).await;
    assert_eq!(status(&service).await, 200);
}

#[tokio::test(start_paused = true)]
async fn thirty_seconds_are_the_usual_limit() {
    let service = over(&usual(&Issuer::new([Fetch::Hang])), &Api::accepting(1));
    let start = Instant::now();
    assert_eq!(reason(&service).await, Reason::TooSlow);
    assert_eq!(start.elapsed(), secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_harms_nobody() {
    let issuer = Issuer::new([Fetch::Panic.after(ms(10)), Fetch::Endless]);
    let service = over(&usual(&issuer), &Api::accepting(1));
    let together = [spawn(&service), spawn(&service)];
    for call in together {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(unauthenticated(&error).reason(), Reason::Panicked);
    }
    time::sleep(secs(1)).await;
    assert_eq!(status(&service).await, 200);
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_panics_for_one_request_harms_no_other() {
    let issuer = Issuer::new([Fetch::Panic, Fetch::Fail, Fetch::Endless]);
    let tokens = tokens(&issuer).each_request().build().unwrap();
    let service = over(&tokens, &Api::accepting(1));
    assert_eq!(reason(&service).await, Reason::Panicked);
    assert_eq!(reason(&service).await, Reason::Failed);
    assert_eq!(status(&service).await, 200);
}

#[test]
fn without_a_runtime_a_fetch_fails_and_does_not_panic() {
    let service = over(&usual(&Issuer::new([Fetch::Endless])), &Api::accepting(1));
    let mut call = tokio_test::task::spawn(send(&service, get()));
    let error = tokio_test::assert_ready_err!(call.poll());
    assert_eq!(unauthenticated(&error).reason(), Reason::NoRuntime);
}

#[test]
fn a_fetch_that_ends_with_its_runtime_is_told_to_those_who_wait() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let service = over(&usual(&Issuer::new([Fetch::Hang])), &Api::accepting(1));
    let first = runtime();
    let mut call = tokio_test::task::spawn(send(&service, get()));
    {
        let _guard = first.enter();
        tokio_test::assert_pending!(call.poll());
    }
    drop(first);
    let error = tokio_test::assert_ready_err!(call.poll());
    assert_eq!(unauthenticated(&error).reason(), Reason::NoRuntime);
}

#[tokio::test(start_paused = true)]
async fn a_failed_renewal_is_no_outage_while_the_token_lives() {
    let issuer = Issuer::new([Fetch::Token(secs(100)), Fetch::Fail]);
    let api = Api::accepting(1);
    let service = over(&usual(&issuer), &api);
    let start = Instant::now();
    while start.elapsed() < secs(100) {
        assert_eq!(status(&service).await, 200, "after {:?}", start.elapsed());
        settle().await;
        time::advance(ms(100)).await;
    }
    // 20 s of failures with pauses of 0.25–0.5, 0.5–1, 1–2, 2–4, 4–8 and 8–16 s.
    assert!((5..=8).contains(&issuer.fetches()), "{}", issuer.fetches());
    assert!(api.carried().iter().all(|token| *token == 1));
    assert!(
        send(&service, get()).await.is_err(),
        "what has ended is not sent"
    );
}

#[tokio::test(start_paused = true)]
async fn pauses_between_failures_spread() {
    let rests: Vec<_> = futures(20).await;
    let distinct: std::collections::HashSet<_> = rests.iter().collect();
    assert!(distinct.len() > 15, "{rests:?}");
}

/// The pause after the first failure, with so many seeds.
async fn futures(seeds: u64) -> Vec<std::time::Duration> {
    let mut rests = Vec::new();
    for seed in 0..seeds {
        let tokens = tokens(&Issuer::new([Fetch::Fail]))
            .seed(seed)
            .build()
            .unwrap();
        tokens.handle().refresh().await.unwrap_err();
        let until = tokens.handle().status().rests_until().unwrap();
        rests.push(until - Instant::now().into_std());
    }
    rests
}

#[tokio::test(start_paused = true)]
async fn a_pause_can_be_set_and_a_server_can_lengthen_it() {
    for (fetch, least, most) in [
        (Fetch::Fail, ms(1_000), ms(2_000)),
        (Fetch::FailFor(secs(60)), secs(60), secs(60)),
        (Fetch::FailFor(secs(9_999)), secs(300), secs(300)),
    ] {
        let tokens = tokens(&Issuer::new([fetch])).backoff(secs(2), secs(8));
        let tokens = tokens.build().unwrap();
        tokens.handle().refresh().await.unwrap_err();
        let until = tokens.handle().status().rests_until().unwrap();
        let rest = until - Instant::now().into_std();
        assert!((least..=most).contains(&rest), "{rest:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn ap27_the_end_of_a_session_is_terminal_and_forgets_it() {
    let issuer = Issuer::new([Fetch::Token(secs(10)), Fetch::End, Fetch::Endless]);
    let service = over(&usual(&issuer), &Api::accepting(1));
    assert_eq!(status(&service).await, 200);
    time::sleep(secs(10)).await;
    let together: Vec<_> = (0..10).map(|_| spawn(&service)).collect();
    for call in together {
        let error = call.await.unwrap().unwrap_err();
        assert!(unauthenticated(&error).is_terminal());
        assert!(error.to_string().contains("sign in again"), "{error}");
    }
    // Not asked again for the longest pause, and then from the beginning.
    time::sleep(secs(14)).await;
    assert!(unauthenticated(&send(&service, get()).await.unwrap_err()).is_terminal());
    assert_eq!(issuer.fetches(), 2);
    time::sleep(secs(16)).await;
    assert_eq!(status(&service).await, 200);
    let refresh = Some("secret-refresh-1".to_owned());
    assert_eq!(issuer.previous(), [None, refresh, None]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_has_ended_heals_at_once_when_somebody_signs_in() {
    let issuer = Issuer::new([Fetch::End, Fetch::Endless]);
    let tokens = usual(&issuer);
    let service = over(&tokens, &Api::accepting(0));
    assert!(send(&service, get()).await.is_err());
    tokens
        .handle()
        .set(Token::new("secret-token-9").unwrap())
        .unwrap();
    assert_eq!(status(&service).await, 200);
}

#[test]
fn contradictory_settings_are_refused_with_the_rule() {
    let refused = |builder: buttress_auth::Builder, rule: &str| {
        let error = builder.build().expect_err(rule);
        assert!(error.to_string().contains(rule), "{error}");
    };
    let tokens = || tokens(&Issuer::new([Fetch::Fail]));
    refused(tokens().ahead(101, secs(1)), "at most 100 percent");
    refused(tokens().backoff(secs(2), secs(1)), "below its base");
    refused(tokens().fetch_timeout(secs(0)), "limit is 0");
    refused(tokens().ttl(secs(0)), "each_request");
    assert!(
        tokens()
            .ahead(100, secs(1))
            .backoff(secs(1), secs(1))
            .build()
            .is_ok()
    );
}
