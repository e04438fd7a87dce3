//! Each setting, seen from the server or in the response.

use std::time::Duration;

use buttress::transport::{Connection, Roots, Transport, TransportBuilder};
use buttress_kernel::{Kind, Sent};

use super::{builder, get, verdict, whole};
use crate::support::events;
use crate::support::raw::Raw;

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

pub(super) async fn exchange(transport: &Transport, server: &Raw) {
    whole(get(transport, server.uri("/")).await.unwrap())
        .await
        .unwrap();
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn connections_are_kept_for_every_clone_unless_told_otherwise() {
    for (kept, connections) in [(None, 1), (Some(1), 1), (Some(0), 3)] {
        let server = Raw::always(ANSWER);
        let transport = match kept {
            Some(kept) => builder().pool_max_idle_per_host(kept),
            None => builder(),
        };
        let transport = transport.build().unwrap();
        for _ in 0..3 {
            exchange(&transport.clone(), &server).await;
        }
        assert_eq!(server.connections(), connections);
    }
}

#[tokio::test]
async fn transports_share_no_connection() {
    let server = Raw::always(ANSWER);
    for connections in 1..=2 {
        exchange(&builder().build().unwrap(), &server).await;
        assert_eq!(server.connections(), connections);
    }
}

#[tokio::test]
async fn responses_as_large_as_allowed_are_taken_and_larger_ones_are_not() {
    let large = format!(
        "HTTP/1.1 204 No Content\r\na: {}\r\n\r\n",
        "x".repeat(600_000)
    );
    let server = Raw::always(large);
    let end = get(&builder().build().unwrap(), server.uri("/")).await;
    assert_eq!(verdict(end), (Kind::Transport, Sent::Yes));
    let roomy = builder().max_header_bytes(1_000_000).build().unwrap();
    assert_eq!(get(&roomy, server.uri("/")).await.unwrap().status(), 204);

    let small = Raw::always(format!(
        "HTTP/1.1 204 No Content\r\na: {}\r\n\r\n",
        "x".repeat(10_000)
    ));
    let tight = builder().max_header_bytes(8_192).build().unwrap();
    assert_eq!(
        verdict(get(&tight, small.uri("/")).await),
        (Kind::Transport, Sent::Yes)
    );
}

#[tokio::test]
async fn heads_may_have_a_hundred_fields_unless_told_otherwise() {
    let with = |fields| {
        format!(
            "HTTP/1.1 204 No Content\r\n{}\r\n",
            "a: b\r\n".repeat(fields)
        )
    };
    for (limit, fields, fits) in [
        (None, 100, true),
        (None, 101, false),
        (Some(300), 300, true),
        (Some(2), 3, false),
    ] {
        let server = Raw::always(with(fields));
        let transport = match limit {
            Some(limit) => builder().max_headers(limit),
            None => builder(),
        };
        let end = get(&transport.build().unwrap(), server.uri("/")).await;
        match end {
            Ok(_) => assert!(fits, "{limit:?} {fields}"),
            end => assert_eq!((verdict(end), fits), ((Kind::Transport, Sent::Yes), false)),
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn connections_are_made_from_the_address_that_is_set() {
    let server = Raw::always(ANSWER);
    let ours: std::net::IpAddr = [127, 0, 0, 2].into();
    let transport = builder().local_address(ours).build().unwrap();
    let response = get(&transport, server.uri("/")).await.unwrap();
    let connection = response.extensions().get::<Connection>().unwrap();
    assert_eq!(connection.local_address().unwrap().ip(), ours);
    assert_eq!(connection.remote_address(), Some(server.address()));
}

/// On a paused clock, time passes at will; connecting must not be cut by it.
pub(super) fn timeless() -> TransportBuilder {
    builder().connect_timeout(None)
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_kept_for_ninety_seconds_unless_told_otherwise() {
    for (transport, idle, connections) in [
        (timeless(), 80, 1),
        (timeless(), 100, 2),
        (timeless().pool_idle_timeout(Duration::from_secs(5)), 6, 2),
        (timeless().pool_idle_timeout(None), 86_400, 1),
    ] {
        let server = Raw::always(ANSWER);
        let transport = transport.build().unwrap();
        exchange(&transport, &server).await;
        tokio::time::advance(Duration::from_secs(idle)).await;
        exchange(&transport, &server).await;
        assert_eq!(server.connections(), connections, "{idle} s");
    }
}

#[tokio::test]
async fn a_new_connection_is_told_of_without_path_or_query() {
    let (told, _guard) = events::capture();
    let server = Raw::always(ANSWER);
    let transport = builder().build().unwrap();
    exchange(&transport, &server).await;
    whole(
        get(&transport, server.uri("/path?token=s3cret"))
            .await
            .unwrap(),
    )
    .await
    .unwrap();
    let text = told.text();
    let ours: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("buttress::transport"))
        .collect();
    assert_eq!(ours.len(), 1, "{ours:?}");
    assert!(
        ours[0].contains("DEBUG") && ours[0].contains("connected host=\"127.0.0.1\" http2=false")
    );
}

pub(super) fn all_refused<const N: usize>(wrong: [(TransportBuilder, &str); N]) {
    for (builder, rule) in wrong {
        let error = builder.build().unwrap_err();
        assert!(error.to_string().contains(rule), "{error}");
    }
}

#[test]
fn contradictory_settings_name_the_rule_that_they_break() {
    let second = Duration::from_secs(1);
    let zero = Duration::ZERO;
    let wrong = [
        (
            builder().connect_timeout(zero),
            "no limit is written as `None`",
        ),
        (
            builder().pool_idle_timeout(zero),
            "no limit is written as `None`",
        ),
        (
            builder().tcp_keepalive(zero),
            "no limit is written as `None`",
        ),
        (builder().max_header_bytes(8_191), "below 8192"),
        (builder().max_header_bytes(usize::MAX), "above 4294967295"),
        (
            builder().roots(Roots::none()),
            "no certificate authority is trusted",
        ),
        (
            builder().roots(Roots::none().pem("nothing")),
            "certificate cannot be read",
        ),
        (
            builder().roots(Roots::none().certificate(vec![0].into())),
            "certificate cannot be read",
        ),
    ];
    all_refused(wrong);
    assert!(
        builder()
            .connect_timeout(second)
            .max_header_bytes(8_192)
            .build()
            .is_ok()
    );
}
