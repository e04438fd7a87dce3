//! The settings of HTTP/2, seen from the server.

use std::sync::mpsc;
use std::time::Duration;

use buttress_kernel::{Kind, Sent};

use super::settings::{all_refused, exchange, timeless};
use super::{builder, get, post, verdict};
use crate::support::raw::{END_HEADERS, END_STREAM, HEADERS, PING, Raw, STATUS_200};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_large_head_is_refused_unless_allowed() {
    let server = Raw::each(|_, mut peer| {
        peer.greet();
        while let Some(stream) = peer.hear_headers() {
            // RFC 7541 §6.2.2: seven literal fields with values of 2,000 bytes.
            let field = [&[0x00, 0x01, b'a', 0x7f, 0xd1, 0x0e][..], &[b'x'; 2_000]].concat();
            let block = [&[STATUS_200][..], &field.repeat(7)].concat();
            peer.say_frame(HEADERS, END_HEADERS | END_STREAM, stream, &block);
        }
    });
    let usual = builder().http2_only(true);
    let roomy = usual.clone().max_header_bytes(100_000).build().unwrap();
    assert_eq!(get(&roomy, server.uri("/")).await.unwrap().status(), 200);
    let tight = usual.max_header_bytes(8_192).build().unwrap();
    assert_eq!(
        verdict(get(&tight, server.uri("/")).await),
        (Kind::Transport, Sent::Yes)
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_pings_is_given_up() {
    let silent = Raw::each(|_, mut peer| {
        peer.greet();
        peer.linger();
    });
    let patient = timeless().http2_only(true);
    let pinging = patient.clone().http2_keep_alive_interval(60 * SECOND);
    for (builder, after) in [
        (pinging.clone(), 60 + 20),
        (pinging.http2_keep_alive_timeout(5 * SECOND), 60 + 5),
    ] {
        let start = tokio::time::Instant::now();
        let transport = builder.build().unwrap();
        let end = post(&transport, silent.uri("/")).await;
        assert_eq!(verdict(end), (Kind::Transport, Sent::Maybe));
        assert_eq!(start.elapsed().as_secs(), after);
    }
    let patient = patient.build().unwrap();
    let end = tokio::time::timeout(86_400 * SECOND, post(&patient, silent.uri("/"))).await;
    end.expect_err("without pings it waits");
}

#[tokio::test]
async fn idle_connections_are_pinged_when_told_to() {
    let (tell, pinged) = mpsc::channel();
    let server = Raw::each(move |_, mut peer| {
        peer.greet();
        let stream = peer.hear_headers().unwrap();
        peer.say_frame(HEADERS, END_HEADERS | END_STREAM, stream, &[STATUS_200]);
        while let Some(kind) = peer.hear_frame() {
            if kind == PING {
                let _ = tell.send(());
            }
        }
    });
    let transport = timeless()
        .http2_only(true)
        .pool_idle_timeout(None)
        .http2_keep_alive_interval(60 * SECOND)
        .http2_keep_alive_while_idle(true)
        .build()
        .unwrap();
    exchange(&transport, &server).await;
    tokio::time::pause();
    tokio::time::sleep(62 * SECOND).await;
    pinged.recv().unwrap();
}

#[test]
fn contradictory_settings_name_the_rule_that_they_break() {
    let zero = Duration::ZERO;
    all_refused([
        (
            builder().http1_only(true).http2_only(true),
            "no version of HTTP",
        ),
        (
            builder().http2_keep_alive_interval(zero),
            "no limit is written as `None`",
        ),
        (
            builder().http2_keep_alive_timeout(zero),
            "no limit is written as `None`",
        ),
        (
            builder().http2_keep_alive_while_idle(true),
            "needs `http2_keep_alive_interval`",
        ),
    ]);
}
