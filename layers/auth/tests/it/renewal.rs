use std::time::SystemTime;

use buttress_auth::{Token, Tokens, Unauthenticated};
use buttress_testkit::{ManualWallClock, Scripted, Step};
use tokio::time::{self, Instant};
use tower::Layer;

use crate::support::*;

const HOUR: u64 = 3_600;

#[tokio::test(start_paused = true)]
async fn ic11_a_token_of_an_async_source_is_on_every_request() {
    let issuer = Issuer::new([Fetch::Token(secs(HOUR)).after(ms(30))]);
    let api = Api::accepting(1);
    let service = over(&usual(&issuer), &api);
    for _ in 0..3 {
        assert_eq!(status(&service).await, 200);
    }
    assert_eq!(api.carried(), [1, 1, 1]);
    assert!(api.server.calls()[0].headers["authorization"].is_sensitive());
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn ic12_callers_without_a_token_share_one_fetch() {
    let issuer = Issuer::new([Fetch::Fail.after(ms(30)), Fetch::Endless.after(ms(30))]);
    let api = Api::accepting(1);
    let service = over(&usual(&issuer), &api);
    // The slot is free again whether the fetch fails or succeeds.
    for (fetches, ok) in [(1, false), (2, true)] {
        let calls: Vec<_> = (0..100).map(|_| spawn(&service)).collect();
        for call in calls {
            assert_eq!(call.await.unwrap().is_ok(), ok);
        }
        assert_eq!(issuer.fetches(), fetches);
        time::advance(secs(60)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn services_of_one_layer_and_layers_of_the_same_tokens_share_them() {
    let issuer = Issuer::new([Fetch::Endless]);
    let tokens = usual(&issuer);
    let api = Api::accepting(1);
    let layer = layer(tokens.clone());
    for service in [
        layer.layer(api.server.clone()),
        layer.clone().layer(api.server.clone()),
        over(&tokens, &api),
    ] {
        assert_eq!(status(&service).await, 200);
    }
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_next_token_is_fetched_in_the_background_ahead_of_the_end() {
    let issuer = Issuer::new([Fetch::Token(secs(100)).after(secs(1))]);
    let api = Api::accepting(1);
    let service = over(&usual(&issuer), &api);
    let start = Instant::now();
    assert_eq!(status(&service).await, 200);
    // Counted from when it was asked for: 80 s of 100.
    time::sleep_until(start + ms(79_999)).await;
    status(&service).await;
    settle().await;
    assert_eq!(issuer.fetches(), 1);

    time::sleep_until(start + secs(80)).await;
    let before = Instant::now();
    status(&service).await;
    status(&service).await;
    assert_eq!(before.elapsed(), secs(0), "nobody waits");
    time::sleep(secs(1)).await;
    settle().await;
    status(&service).await;
    assert_eq!(issuer.fetches(), 2);
    assert_eq!(api.carried(), [1, 1, 1, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn in_the_last_seconds_requests_wait_for_the_next_token() {
    let issuer = Issuer::new([Fetch::Token(secs(200)).after(secs(1))]);
    let api = Api::accepting(1);
    let service = over(&usual(&issuer), &api);
    let start = Instant::now();
    status(&service).await;
    time::sleep_until(start + secs(190)).await;
    status(&service).await;
    assert_eq!(start.elapsed(), secs(191));
    assert_eq!(api.carried(), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn how_far_ahead_and_how_late_are_settings() {
    let issuer = Issuer::new([Fetch::Token(secs(100)).after(secs(1))]);
    let tokens = tokens(&issuer).ahead(50, secs(30)).skew(secs(5));
    let api = Api::accepting(1);
    let service = over(&tokens.build().unwrap(), &api);
    let start = Instant::now();
    status(&service).await;
    time::sleep_until(start + ms(69_999)).await;
    status(&service).await;
    settle().await;
    assert_eq!(issuer.fetches(), 1);
    time::sleep_until(start + secs(70)).await;
    status(&service).await;
    settle().await;
    assert_eq!(issuer.fetches(), 2);

    let issuer = Issuer::new([
        Fetch::Token(secs(100)),
        Fetch::Token(secs(100)).after(secs(1)),
    ]);
    let tokens = self::tokens(&issuer).ahead(0, secs(0)).skew(secs(5));
    let service = over(&tokens.build().unwrap(), &api);
    let start = Instant::now();
    status(&service).await;
    time::sleep_until(start + ms(94_999)).await;
    status(&service).await;
    assert_eq!(start.elapsed(), ms(94_999));
    time::sleep_until(start + secs(95)).await;
    status(&service).await;
    assert_eq!(start.elapsed(), secs(96));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_at_once_serves_those_who_waited_for_it() {
    let issuer = Issuer::new([Fetch::Token(secs(0)).after(ms(10))]);
    let api = Api::accepting(1);
    let service = over(&usual(&issuer), &api);
    let together = [spawn(&service), spawn(&service)];
    for call in together {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(issuer.fetches(), 1);
}

/// How many fetches a minute of requests causes, a hundred a second, with tokens that end so soon.
async fn fetches_in_a_minute(issuer: &Issuer, tokens: &Tokens) -> u32 {
    let service = over(tokens, &Api::accepting(1));
    for _ in 0..6_000 {
        assert!(send(&service, get()).await.is_ok());
        time::advance(ms(10)).await;
    }
    issuer.fetches()
}

#[tokio::test(start_paused = true)]
async fn tokens_that_are_over_when_they_come_are_not_fetched_for_each_request() {
    for life in [secs(0), ms(1), ms(999)] {
        let issuer = Issuer::new([Fetch::Token(life)]);
        let fetches = fetches_in_a_minute(&issuer, &usual(&issuer)).await;
        assert!((5..=12).contains(&fetches), "{life:?}: {fetches}");
    }
    // Nor are those that bear a date in the past; their issuer's clock may be slow.
    let clock = ManualWallClock::ticking(SystemTime::UNIX_EPOCH + secs(HOUR));
    let issuer = Issuer::new([Fetch::Endless]);
    let counted = issuer.clone();
    let source = move || {
        let issuer = counted.clone();
        async move {
            let token = buttress_auth::TokenSource::fetch(&issuer, None).await;
            Ok::<_, buttress_auth::FetchError>(token?.expires_at(SystemTime::UNIX_EPOCH))
        }
    };
    let tokens = Tokens::builder(source).wall_clock(clock).build().unwrap();
    let fetches = fetches_in_a_minute(&issuer, &tokens).await;
    assert!((5..=12).contains(&fetches), "{fetches}");
}

#[tokio::test(start_paused = true)]
async fn a_short_time_to_live_is_kept_to() {
    let issuer = Issuer::new([Fetch::Token(secs(0))]);
    let tokens = tokens(&issuer).ttl(ms(20)).build().unwrap();
    let service = over(&tokens, &Api::accepting(1));
    for fetches in 1..=100 {
        assert!(send(&service, get()).await.is_ok());
        assert_eq!(issuer.fetches(), fetches);
        time::advance(ms(20)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_enormous_life_is_one_without_an_end() {
    let issuer = Issuer::new([Fetch::Token(std::time::Duration::MAX)]);
    let tokens = usual(&issuer);
    let service = over(&tokens, &Api::accepting(1));
    assert_eq!(status(&service).await, 200);
    assert_eq!(tokens.handle().status().ends_at(), None);
    assert!(tokens.handle().status().has_token());
}

#[tokio::test(start_paused = true)]
async fn a_date_is_read_by_the_calendar() {
    let epoch = SystemTime::UNIX_EPOCH;
    let clock = ManualWallClock::ticking(epoch + secs(1_000));
    let give = move |date| move || async move { Token::new("t").map(|t| t.expires_at(date)) };
    let ends_in = async |date| {
        let tokens = Tokens::builder(give(date)).wall_clock(clock.clone());
        let tokens = tokens.build().unwrap();
        tokens.handle().refresh().await.unwrap();
        let end = tokens.handle().status().ends_at().unwrap();
        end.saturating_duration_since(Instant::now().into_std())
    };
    assert_eq!(ends_in(epoch + secs(1_060)).await, secs(60));
    let past = ends_in(epoch).await;
    assert!(ms(250) <= past && past <= ms(500), "{past:?}");
}

#[tokio::test(start_paused = true)]
async fn ic15_a_time_to_live_is_for_tokens_that_do_not_tell() {
    let issuer = Issuer::new([Fetch::Endless]);
    let tokens = tokens(&issuer).ttl(secs(60)).build().unwrap();
    let service = over(&tokens, &Api::accepting(1));
    let start = Instant::now();
    status(&service).await;
    time::sleep_until(start + ms(47_999)).await;
    status(&service).await;
    settle().await;
    assert_eq!(issuer.fetches(), 1);
    time::sleep_until(start + secs(60)).await;
    status(&service).await;
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn ic15_once_is_once() {
    let issuer = Issuer::new([Fetch::Token(secs(60))]);
    let tokens = tokens(&issuer).once().build().unwrap();
    let service = over(&tokens, &Api::accepting(1));
    for _ in 0..3 {
        assert_eq!(status(&service).await, 200);
        time::advance(secs(HOUR)).await;
    }
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn ic15_sp17_each_request_can_ask_for_itself() {
    let issuer = Issuer::new([Fetch::Token(secs(HOUR)).after(ms(10))]);
    let tokens = tokens(&issuer).each_request().build().unwrap();
    let api = Api::accepting(1);
    let service = over(&tokens, &api);
    let together = [spawn(&service), spawn(&service)];
    for call in together {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
    status(&service).await;
    assert_eq!(issuer.fetches(), 3);
    let mut carried = api.carried();
    carried.sort_unstable();
    assert_eq!(carried, [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_handle_has_no_say_where_each_request_asks_for_itself() {
    let issuer = Issuer::new([Fetch::Token(secs(HOUR))]);
    let tokens = tokens(&issuer).each_request().build().unwrap();
    tokens.handle().refresh().await.unwrap();
    tokens
        .handle()
        .set(Token::new("of-a-handle").unwrap())
        .unwrap();
    let api = Api::accepting(1);
    assert_eq!(status(&over(&tokens, &api)).await, 200);
    assert_eq!((api.carried(), issuer.fetches()), (vec![2], 2));
}

#[tokio::test(start_paused = true)]
async fn who_waits_near_the_end_goes_in_time_with_what_there_is() {
    let hanging = Fetch::Hang;
    let issuer = Issuer::new([Fetch::Token(secs(100)), hanging]);
    let tokens = tokens(&issuer).ahead(0, secs(0)).build().unwrap();
    let api = Api::accepting(1);
    let service = over(&tokens, &api);
    status(&service).await;
    let start = Instant::now();
    tokio::time::advance(secs(95)).await;
    assert_eq!(status(&service).await, 200);
    assert_eq!(start.elapsed(), secs(99), "one second is left for the way");
    assert_eq!(api.carried(), [1, 1]);
}

/// A source whose fetches hang, each in the runtime of the thread that began it.
#[test]
fn nobody_waits_for_a_fetch_whose_runtime_stands_still() {
    let issuer = Issuer::new([Fetch::Hang, Fetch::Endless]);
    let tokens = tokens(&issuer).fetch_timeout(secs(3)).build().unwrap();
    let api = Api::accepting(2);
    let paused = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().start_paused(true).build().unwrap()
    };
    let forsaken = paused();
    forsaken.block_on(async {
        let call = spawn(&over(&tokens, &api));
        settle().await;
        call.abort();
    });
    assert_eq!(issuer.fetches(), 1);
    let driven = paused();
    driven.block_on(async {
        let service = over(&tokens, &api);
        let start = Instant::now();
        let error = send(&service, get()).await.unwrap_err();
        let error = error.downcast_ref::<Unauthenticated>().unwrap();
        assert_eq!(error.reason().as_str(), "too-slow");
        assert_eq!(start.elapsed(), secs(4));
        tokio::time::advance(secs(60)).await;
        assert_eq!(status(&service).await, 200);
    });
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn sp17_a_callback_may_answer_with_any_headers() {
    use buttress_auth::Credential;
    let headers = || async {
        let id = Credential::api_key("x-identity", "ada")?;
        Ok::<_, buttress_auth::InvalidCredential>(id.and(Credential::api_key("x-team", "7")?))
    };
    let server = Scripted::new([Step::ok()]);
    let tokens = Tokens::builder(headers).each_request().build().unwrap();
    let service = layer(tokens).layer(server.clone());
    send(&service, get()).await.unwrap();
    let calls = server.calls();
    assert_eq!(calls[0].header("x-identity"), Some("ada"));
    assert_eq!(calls[0].header("x-team"), Some("7"));
    assert_eq!(calls[0].header("authorization"), None);
}

#[tokio::test(start_paused = true)]
async fn a_token_can_have_another_scheme_or_another_place_and_company() {
    use buttress_auth::Credential;
    let server = Scripted::new([Step::ok()]);
    let dpop = Tokens::new(|| async { Token::new("abc")?.scheme("DPoP") });
    let key = Credential::api_key("x-api-key", "k").unwrap();
    let service = layer(dpop.and(key)).layer(server.clone());
    send(&service, get()).await.unwrap();

    let cookie = || async {
        Ok::<_, buttress_auth::InvalidCredential>(
            Token::new("abc")?.sent_as(Credential::cookie("session", "abc")?),
        )
    };
    let service = layer(Tokens::new(cookie)).layer(server.clone());
    send(&service, get()).await.unwrap();

    let calls = server.calls();
    assert_eq!(calls[0].header("authorization"), Some("DPoP abc"));
    assert_eq!(calls[0].header("x-api-key"), Some("k"));
    assert_eq!(calls[1].header("cookie"), Some("session=abc"));
    assert_eq!(calls[1].header("authorization"), None);
}

#[tokio::test(start_paused = true)]
async fn a_request_with_its_own_authorization_waits_for_no_token() {
    use buttress_auth::Credential;
    let issuer = Issuer::new([Fetch::Endless]);
    let api = Api::accepting(0);
    let key = Credential::api_key("x-api-key", "k").unwrap();
    let service = layer(usual(&issuer).and(key)).layer(api.server.clone());
    let own = || {
        let request = request().header("authorization", "Digest own");
        request.body(buttress_kernel::Body::empty()).unwrap()
    };
    for fetched in [0, 1] {
        send(&service, own()).await.unwrap();
        assert_eq!(issuer.fetches(), fetched);
        let call = api.server.calls().pop().unwrap();
        assert_eq!(call.header("authorization"), Some("Digest own"));
        assert_eq!(
            call.header("x-api-key"),
            Some("k"),
            "what is not in the way is added"
        );
        status(&service).await;
    }
}
