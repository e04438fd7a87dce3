//! How the gateway starts and ends.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::process::Output;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use buttress::Body;
use http::Response;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::support::gateway::{Gateway, example, text};
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

fn run(flags: &[&str]) -> Output {
    example("gateway").args(flags).output().unwrap()
}

#[test]
fn a_wrong_flag_is_a_clear_error_and_exit_code_2() {
    let upstream = ["--upstream", "http://127.0.0.1:9"];
    for (flags, words) in [
        (vec![], "--upstream"),
        (vec!["--upstream", "nonsense"], "scheme and host"),
        (
            [&upstream[..], &["--breaker-min", "5"]].concat(),
            "--breaker",
        ),
        (
            [&upstream[..], &["--breaker", "--breaker-rate", "101"]].concat(),
            "100",
        ),
        (
            [&upstream[..], &["--no-such-flag"]].concat(),
            "--no-such-flag",
        ),
        ([&upstream[..], &["--retry", "0"]].concat(), "attempt"),
        ([&upstream[..], &["--retry", "many"]].concat(), "many"),
        ([&upstream[..], &["--retry-base", "5"]].concat(), "--retry"),
        (
            [&upstream[..], &["--timeout", "9", "--total", "5"]].concat(),
            "--timeout is above --total",
        ),
        (
            [&upstream[..], &["--body-idle", "9", "--total", "5"]].concat(),
            "--body-idle is above --total",
        ),
        ([&upstream[..], &["--timeout", "0"]].concat(), "--timeout"),
        ([&upstream[..], &["--total", "0"]].concat(), "--total"),
        (
            [&upstream[..], &["--body-idle", "0"]].concat(),
            "--body-idle",
        ),
        (
            [&upstream[..], &["--breaker", "--breaker-open", "0"]].concat(),
            "--breaker-open",
        ),
        (
            [&upstream[..], &["--breaker", "--breaker-window", "0"]].concat(),
            "--breaker-window",
        ),
        ([&upstream[..], &["--rate", "0"]].concat(), "rate of 0"),
        ([&upstream[..], &["--cache-size", "9"]].concat(), "--cache"),
        (
            [&upstream[..], &["--cache", "public"]].concat(),
            "private, shared",
        ),
        (
            [&upstream[..], &["--cache", "shared", "--cache-size", "0"]].concat(),
            "--cache-size",
        ),
        ([&upstream[..], &["--rate", "-1"]].concat(), "'-1'"),
        (
            [&upstream[..], &["--rate", "5", "--burst", "0"]].concat(),
            "burst",
        ),
        ([&upstream[..], &["--burst", "5"]].concat(), "--rate"),
        ([&upstream[..], &["--max-wait", "5"]].concat(), "--rate"),
        (
            [&upstream[..], &["--rate-mode", "reject"]].concat(),
            "--rate",
        ),
        (
            [&upstream[..], &["--rate", "5", "--rate-mode", "queue"]].concat(),
            "wait, reject",
        ),
        (
            [
                &upstream[..],
                &["--rate", "5", "--rate-mode", "reject", "--max-wait", "5"],
            ]
            .concat(),
            "--max-wait",
        ),
        (
            [
                &upstream[..],
                &["--breaker", "--breaker-window", "1999", "--timeout", "1000"],
            ]
            .concat(),
            "--breaker-window is shorter than two",
        ),
        (
            [
                &upstream[..],
                &["--retry", "2", "--retry-base", "9", "--retry-cap", "5"],
            ]
            .concat(),
            "cap",
        ),
    ] {
        let output = run(&flags);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {said}");
        assert!(said.contains(words), "{flags:?}: {said}");
    }
}

#[test]
fn a_password_in_the_upstream_is_refused_and_not_repeated() {
    for upstream in [
        "http://user:hunter2@127.0.0.1:9",
        "http://u:hunter2@h:99999",
        "u:hunter2@h",
    ] {
        let output = run(&["--upstream", upstream]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("--upstream"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn it_can_be_stopped_as_soon_as_it_listens() {
    for _ in 0..20 {
        let gateway = Gateway::start("http://127.0.0.1:9", "");
        gateway.terminate();
        let (status, said) = gateway.wait();
        assert!(status.success(), "{status}: {said}");
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let (arrive, arrived) = channel();
    let upstream = Raw::each(move |_, mut peer| {
        peer.hear();
        arrive.send(()).unwrap();
        peer.linger();
    });
    let gateway = Gateway::start(&upstream.uri(""), "");
    let mut call = gateway.connect();
    call.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        .unwrap();
    arrived.recv().unwrap();
    gateway.terminate();
    while std::net::TcpStream::connect(gateway.address()).is_ok() {
        std::thread::yield_now();
    }
    gateway.terminate();
    let (status, said) = gateway.wait();
    assert!(status.success(), "{status}: {said}");
    assert!(said.contains("asked again"), "{said}");
}

#[test]
fn connections_that_ask_for_nothing_do_not_hold_the_end_up() {
    let upstream = Raw::always("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
    let gateway = Gateway::start(&upstream.uri(""), "");
    let _silent = gateway.connect();
    let mut idle = gateway.connect();
    idle.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"hi") {
        let mut byte = [0];
        idle.read_exact(&mut byte).unwrap();
        answer.extend(byte);
    }
    let mut open = Vec::new();
    for bytes in [
        &b"GET / HTTP/1.1\r\nhost: a\r\n"[..],
        b"PRI * HTT",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        // An empty SETTINGS frame, and no answer to pings.
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    ] {
        let mut stream = gateway.connect();
        stream.write_all(bytes).unwrap();
        open.push(stream);
    }
    // Somebody who came later has been served, so all of them are known.
    let last = gateway.exchange("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    assert!(last.ends_with("hi"), "{last}");
    gateway.terminate();
    let (status, said) = gateway.wait();
    assert!(status.success(), "{status}: {said}");
    assert!(!said.contains("are cut"), "{said}");
}

#[test]
fn an_address_in_use_is_a_clear_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(&["--listen", &address, "--upstream", "http://127.0.0.1:9"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&address));
}

#[tokio::test]
async fn a_call_under_way_is_finished_before_it_stops() {
    let go = Arc::new(Notify::new());
    let wait = Arc::clone(&go);
    let arrived = Arc::new(Notify::new());
    let arrival = Arc::clone(&arrived);
    let upstream = Upstream::start(move |_, _| {
        let (wait, arrival) = (Arc::clone(&wait), Arc::clone(&arrival));
        async move {
            arrival.notify_one();
            wait.notified().await;
            Ok::<_, Infallible>(Response::new(Body::from("finished")))
        }
    })
    .await;
    let gateway = Gateway::start(&upstream.uri(), "");
    let address = gateway.address().to_owned();
    let call = async { text(gateway.get("/").await).await };
    let stop = async {
        arrived.notified().await;
        gateway.terminate();
        // New connections are refused once it is stopping.
        while tokio::net::TcpStream::connect(&address).await.is_ok() {
            sleep(Duration::from_millis(5)).await;
        }
        go.notify_one();
    };
    let (said, ()) = tokio::join!(call, stop);
    assert_eq!(said, "finished");
    let (status, said) = gateway.wait();
    assert!(status.success(), "{said}");
}

#[tokio::test]
async fn a_client_that_leaves_cancels_its_upstream_request() {
    let left = Arc::new(Notify::new());
    let arrived = Arc::new(Notify::new());
    let (leaving, arrival) = (Arc::clone(&left), Arc::clone(&arrived));
    let upstream = Upstream::start(move |_, _| {
        let guard = NotifyOnDrop(Arc::clone(&leaving));
        let arrival = Arc::clone(&arrival);
        async move {
            let _guard = guard;
            arrival.notify_one();
            std::future::pending::<()>().await;
            Ok::<_, Infallible>(Response::new(Body::empty()))
        }
    })
    .await;
    let gateway = Gateway::start(&upstream.uri(), "--retry 3 --timeout 60000");
    tokio::select! {
        _ = gateway.get("/") => panic!("nobody answers"),
        () = arrived.notified() => {}
    }
    timeout(Duration::from_secs(20), left.notified())
        .await
        .expect("the upstream request goes on");
}

/// Tells when the server's side of a call is dropped.
struct NotifyOnDrop(Arc<Notify>);

impl Drop for NotifyOnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}
