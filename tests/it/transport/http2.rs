//! Whether a request on HTTP/2 was sent; RFC 9113 §8.7 says which endings guarantee that it was not.

use buttress::transport::Transport;
use buttress_kernel::{Kind, Sent};

use super::{builder, get, post, verdict, whole};
use crate::support::raw::{DATA, END_HEADERS, END_STREAM, HEADERS, Peer, Raw, STATUS_200};

const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;

fn transport() -> Transport {
    builder().http2_only(true).build().unwrap()
}

/// A server that shakes hands, and plays `script` for each stream.
fn server(script: impl Fn(&mut Peer, u32) + Send + Sync + 'static) -> Raw {
    Raw::each(move |_, mut peer| {
        peer.greet();
        while let Some(stream) = peer.hear_headers() {
            script(&mut peer, stream);
        }
    })
}

fn answer(peer: &mut Peer, stream: u32) {
    peer.say_frame(HEADERS, END_HEADERS, stream, &[STATUS_200]);
    peer.say_frame(DATA, END_STREAM, stream, b"ok");
}

#[tokio::test]
async fn prior_knowledge_speaks_http2_on_plain_text() {
    let server = server(answer);
    let response = get(&transport(), server.uri("/")).await.unwrap();
    assert_eq!(response.version(), http::Version::HTTP_2);
    assert_eq!(whole(response).await.unwrap(), "ok");
}

#[tokio::test]
async fn a_refused_stream_is_unsent() {
    let server = server(|peer, stream| peer.reset_stream(stream, REFUSED_STREAM));
    assert_eq!(
        verdict(post(&transport(), server.uri("/")).await),
        (Kind::Transport, Sent::No)
    );
}

#[tokio::test]
async fn a_stream_reset_for_another_reason_may_have_been_acted_on() {
    for code in [INTERNAL_ERROR, NO_ERROR, 8, 11, 13, 0xdead_beef] {
        let server = server(move |peer, stream| peer.reset_stream(stream, code));
        let end = post(&transport(), server.uri("/")).await;
        assert_eq!(verdict(end), (Kind::Transport, Sent::Maybe), "{code}");
    }
}

#[tokio::test]
async fn a_stream_beyond_the_last_of_a_goaway_is_unsent() {
    for code in [NO_ERROR, INTERNAL_ERROR] {
        let server = server(move |peer, stream| peer.go_away(stream - 1, code));
        let end = post(&transport(), server.uri("/")).await;
        assert_eq!(verdict(end), (Kind::Transport, Sent::No), "{code}");
    }
}

#[tokio::test]
async fn a_stream_within_the_last_of_a_goaway_may_have_been_acted_on() {
    for code in [NO_ERROR, INTERNAL_ERROR] {
        let server = Raw::each(move |_, mut peer| {
            peer.greet();
            let stream = peer.hear_headers().unwrap();
            peer.go_away(stream, code);
            peer.part();
        });
        let end = post(&transport(), server.uri("/")).await;
        assert_eq!(verdict(end), (Kind::Transport, Sent::Maybe), "{code}");
    }
}

#[tokio::test]
async fn a_goaway_lets_the_streams_before_it_finish_and_the_next_go_elsewhere() {
    let server = server(|peer, stream| {
        peer.go_away(stream, NO_ERROR);
        answer(peer, stream);
    });
    let transport = transport();
    for connection in 1..=2 {
        let response = post(&transport, server.uri("/")).await.unwrap();
        assert_eq!(whole(response).await.unwrap(), "ok");
        assert_eq!(server.connections(), connection);
    }
}

#[tokio::test]
async fn a_connection_that_ends_without_an_answer_may_have_carried_the_request() {
    let server = Raw::each(|_, mut peer| {
        peer.greet();
        peer.hear_headers();
        peer.part();
    });
    assert_eq!(
        verdict(post(&transport(), server.uri("/")).await),
        (Kind::Transport, Sent::Maybe)
    );
}

#[tokio::test]
async fn a_reset_in_the_middle_of_a_body_is_an_error_of_the_body() {
    for code in [INTERNAL_ERROR, REFUSED_STREAM] {
        let server = server(move |peer, stream| {
            peer.say_frame(HEADERS, END_HEADERS, stream, &[STATUS_200]);
            peer.say_frame(DATA, 0, stream, b"half");
            peer.reset_stream(stream, code);
        });
        let response = post(&transport(), server.uri("/")).await.unwrap();
        assert_eq!(
            verdict(whole(response).await),
            (Kind::Transport, Sent::Yes),
            "{code}"
        );
    }
}

#[tokio::test]
async fn a_malformed_answer_tells_that_the_request_was_seen() {
    // A body before any head.
    let server = server(|peer, stream| peer.say_frame(DATA, END_STREAM, stream, b"ok"));
    let error = post(&transport(), server.uri("/")).await.unwrap_err();
    assert_eq!(error.to_string(), "the server's answer is not valid HTTP");
    assert_eq!(super::Failure::of(&*error).kind(), Kind::Transport);
}

#[tokio::test]
async fn a_server_that_does_not_speak_http2_is_an_error_of_the_protocol() {
    let server = Raw::each(|_, mut peer| {
        peer.take(24);
        peer.say("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
        peer.part();
    });
    let (kind, sent) = verdict(post(&transport(), server.uri("/")).await);
    assert!(matches!(kind, Kind::Transport | Kind::Connect));
    assert!(sent < Sent::Yes);
}
