//! Where the gateway's cache keeps its responses, seen from outside.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::cache::numbered;
use crate::support::gateway::{Gateway, example, text};
use crate::support::redis::Server;

/// A folder that goes with this.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("buttress-gateway-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn flag(&self) -> String {
        format!("--cache shared --cache-store disk:{}", self.0.display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Waits until a response is in the store, which it is a moment after its last byte has gone out.
fn until_stored(gateway: &mut Gateway) {
    loop {
        let line = gateway.next_line();
        assert!(!line.is_empty(), "it has ended");
        if line.contains(r#""message":"stored""#) {
            return;
        }
    }
}

/// Asks for the same through a gateway, its successor, and another one beside it.
async fn filled_and_found_again(flags: &str) {
    let upstream = numbered().await;
    let mut gateway = Gateway::start(&upstream.uri(), &format!("{flags} --events"));
    for path in ["/", "/300000"] {
        assert!(!text(gateway.get(path).await).await.is_empty());
        until_stored(&mut gateway);
    }
    for path in ["/", "/300000"] {
        assert!(!text(gateway.get(path).await).await.is_empty());
    }
    assert_eq!(
        upstream.requests(),
        2,
        "{flags}: the second time from the store"
    );
    gateway.terminate();
    assert!(gateway.wait().0.success());

    let gateway = Gateway::start(&upstream.uri(), flags);
    for (path, length) in [("/", 1), ("/300000", 300_001)] {
        let response = gateway.get(path).await;
        let status = response.headers()["cache-status"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(status.starts_with("buttress; hit"), "{flags}: {status}");
        assert!(response.headers().contains_key("age"));
        assert_eq!(text(response).await.len(), length);
    }
    assert_eq!(
        upstream.requests(),
        2,
        "{flags}: nothing was asked for again"
    );
}

#[tokio::test]
async fn what_is_on_disk_is_found_after_a_restart() {
    let folder = Folder::new();
    filled_and_found_again(&folder.flag()).await;
}

#[tokio::test]
async fn what_is_in_redis_is_found_after_a_restart_and_by_others() {
    let Some(server) = Server::start("") else {
        return;
    };
    let flags = format!("--cache shared --cache-store redis:{}", server.url());
    filled_and_found_again(&flags).await;

    // The scheme is said once as well.
    let upstream = numbered().await;
    let flags = [flags.replace("redis:redis:", "redis:"), flags];
    let start = |flags| Gateway::start(&upstream.uri(), &format!("{flags} --events"));
    let [mut one, other] = flags.map(start);
    assert_eq!(text(one.get("/shared").await).await, "0");
    until_stored(&mut one);
    assert_eq!(text(other.get("/shared").await).await, "0");
    assert_eq!(upstream.requests(), 1);
}

#[tokio::test]
async fn memory_is_empty_after_a_restart() {
    let upstream = numbered().await;
    for answer in ["0", "1"] {
        let gateway = Gateway::start(&upstream.uri(), "--cache shared --cache-store memory");
        assert_eq!(text(gateway.get("/").await).await, answer);
        assert_eq!(text(gateway.get("/").await).await, answer);
    }
}

#[tokio::test]
async fn a_redis_that_stops_to_answer_is_a_miss_and_no_outage() {
    let Some(mut server) = Server::start("") else {
        return;
    };
    let upstream = numbered().await;
    let flags = format!(
        "--cache shared --events --cache-store redis:{}",
        server.url()
    );
    let mut gateway = Gateway::start(&upstream.uri(), &flags);
    assert_eq!(text(gateway.get("/").await).await, "0");
    server.signal("STOP");
    // Each asks for something else: a response may be shared while it is still on its way to the store.
    assert_eq!(text(gateway.get("/?stalled").await).await, "1");
    server.signal("CONT");
    server.end();
    assert_eq!(text(gateway.get("/?gone").await).await, "2");
    gateway.terminate();
    let mut told = false;
    loop {
        let line = gateway.next_line();
        told |= line.contains("the store failed");
        if line.is_empty() {
            break;
        }
    }
    assert!(told, "an event says so");
}

#[test]
fn a_store_that_cannot_be_used_is_a_clear_error_and_exit_code_2() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let unreachable = format!("redis:redis://:sesame@{address}/0");
    for (flags, words) in [
        ("--cache-store memory", "--cache"),
        (
            "--cache shared --cache-store sesame",
            "memory, disk:DIR or redis:URL",
        ),
        (
            "--cache shared --cache-store memory:sesame",
            "memory, disk:DIR or redis:URL",
        ),
        ("--cache shared --cache-store disk", "names a folder"),
        ("--cache shared --cache-store disk:", "names a folder"),
        (
            "--cache shared --cache-store disk:/proc/nowhere",
            "may write there",
        ),
        ("--cache shared --cache-store redis:", "names a Redis"),
        (
            "--cache shared --cache-store redis:http://sesame@a/",
            "redis://HOST:PORT",
        ),
        (
            "--cache shared --cache-size 9 --cache-store redis://a",
            "maxmemory",
        ),
        ("--cache-secret env:PATH", "--cache"),
        (
            "--cache private --cache-secret sesame",
            "file:PATH or env:NAME",
        ),
        (
            "--cache private --cache-secret env:BUTTRESS_NO_SESAME",
            "not set",
        ),
        (
            "--cache private --cache-secret file:/sesame",
            "cannot be read",
        ),
        ("--cache private --cache-secret file:/dev/null", "32 bytes"),
        (
            "--cache shared --cache-secret env:PATH",
            "does not tell users apart",
        ),
        (
            &format!("--cache shared --cache-store {unreachable}"),
            "see that it runs there",
        ),
    ] {
        let mut gateway = example("gateway");
        gateway.args([
            "--listen",
            "127.0.0.1:0",
            "--upstream",
            "http://127.0.0.1:9",
        ]);
        let output = gateway.args(flags.split(' ')).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{flags}: {said}");
        assert!(said.contains(words), "{flags}: {said}");
        assert!(!said.contains("sesame"), "{flags}: {said}");
        assert!(
            output.stdout.is_empty(),
            "{flags}: it does not say that it listens"
        );
    }
}

#[tokio::test]
async fn users_are_known_again_by_a_gateway_that_has_the_same_secret() {
    let (folder, secrets) = (Folder::new(), Folder::new());
    std::fs::create_dir_all(&secrets.0).unwrap();
    let upstream = numbered().await;
    let disk = folder.flag().replace("shared", "private");
    for (secret, asked) in [("a", 1), ("a", 1), ("b", 2)] {
        let file = secrets.0.join(secret);
        std::fs::write(&file, format!("{}\n", secret.repeat(32))).unwrap();
        let flags = format!("{disk} --events --cache-secret file:{}", file.display());
        let mut gateway = Gateway::start(&upstream.uri(), &flags);
        let request = http::Request::get("/").header("authorization", "Bearer t");
        let body = http_body_util::Full::<bytes::Bytes>::default();
        let before = upstream.requests();
        text(gateway.send(request.body(body).unwrap()).await).await;
        assert_eq!(upstream.requests(), asked, "{secret}");
        if upstream.requests() > before {
            until_stored(&mut gateway);
        }
        gateway.terminate();
        assert!(gateway.wait().0.success());
    }
}

#[tokio::test]
async fn two_gateways_cannot_use_one_folder() {
    let folder = Folder::new();
    let upstream = numbered().await;
    let gateway = Gateway::start(&upstream.uri(), &folder.flag());
    let flags = folder.flag();
    let mut other = example("gateway");
    other.args(["--listen", "127.0.0.1:0", "--upstream", &upstream.uri()]);
    let output = other.args(flags.split(' ')).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("another process"), "{said}");
    assert_eq!(text(gateway.get("/").await).await, "0");
}
