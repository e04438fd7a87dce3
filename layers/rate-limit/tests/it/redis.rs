//! Limits in a real Redis server, which has a clock of its own: what takes time here takes hours, or
//! next to none.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use buttress_rate_limit::redis::Redis;
use buttress_rate_limit::{Rate, RateLimitLayer, Store, Verdict};

use crate::support::*;

const HOUR: Duration = Duration::from_secs(3_600);

/// A port of loopback that nobody had a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

struct Server {
    process: Child,
    port: u16,
    address: String,
}

impl Server {
    /// None, with a message, where Redis is not installed.
    fn start() -> Option<Self> {
        Self::start_at(free_port())
    }

    fn start_at(port: u16) -> Option<Self> {
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--save", "", "--appendonly", "no"]);
        let Ok(mut process) = command.stdout(Stdio::piped()).spawn() else {
            eprintln!("skipped: there is no redis-server");
            return None;
        };
        let log = BufReader::new(process.stdout.take().unwrap());
        let mut lines = log.lines().map_while(Result::ok);
        let ready = lines.any(|line| line.contains("Ready to accept connections"));
        assert!(ready, "redis-server has ended");
        let address = format!("redis://127.0.0.1:{port}/");
        Some(Self {
            process,
            port,
            address,
        })
    }

    fn store(&self) -> Redis {
        Redis::new(&self.address).unwrap()
    }

    fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn an_hour(burst: u32) -> Rate {
    Rate::per(1, HOUR).unwrap().burst(burst).unwrap()
}

async fn take(store: &Redis, key: &str, cost: u32, rate: Rate) -> Verdict {
    store.take(key, cost, rate).await.unwrap()
}

const fn left(remaining: u32) -> Verdict {
    Verdict::Granted { remaining }
}

/// Whether the tokens come after this time, less what the test has taken.
fn comes_in(verdict: Verdict, time: Duration) -> bool {
    matches!(verdict, Verdict::RetryIn(wait) if wait <= time && wait + secs(60) > time)
}

#[tokio::test]
async fn trap15_the_redis_store_keeps_to_the_contract() {
    let Some(server) = Server::start() else {
        return;
    };
    let (store, rate) = (server.store(), an_hour(5));
    assert_eq!(take(&store, "a", 3, rate).await, left(2));
    assert!(comes_in(take(&store, "a", 3, rate).await, HOUR));
    assert!(comes_in(take(&store, "a", 5, rate).await, 3 * HOUR));
    assert_eq!(
        take(&store, "b", 5, rate).await,
        left(0),
        "each key for itself"
    );
    assert_eq!(
        take(&store, "a", 2, rate).await,
        left(0),
        "a refusal takes nothing"
    );
    store.refund("a", 2, rate).await.unwrap();
    assert_eq!(take(&store, "a", 1, rate).await, left(1));
    store.refund("a", 5, rate).await.unwrap();
    assert_eq!(
        take(&store, "a", 1, rate).await,
        left(4),
        "what does not fit in is lost"
    );
}

#[tokio::test]
async fn stores_of_one_server_share_their_buckets_unless_their_prefixes_differ() {
    let Some(server) = Server::start() else {
        return;
    };
    let rate = an_hour(3);
    let other = server.store().prefix("other:");
    assert_eq!(take(&server.store(), "", 1, rate).await, left(2));
    assert_eq!(take(&server.store(), "", 1, rate).await, left(1));
    assert_eq!(take(&other, "", 1, rate).await, left(2));
}

#[tokio::test]
async fn tokens_come_by_the_servers_clock_however_fast() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = server.store();
    let quick = Rate::per(1, Duration::from_micros(50)).unwrap();
    for _ in 0..20 {
        while take(&store, "quick", 1, quick).await != left(0) {}
    }
    // Finer than the server's clock, and no token is made out of nothing.
    let fine = Rate::per(1, Duration::from_nanos(999)).unwrap();
    let fine = fine.burst(u32::MAX).unwrap();
    assert_eq!(take(&store, "fine", u32::MAX, fine).await, left(0));
    let full_in = Duration::from_nanos(999) * u32::MAX;
    assert!(comes_in(
        take(&store, "fine", u32::MAX, fine).await,
        full_in
    ));
}

#[tokio::test]
async fn a_bucket_that_is_full_again_leaves_nothing_behind() {
    let Some(server) = Server::start() else {
        return;
    };
    let client = redis::Client::open(&*server.address).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let (store, rate) = (server.store().prefix("p:"), an_hour(2));
    take(&store, "a", 1, rate).await;
    let command = redis::cmd("PTTL").arg("p:a").to_owned();
    let left: u64 = command.query_async(&mut connection).await.unwrap();
    assert!(Duration::from_millis(left) <= HOUR && Duration::from_millis(left) > HOUR - secs(60));
    store.refund("a", 1, rate).await.unwrap();
    let keys: u64 = redis::cmd("DBSIZE")
        .query_async(&mut connection)
        .await
        .unwrap();
    assert_eq!(keys, 0);
}

#[tokio::test]
async fn trap15_two_processes_keep_to_one_limit_in_redis_and_outlive_its_outage() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let process = || {
        let layer = RateLimitLayer::new(an_hour(3)).reject();
        // As long as a loaded machine may need; what is refused is refused at once.
        limited(&layer.store(server.store()).store_timeout(secs(10)))
    };
    let [(one, _), (other, _)] = [process(), process()];
    let mut granted = 0;
    for _ in 0..3 {
        for process in [&one, &other] {
            granted += u32::from(send(process, api()).await.is_ok());
        }
    }
    assert_eq!(granted, 3, "between them");
    let (third, _) = process();
    server.stop();
    assert!(send(&third, api()).await.is_ok(), "by its own bucket");
}

#[tokio::test]
async fn a_connection_that_is_lost_is_made_anew() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let (store, rate) = (server.store(), an_hour(3));
    take(&store, "a", 1, rate).await;
    server.stop();
    store.take("a", 1, rate).await.unwrap_err();
    let _again = Server::start_at(server.port).unwrap();
    let answer = tokio::time::timeout(secs(30), async {
        loop {
            if let Ok(verdict) = store.take("a", 1, rate).await {
                return verdict;
            }
        }
    });
    assert_eq!(
        answer.await.unwrap(),
        left(2),
        "the buckets are new as well"
    );
}

#[test]
fn an_address_that_leads_nowhere_is_refused_and_no_password_is_told() {
    for address in ["", "http://user:secret@host/", "redis://user:secret@"] {
        let error = Redis::new(address).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the address must be of the form redis://host:port/database"
        );
    }
    let store = Redis::new("redis://user:secret@127.0.0.1/").unwrap();
    assert!(!format!("{store:?}").contains("secret"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_without_the_address() {
    let port = free_port();
    let store = Redis::new(&format!("redis://user:secret@127.0.0.1:{port}/")).unwrap();
    let error = store.take("a", 1, an_hour(1)).await.unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(
        told.starts_with("the Redis server is of no use: "),
        "{told}"
    );
    assert!(!told.contains("secret"), "{told}");
}
