use buttress_auth::Token;
use tokio::time;

use crate::support::*;

fn number(number: u32) -> Token {
    Token::new(secret(number)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn ic15_invalidate_makes_the_next_request_fetch() {
    let issuer = Issuer::new([Fetch::Endless]);
    let tokens = usual(&issuer);
    let api = Api::accepting(1);
    let service = over(&tokens, &api);
    status(&service).await;
    tokens.handle().invalidate();
    assert!(!tokens.handle().status().has_token());
    assert_eq!(issuer.fetches(), 1, "not before it is needed");
    status(&service).await;
    assert_eq!(api.carried(), [1, 2]);
    let refresh = Some("secret-refresh-1".to_owned());
    assert_eq!(issuer.previous(), [None, refresh]);
}

#[tokio::test(start_paused = true)]
async fn invalidate_ends_the_pause_after_a_failure() {
    let issuer = Issuer::new([Fetch::Fail, Fetch::Endless]);
    let tokens = usual(&issuer);
    let service = over(&tokens, &Api::accepting(1));
    assert!(send(&service, get()).await.is_err());
    assert_eq!(tokens.handle().status().failures(), 1);
    tokens.handle().invalidate();
    assert_eq!(status(&service).await, 200);
    assert_eq!(tokens.handle().status().failures(), 0);
}

#[tokio::test(start_paused = true)]
async fn refresh_fetches_whatever_there_is_and_tells_how_it_went() {
    let issuer = Issuer::new([Fetch::Endless.after(ms(10)), Fetch::Endless, Fetch::Fail]);
    let tokens = usual(&issuer);
    let handle = tokens.handle();
    let (one, two) = tokio::join!(handle.refresh(), handle.refresh());
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(issuer.fetches(), 1, "together");
    handle.refresh().await.unwrap();
    assert_eq!(handle.status().generation(), 2);
    handle.refresh().await.unwrap_err();
    assert!(handle.status().has_token(), "a failure takes nothing away");
    handle.refresh().await.unwrap_err();
    assert_eq!(issuer.fetches(), 4, "a pause does not count");
}

#[tokio::test(start_paused = true)]
async fn ic15_jp07_set_puts_a_token_in_place() {
    let issuer = Issuer::new([Fetch::Endless]);
    let tokens = usual(&issuer);
    let api = Api::accepting(1);
    let service = over(&tokens, &api);
    tokens.handle().set(number(7).expires_in(secs(60))).unwrap();
    status(&service).await;
    assert_eq!((api.carried(), issuer.fetches()), (vec![7], 0));
    time::advance(secs(60)).await;
    status(&service).await;
    assert_eq!((api.carried(), issuer.fetches()), (vec![7, 1], 1));
}

#[tokio::test(start_paused = true)]
async fn set_supersedes_a_fetch_and_serves_those_who_wait_for_it() {
    let issuer = Issuer::new([Fetch::Endless.after(secs(5))]);
    let tokens = usual(&issuer);
    let api = Api::accepting(1);
    let service = over(&tokens, &api);
    let call = spawn(&service);
    let refresh = tokio::spawn({
        let handle = tokens.handle();
        async move { handle.refresh().await }
    });
    settle().await;
    tokens.handle().set(number(7)).unwrap();
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    refresh.await.unwrap().unwrap();
    // What the fetch brings is out of date.
    time::sleep(secs(6)).await;
    status(&service).await;
    assert_eq!(api.carried(), [7, 7]);
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn ic15_clear_forgets_the_session_and_a_fetch_under_way() {
    let issuer = Issuer::new([
        Fetch::Endless,
        Fetch::Endless.after(secs(5)),
        Fetch::Endless,
    ]);
    let tokens = usual(&issuer);
    let api = Api::accepting(1);
    let service = over(&tokens, &api);
    status(&service).await;
    tokens.handle().invalidate();
    let call = spawn(&service);
    settle().await;
    tokens.handle().clear();
    assert!(!tokens.handle().status().has_token());
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
    let refresh = Some("secret-refresh-1".to_owned());
    assert_eq!(issuer.previous(), [None, refresh, None]);
    time::sleep(secs(6)).await;
    status(&service).await;
    assert_eq!(
        api.carried(),
        [1, 3, 3],
        "what was fetched for the old session is not used"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_that_cannot_be_sent_is_not_set() {
    let tokens = usual(&Issuer::new([Fetch::Endless]));
    let handle = tokens.handle();
    handle.set(number(7)).unwrap();
    assert!(Token::new("").is_err() && Token::new("a\n").is_err());
    assert!(number(1).scheme("no scheme").is_err() && number(1).scheme("").is_err());
    assert_eq!(handle.status().generation(), 1);
}

#[tokio::test(start_paused = true)]
async fn every_change_can_be_watched() {
    let issuer = Issuer::new([Fetch::Token(secs(60)).after(ms(10)), Fetch::Fail]);
    let tokens = usual(&issuer);
    let handle = tokens.handle();
    let mut watch = handle.watch();
    assert!(!watch.status().has_token() && !watch.status().is_refreshing());

    let refresh = tokio::spawn({
        let handle = handle.clone();
        async move { handle.refresh().await }
    });
    let status = watch.changed().await.unwrap();
    assert!(status.is_refreshing() && !status.has_token());
    let status = watch.changed().await.unwrap();
    assert!(!status.is_refreshing() && status.has_token());
    assert_eq!(status.generation(), 1);
    let life = status.ends_at().unwrap() - time::Instant::now().into_std();
    assert_eq!(life, secs(60) - ms(10));
    refresh.await.unwrap().unwrap();

    handle.refresh().await.unwrap_err();
    let status = watch.changed().await.unwrap();
    assert_eq!((status.failures(), status.has_token()), (1, true));
    assert!(status.rests_until().is_some());
    handle.invalidate();
    assert!(!watch.changed().await.unwrap().has_token());
    drop((tokens, handle));
    assert_eq!(watch.changed().await, None);
}
