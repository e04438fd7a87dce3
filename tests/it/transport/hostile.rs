//! Servers that are broken or mean: a typed error, bounded memory, never a panic.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use buttress_kernel::{Failure, Kind, Sent};
use http_body_util::BodyExt;

use super::{get, transport, verdict, whole};
use crate::support::raw::Raw;

/// More than every buffer between two sockets of one machine, and far less than what is offered.
const IN_BETWEEN: usize = 24 << 20;

const SEEN: (Kind, Sent) = (Kind::Transport, Sent::Yes);

#[tokio::test]
async fn a_head_that_is_not_http_is_refused() {
    for head in [
        "garbage",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 99999 OK\r\n\r\n",
        "HTTP/3.7 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        "HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
        "HTTP/1.1 200 OK\r\na: \0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551616\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "\r\n\r\n\r\n\0\0\0",
    ] {
        let server = Raw::once(head);
        let error = get(&transport(), server.uri("/")).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the server's answer is not valid HTTP",
            "{head:?}"
        );
        assert_eq!(verdict(Err::<(), _>(error)), SEEN, "{head:?}");
    }
}

#[tokio::test]
async fn a_head_of_ten_megabytes_is_refused() {
    for head in [
        format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(10 << 20)),
        format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: x\r\n".repeat(2 << 20)),
        format!("HTTP/1.1 200 {}\r\n\r\n", "x".repeat(10 << 20)),
    ] {
        let server = Raw::once(head);
        assert_eq!(verdict(get(&transport(), server.uri("/")).await), SEEN);
    }
}

/// Serves `head` and then `piece` without end, and tells how much of it was taken.
fn endless(head: &'static str, piece: Vec<u8>) -> (Raw, Arc<AtomicUsize>, mpsc::Receiver<()>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let (tell, given_up) = mpsc::channel();
    let server = Raw::each(move |_, mut peer| {
        peer.hear();
        peer.say(head);
        while peer.try_say(&piece).is_ok() {
            count.fetch_add(piece.len(), Ordering::SeqCst);
        }
        tell.send(()).unwrap();
    });
    (server, taken, given_up)
}

#[tokio::test]
async fn a_head_without_end_is_given_up_on() {
    let (server, taken, given_up) = endless("HTTP/1.1 200 OK\r\na: ", vec![b'x'; 0x10000]);
    let transport = transport();
    assert_eq!(verdict(get(&transport, server.uri("/")).await), SEEN);
    tokio::task::spawn_blocking(move || given_up.recv().unwrap())
        .await
        .unwrap();
    assert!(taken.load(Ordering::SeqCst) < IN_BETWEEN);
}

#[tokio::test]
async fn a_body_without_end_is_read_no_faster_than_it_is_asked_for() {
    let bytes = vec![b'x'; 0x10000];
    let chunk = [b"10000\r\n", &bytes[..], b"\r\n"].concat();
    for (head, piece) in [
        ("HTTP/1.1 200 OK\r\n\r\n", &bytes),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551610\r\n\r\n",
            &bytes,
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            &chunk,
        ),
    ] {
        let (server, taken, given_up) = endless(head, piece.clone());
        let transport = transport();
        let mut body = get(&transport, server.uri("/")).await.unwrap().into_body();
        let mut read = 0;
        while read < 8 << 20 {
            read += body
                .frame()
                .await
                .unwrap()
                .unwrap()
                .into_data()
                .unwrap()
                .len();
        }
        drop(body);
        tokio::task::spawn_blocking(move || given_up.recv().unwrap())
            .await
            .unwrap();
        assert!(taken.load(Ordering::SeqCst) < read + IN_BETWEEN, "{head:?}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error_after_what_came() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\nshort",
    ] {
        let server = Raw::once(answer);
        let mut body = get(&transport(), server.uri("/"))
            .await
            .unwrap()
            .into_body();
        assert_eq!(
            body.frame().await.unwrap().unwrap().into_data().unwrap(),
            "short",
            "{answer:?}"
        );
        let error = body.frame().await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "the connection broke");
        assert_eq!(verdict(Err::<(), _>(error)), SEEN, "{answer:?}");
    }
}

#[tokio::test]
async fn a_reset_in_the_middle_of_a_body_is_an_error_of_the_body() {
    let server = Raw::each(|_, mut peer| {
        peer.overhear();
        peer.say("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort");
    });
    let response = get(&transport(), server.uri("/")).await.unwrap();
    assert_eq!(verdict(whole(response).await), SEEN);
}

#[tokio::test]
async fn a_body_that_is_framed_wrongly_is_not_http() {
    for body in [
        "zz\r\n",
        "-1\r\n",
        "ffffffffffffffffff\r\n",
        "5\r\nshorter\r\n",
        "1;x\n",
    ] {
        let server = Raw::once(format!(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}"
        ));
        let response = get(&transport(), server.uri("/")).await.unwrap();
        let error = whole(response).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the server's answer is not valid HTTP",
            "{body:?}"
        );
        assert_eq!(Failure::of(&error).sent(), Sent::Yes);
    }
}

#[tokio::test]
async fn bytes_after_a_response_belong_to_no_other() {
    for garbage in [
        "garbage",
        "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged",
    ] {
        let server = Raw::always(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ntrue{garbage}"
        ));
        let transport = transport();
        for connection in 1..=3 {
            let response = get(&transport, server.uri("/")).await.unwrap();
            assert_eq!(whole(response).await.unwrap(), "true", "{garbage}");
            assert_eq!(server.connections(), connection);
        }
    }
}
