//! Where no connection can be made, nothing was sent.

use std::time::Duration;

use buttress::transport::ConnectTimedOut;
use buttress_kernel::{Failure, Kind, Sent};
#[cfg(feature = "http2")]
use futures_util::FutureExt;
use tokio::sync::mpsc;

use super::{builder, get, transport, verdict};
use crate::support::raw::{Raw, refused};

#[tokio::test]
async fn a_refused_connection_is_unsent() {
    let end = get(&transport(), format!("http://{}/", refused())).await;
    assert_eq!(verdict(end), (Kind::Connect, Sent::No));
}

#[tokio::test]
async fn an_unknown_name_is_unsent() {
    let transport = builder().addresses("nowhere.test", []).build().unwrap();
    let end = get(&transport, "http://Nowhere.test/").await;
    assert_eq!(verdict(end), (Kind::Connect, Sent::No));
}

#[tokio::test]
async fn a_name_with_addresses_of_its_own_is_reached_there() {
    let server = Raw::always("HTTP/1.1 204 No Content\r\n\r\n");
    let transport = builder()
        .addresses("api.test", [server.address()])
        .build()
        .unwrap();
    assert_eq!(
        get(&transport, "http://api.test/").await.unwrap().status(),
        204
    );
}

#[tokio::test]
async fn a_server_without_tls_is_unsent() {
    let server = Raw::each(|_, mut peer| {
        peer.take(5);
        peer.say("HTTP/1.1 400 Bad Request\r\n\r\n");
        peer.part();
    });
    let end = get(&transport(), format!("https://{}/", server.address())).await;
    assert_eq!(verdict(end), (Kind::Connect, Sent::No));
}

#[tokio::test]
async fn a_server_that_hangs_up_during_the_tls_handshake_is_unsent() {
    let server = Raw::each(|_, mut peer| {
        peer.take(5);
    });
    let end = get(&transport(), format!("https://{}/", server.address())).await;
    assert_eq!(verdict(end), (Kind::Connect, Sent::No));
}

#[tokio::test(start_paused = true)]
async fn connecting_ends_after_its_limit_of_ten_seconds() {
    let silent = Raw::each(|_, peer| peer.linger());
    let start = tokio::time::Instant::now();
    let error = get(&transport(), format!("https://{}/", silent.address()))
        .await
        .unwrap_err();
    let failure = Failure::of(&*error);
    assert_eq!((failure.kind(), failure.sent()), (Kind::Connect, Sent::No));
    assert_eq!(error.to_string(), "no connection could be made in time");
    assert_eq!(
        failure.find::<ConnectTimedOut>().unwrap().after(),
        Duration::from_secs(10)
    );
    assert!(start.elapsed() >= Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn the_limit_on_connecting_can_be_another_or_none() {
    let silent = Raw::each(|_, peer| peer.linger());
    let uri = format!("https://{}/", silent.address());
    let hour = Duration::from_secs(3600);

    let brief = builder()
        .connect_timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    assert_eq!(verdict(get(&brief, &uri).await), (Kind::Connect, Sent::No));

    let patient = builder().connect_timeout(None).build().unwrap();
    tokio::time::timeout(hour, get(&patient, &uri))
        .await
        .expect_err("it waits for longer than an hour");
}

/// A server that never answers, and what it tells: that somebody spoke, and that nobody is there.
fn listener() -> (Raw, mpsc::UnboundedReceiver<&'static str>) {
    let (tell, told) = mpsc::unbounded_channel();
    let server = Raw::each(move |_, mut peer| {
        peer.take(5).unwrap();
        tell.send("spoken to").unwrap();
        peer.linger();
        tell.send("left").unwrap();
    });
    (server, told)
}

#[tokio::test]
async fn dropping_the_future_during_the_tls_handshake_gives_the_connection_up() {
    let (server, mut told) = listener();
    // Without a limit, so that nothing but the drop can end it.
    let transport = builder().connect_timeout(None).build().unwrap();
    let mut end = Box::pin(get(&transport, format!("https://{}/", server.address())));
    tokio::select! {
        _ = &mut end => unreachable!("the server never answers"),
        said = told.recv() => assert_eq!(said, Some("spoken to")),
    }
    drop(end);
    let left = tokio::time::timeout(Duration::from_secs(30), told.recv()).await;
    assert_eq!(left, Ok(Some("left")));
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn whoever_waits_for_an_http2_connection_that_is_given_up_is_unsent() {
    let (server, mut told) = listener();
    let builder = builder().connect_timeout(None).http2_only(true);
    let transport = builder.build().unwrap();
    let uri = format!("https://{}/", server.address());
    let mut first = Box::pin(get(&transport, &uri));
    tokio::select! {
        _ = &mut first => unreachable!("the server never answers"),
        said = told.recv() => assert_eq!(said, Some("spoken to")),
    }
    let mut second = Box::pin(get(&transport, &uri));
    assert!(second.as_mut().now_or_never().is_none());
    drop(first);
    let end = tokio::time::timeout(Duration::from_secs(30), second).await;
    assert_eq!(verdict(end.unwrap()), (Kind::Connect, Sent::No));
    assert_eq!(server.connections(), 1);
}
