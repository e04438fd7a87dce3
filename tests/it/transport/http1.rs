//! Trap 8: whether a request on HTTP/1.1 was sent, in each way in which a connection can end.
//!
//! The runtime of these tests has one thread, and the server has its own. While a test blocks the former,
//! nothing that the server does is noticed; afterwards the test's own future is polled first. So each
//! test decides whether a connection's end is noticed before or after the next request is written.

use std::io::Write;
use std::net::TcpStream;
use std::sync::mpsc;

use buttress::transport::Transport;
use buttress_kernel::{Body, Kind, Sent};
use http::Request;
use tokio::io::AsyncReadExt;

use super::{builder, get, post, send, transport, verdict, whole};
use crate::support::raw::{Peer, Raw};

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A server whose first connection ends when it is told to, after one answer.
struct Fickle {
    server: Raw,
    end: mpsc::Sender<()>,
    ended: mpsc::Receiver<()>,
}

impl Fickle {
    /// The first connection is left for `ending` to end.
    fn new(hear: fn(&mut Peer), ending: fn(Peer)) -> Self {
        let (end, told) = mpsc::channel();
        let (tell, ended) = mpsc::channel();
        let told = std::sync::Mutex::new(told);
        let server = Raw::each(move |number, mut peer| {
            if number > 1 {
                while peer.hear().is_some() {
                    peer.say(ANSWER);
                }
                return;
            }
            hear(&mut peer);
            peer.say(ANSWER);
            told.lock().unwrap().recv().unwrap();
            ending(peer);
            tell.send(()).unwrap();
        });
        Self { server, end, ended }
    }

    /// Closes after the end, where nothing is unread.
    fn closing() -> Self {
        Self::new(|peer| drop(peer.hear()), drop)
    }

    /// Resets, since the request was not read.
    fn resetting() -> Self {
        Self::new(Peer::overhear, drop)
    }

    /// Makes an exchange, so that a connection is kept.
    async fn warm(&self, transport: &Transport) {
        whole(get(transport, self.server.uri("/")).await.unwrap())
            .await
            .unwrap();
        settle().await;
    }

    /// Ends the connection while the runtime stands still.
    fn end(&self) {
        self.end.send(()).unwrap();
        self.ended.recv().unwrap();
    }
}

/// Lets every task run that can, without a look at the sockets being needed.
async fn settle() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

/// Waits so that whatever has happened on other sockets by now is learnt of in the same moment, and
/// this future is the first to run.
async fn notice(bell: &mut tokio::net::TcpStream) {
    bell.read_u8().await.unwrap();
}

async fn bell() -> (TcpStream, tokio::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = tokio::net::TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    (listener.accept().unwrap().0, ours)
}

#[tokio::test]
async fn a_connection_closed_while_kept_is_replaced() {
    let fickle = Fickle::closing();
    let transport = transport();
    fickle.warm(&transport).await;
    fickle.end();
    let (mut ringer, mut ours) = bell().await;
    ringer.write_all(&[0]).unwrap();
    notice(&mut ours).await;
    settle().await;
    assert_eq!(
        post(&transport, fickle.server.uri("/"))
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(fickle.server.connections(), 2);
}

/// The connection's end and the wish to send arrive together: the request is given to the connection,
/// whose task finds the end before it writes.
async fn post_as_the_end_is_noticed(
    fickle: &Fickle,
    transport: &Transport,
) -> Result<http::StatusCode, (Kind, Sent)> {
    fickle.warm(transport).await;
    let (mut ringer, mut ours) = bell().await;
    fickle.end();
    ringer.write_all(&[0]).unwrap();
    notice(&mut ours).await;
    match post(transport, fickle.server.uri("/")).await {
        Ok(response) => Ok(response.status()),
        Err(error) => Err(verdict(Err::<(), _>(error))),
    }
}

#[tokio::test]
async fn trap8_a_kept_connection_found_closed_before_writing_leaves_a_post_unsent() {
    for fickle in [Fickle::closing(), Fickle::resetting()] {
        let end = post_as_the_end_is_noticed(&fickle, &transport()).await;
        assert_eq!(end, Err((Kind::Transport, Sent::No)));
        assert_eq!(fickle.server.connections(), 1);
    }
}

#[tokio::test]
async fn trap8_hyper_util_repeats_such_a_request_itself_only_when_told_to() {
    let fickle = Fickle::closing();
    let transport = builder().retry_canceled_requests(true).build().unwrap();
    let end = post_as_the_end_is_noticed(&fickle, &transport).await;
    assert_eq!(end.unwrap(), 200);
    assert_eq!(fickle.server.connections(), 2);
}

#[tokio::test]
async fn trap8_a_kept_connection_closed_as_a_post_is_written_may_have_carried_it() {
    for fickle in [Fickle::closing(), Fickle::resetting()] {
        let transport = transport();
        fickle.warm(&transport).await;
        fickle.end();
        let end = post(&transport, fickle.server.uri("/")).await;
        assert_eq!(verdict(end), (Kind::Transport, Sent::Maybe));
    }
}

#[tokio::test]
async fn trap8_a_server_that_hangs_up_after_the_request_may_have_acted() {
    let closing = Raw::once("");
    assert_eq!(
        verdict(post(&transport(), closing.uri("/")).await),
        (Kind::Transport, Sent::Maybe)
    );
    let resetting = Raw::each(|_, mut peer| peer.overhear());
    assert_eq!(
        verdict(post(&transport(), resetting.uri("/")).await),
        (Kind::Transport, Sent::Maybe)
    );
}

#[tokio::test]
async fn a_server_that_hangs_up_in_the_middle_of_a_request_may_have_acted() {
    let server = Raw::each(|_, mut peer| {
        peer.take(1 << 20);
    });
    let upload = Request::post(server.uri("/"))
        .body(Body::from(vec![b'x'; 32 << 20]))
        .unwrap();
    assert_eq!(
        verdict(send(&transport(), upload).await),
        (Kind::Transport, Sent::Maybe)
    );
}

#[tokio::test]
async fn part_of_a_response_head_tells_that_the_request_was_seen() {
    for part in [
        "H",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n",
        "HTTP/1.1 103 Early Hints\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 2",
    ] {
        let closing = Raw::once(part);
        let end = post(&transport(), closing.uri("/")).await;
        assert_eq!(verdict(end), (Kind::Transport, Sent::Yes), "{part:?}");
    }
}

#[tokio::test]
async fn part_of_an_earlier_response_tells_nothing_about_the_next_request() {
    let server = Raw::each(|_, mut peer| {
        peer.hear();
        peer.say(ANSWER);
        peer.hear();
    });
    let transport = transport();
    whole(get(&transport, server.uri("/")).await.unwrap())
        .await
        .unwrap();
    settle().await;
    assert_eq!(
        verdict(post(&transport, server.uri("/")).await),
        (Kind::Transport, Sent::Maybe)
    );
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn words_out_of_turn_leave_the_next_request_unsent() {
    let fickle = Fickle::new(
        |peer| drop(peer.hear()),
        |mut peer| {
            peer.say("HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n\r\n");
            std::thread::spawn(|| peer.linger());
        },
    );
    let end = post_as_the_end_is_noticed(&fickle, &transport()).await;
    assert_eq!(end, Err((Kind::Transport, Sent::No)));
}

#[tokio::test]
async fn a_response_may_be_as_long_as_the_connection() {
    let server = Raw::once("HTTP/1.1 200 OK\r\n\r\nto the end");
    assert_eq!(
        whole(get(&transport(), server.uri("/")).await.unwrap())
            .await
            .unwrap(),
        "to the end"
    );
}
