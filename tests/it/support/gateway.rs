//! The gateway example as a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A running gateway; killed when dropped.
#[derive(Debug)]
pub(crate) struct Gateway {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: String,
}

/// An example's binary, which cargo builds beside the tests.
pub(crate) fn example(name: &str) -> Command {
    let tests: PathBuf = std::env::current_exe().unwrap();
    let target = tests.parent().and_then(|deps| deps.parent()).unwrap();
    let binary = target.join("examples").join(name);
    assert!(
        binary.exists(),
        "{} is missing; run `cargo build --examples`",
        binary.display()
    );
    Command::new(binary)
}

impl Gateway {
    /// Starts it on a free port and waits until it says that it listens.
    pub(crate) fn start(upstream: &str, flags: &str) -> Self {
        let mut child = example("gateway")
            .args(["--listen", "127.0.0.1:0", "--upstream", upstream])
            .args(flags.split_whitespace())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on ")
            .expect(&line)
            .to_owned();
        Self {
            child,
            stdout,
            address,
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A GET of this path.
    pub(crate) async fn get(&self, path: &str) -> Response<Incoming> {
        self.send(Request::get(path).body(Full::default()).unwrap())
            .await
    }

    /// Sends a request whose URI is a path, on a connection of its own.
    pub(crate) async fn send(&self, mut request: Request<Full<Bytes>>) -> Response<Incoming> {
        let uri = format!("http://{}{}", self.address, request.uri());
        *request.uri_mut() = uri.parse().unwrap();
        let client: Client<HttpConnector, _> = Client::builder(TokioExecutor::new())
            .http2_only(request.version() == http::Version::HTTP_2)
            .build_http();
        client.request(request).await.unwrap()
    }

    /// A connection by hand, on which nobody waits for ever.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        let patience = Some(Duration::from_secs(30));
        stream.set_read_timeout(patience).unwrap();
        stream
    }

    /// Says these bytes on a connection of their own, and returns all that comes until its end.
    pub(crate) fn exchange(&self, request: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_ref()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// The next line on standard output.
    pub(crate) fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        let kill = Command::new("kill")
            .arg(self.pid().to_string())
            .status()
            .unwrap();
        assert!(kill.success());
    }

    /// Waits for its end; what it said on standard error is the second half.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap(), said)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A body, collected.
pub(crate) async fn text(response: Response<Incoming>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A problem document and its layer.
pub(crate) async fn layer(response: Response<Incoming>) -> String {
    let kind = response.headers().get("content-type").cloned();
    let document: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(kind.unwrap(), "application/problem+json");
    assert!(!document["detail"].as_str().unwrap().is_empty());
    document["layer"].as_str().unwrap().to_owned()
}
