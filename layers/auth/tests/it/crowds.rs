use buttress_auth::Tokens;

use crate::support::*;

const CROWD: usize = 1_000;

/// How a crowd fares whose token the API has come to reject: successes, failures, and calls for
/// each token.
async fn fare(second: Fetch) -> (usize, usize, Vec<(u32, usize)>, u32) {
    let issuer = Issuer::new([Fetch::Token(secs(3_600)), second]);
    let api = Api::slow(1, ms(20));
    let service = over(&usual(&issuer), &api);
    assert_eq!(status(&service).await, 200);
    api.accept_from(2);
    let calls: Vec<_> = (0..CROWD).map(|_| spawn(&service)).collect();
    let (mut ok, mut failed) = (0, 0);
    for call in calls {
        match call.await.unwrap() {
            Ok(response) if response.status() == 200 => ok += 1,
            Ok(response) => panic!("{}", response.status()),
            Err(error) => {
                unauthenticated(&error);
                failed += 1;
            }
        }
    }
    let carried = api.carried();
    let of = |token| carried[1..].iter().filter(|one| **one == token).count();
    (ok, failed, vec![(1, of(1)), (2, of(2))], issuer.fetches())
}

#[tokio::test(start_paused = true)]
async fn w28_a_thousand_rejections_with_a_healthy_source() {
    let end = fare(Fetch::Endless.after(ms(5))).await;
    assert_eq!(end, (CROWD, 0, vec![(1, CROWD), (2, CROWD)], 2));
}

#[tokio::test(start_paused = true)]
async fn w28_a_thousand_rejections_with_a_slow_source() {
    let end = fare(Fetch::Endless.after(secs(25))).await;
    assert_eq!(end, (CROWD, 0, vec![(1, CROWD), (2, CROWD)], 2));
}

#[tokio::test(start_paused = true)]
async fn w28_a_thousand_rejections_with_a_failing_source() {
    let end = fare(Fetch::Fail.after(ms(5))).await;
    assert_eq!(end, (0, CROWD, vec![(1, CROWD), (2, 0)], 2));
}

async fn expired(second: Fetch) -> (usize, u32) {
    let issuer = Issuer::new([Fetch::Token(secs(60)), second]);
    let tokens: Tokens = usual(&issuer);
    let api = Api::slow(1, ms(20));
    let service = over(&tokens, &api);
    assert_eq!(status(&service).await, 200);
    tokio::time::advance(secs(60)).await;
    let calls: Vec<_> = (0..CROWD).map(|_| spawn(&service)).collect();
    let mut ok = 0;
    for call in calls {
        ok += usize::from(call.await.unwrap().is_ok());
    }
    assert!(api.carried()[1..].iter().all(|token| *token == 2));
    (ok, issuer.fetches())
}

#[tokio::test(start_paused = true)]
async fn a_thousand_requests_on_an_expired_token_cause_one_fetch() {
    assert_eq!(expired(Fetch::Endless.after(ms(5))).await, (CROWD, 2));
    assert_eq!(expired(Fetch::Endless.after(secs(25))).await, (CROWD, 2));
    assert_eq!(expired(Fetch::Fail.after(ms(5))).await, (0, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_requests_on_four_threads_cause_one_fetch_for_each_token() {
    let issuer = Issuer::new([Fetch::Token(secs(3_600))]);
    let api = Api::accepting(1);
    // Five in a row are more than a server ends on good grounds, so there is a pause to turn off.
    let tokens = tokens(&issuer).backoff(ms(0), ms(0)).build().unwrap();
    let service = over(&tokens, &api);
    for least in 1..=5 {
        api.accept_from(least);
        let calls: Vec<_> = (0..CROWD).map(|_| spawn(&service)).collect();
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap().status(), 200);
        }
        assert_eq!(issuer.fetches(), least);
    }
}
