//! A Redis of a test's own. The test is skipped where there is none.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server in a folder of its own, which ends with this.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    folder: PathBuf,
    port: u16,
    flags: Vec<String>,
}

impl Server {
    /// With flags such as `--maxmemory 8mb`; nothing, and a message, where there is no Redis. In CI there
    /// has to be one.
    pub(crate) fn start(flags: &str) -> Option<Self> {
        let (port, folder) = place();
        let flags = flags.split_whitespace().map(str::to_owned).collect();
        let Some(child) = spawn(port, &folder, &flags) else {
            let _ = std::fs::remove_dir_all(folder);
            let in_ci = std::env::var_os("CI").is_some_and(|ci| !ci.is_empty());
            assert!(
                !in_ci,
                "there is no redis-server, and in CI there has to be"
            );
            eprintln!("skipped: there is no redis-server");
            return None;
        };
        let server = Self {
            child,
            folder,
            port,
            flags,
        };
        server.wait();
        Some(server)
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Ends it, and whatever it holds.
    pub(crate) fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again, at the same place.
    pub(crate) fn start_again(&mut self) {
        self.end();
        self.child = spawn(self.port, &self.folder, &self.flags).expect("it was there before");
        self.wait();
    }

    /// Sends it a signal, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        let done = Command::new("sh").args(["-c", &kill]).status();
        assert!(done.expect("a shell").success());
    }

    /// What it answers to a command, as it stands on the wire.
    pub(crate) fn raw(&self, command: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("it listens");
        let command = format!("{command}\r\nQUIT\r\n");
        stream.write_all(command.as_bytes()).expect("it reads");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    }

    /// A number that it answers.
    pub(crate) fn number(&self, command: &str) -> i64 {
        let answer = String::from_utf8(self.raw(command)).expect("text");
        let number = answer
            .strip_prefix(':')
            .and_then(|rest| rest.lines().next());
        number.and_then(|text| text.parse().ok()).expect("a number")
    }

    /// The names of all keys, of those that are text.
    pub(crate) fn keys(&self) -> Vec<String> {
        let answer = String::from_utf8_lossy(&self.raw("KEYS *")).into_owned();
        let lines = answer.lines().filter(|line| line.contains("cache"));
        lines.map(str::to_owned).collect()
    }

    /// How many keys there are, and the shortest and the longest time that one has to live, in milliseconds.
    pub(crate) fn times(&self) -> (i64, i64, i64) {
        let script = "local all = {} for _, key in ipairs(redis.call('KEYS', '*')) do \
                      all[#all + 1] = redis.call('PTTL', key) end table.sort(all) return ";
        let ask = |what: &str| self.number(&format!("EVAL \"{script}{what}\" 0"));
        (ask("#all"), ask("all[1]"), ask("all[#all]"))
    }

    fn wait(&self) {
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok()
                && self.raw("PING").starts_with(b"+PONG")
            {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("Redis does not answer");
    }
}

/// A free port, and a folder of its own.
fn place() -> (u16, PathBuf) {
    loop {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("an address").port();
        let name = format!("buttress-redis-{}-{port}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        // A process of the same number may have been killed.
        if std::fs::create_dir(&folder).is_ok() {
            return (port, folder);
        }
        assert!(folder.exists(), "{} cannot be made", folder.display());
    }
}

fn spawn(port: u16, folder: &PathBuf, flags: &Vec<String>) -> Option<Child> {
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    command.arg("--port").arg(port.to_string());
    command.arg("--dir").arg(folder).args(flags);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().ok()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
