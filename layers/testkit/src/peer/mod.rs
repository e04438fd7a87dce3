//! Real servers on this machine, and enough of HTTP to speak to them.
//!
//! A test that needs one asks for it, and returns when it is not installed: `tests/run` installs all
//! of them and says where they are.

mod wire;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

pub use self::wire::{Wire, send};

/// A server in a process of its own, which ends with the test.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    /// Kept open: some servers end when they cannot write.
    _output: Lines<BufReader<ChildStdout>>,
    base: String,
}

impl Peer {
    /// A server written in Python (`httpbin`, `localstripe`); `None`, with a message, when the
    /// environment's `BUTTRESS_PEERS_PYTHON` names no interpreter that has it.
    #[must_use]
    pub fn python(name: &str) -> Option<Self> {
        let Some(python) = std::env::var_os("BUTTRESS_PEERS_PYTHON") else {
            eprintln!("skipped: BUTTRESS_PEERS_PYTHON names no Python with {name} in it");
            return None;
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/peers/serve.py");
        Some(Self::start(
            Command::new(python).args([OsStr::new(script), OsStr::new(name)]),
        ))
    }

    /// Starts a server that writes `listening on ` and a port or an address of loopback when it is
    /// ready, and ends when its standard input does.
    ///
    /// # Panics
    ///
    /// If it does not start, or ends without a word.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let output = child.stdout.take().expect("it was piped");
        let mut output = BufReader::new(output).lines();
        let mut lines = output.by_ref().map_while(Result::ok);
        let place = lines.find_map(|line| Some(line.strip_prefix("listening on ")?.to_owned()));
        let place = place.expect("the server listens");
        let base = if place.contains(':') {
            format!("http://{place}")
        } else {
            format!("http://127.0.0.1:{place}")
        };
        Self {
            child,
            _output: output,
            base,
        }
    }

    /// Where it is, without a slash at the end.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The URL of a path that begins with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
