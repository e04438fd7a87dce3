//! How the gateway starts and ends.

use std::convert::Infallible;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use buttress::Body;
use http::Response;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::support::gateway::{Gateway, example, text};
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
            "total",
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
    assert!(gateway.wait().success());
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
