//! nginx: ranges and large files.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use buttress::{Client, progress};
use futures_util::StreamExt;

/// 100 MB, nearly all of it a hole.
const LENGTH: u64 = 100_000_000;

/// nginx over a folder of its own.
struct Nginx {
    folder: PathBuf,
    address: SocketAddr,
    server: Child,
}

impl Nginx {
    fn start(name: &str) -> Option<Self> {
        let folder =
            std::env::temp_dir().join(format!("buttress-nginx-{}-{name}", std::process::id()));
        fs::create_dir_all(folder.join("files")).unwrap();
        // It is free again, and nginx cannot be told to choose.
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let at = folder.display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary
            .map(|kind| format!("{kind}_temp_path {at}/{kind};"))
            .join("\n");
        let settings = format!(
            "daemon off; master_process off; pid {at}/pid; error_log {at}/error.log;
            events {{}}
            http {{ access_log off; {temporary}
                server {{ listen {address}; root {at}/files; }} }}"
        );
        fs::write(folder.join("nginx.conf"), settings).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-e").arg(folder.join("error.log"));
        command
            .arg("-c")
            .arg(folder.join("nginx.conf"))
            .arg("-p")
            .arg(&folder);
        let server = match command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
        {
            Ok(server) => server,
            Err(error) => {
                eprintln!("skipped: nginx does not start: {error}");
                return None;
            }
        };
        while TcpStream::connect(address).is_err() {
            thread::sleep(Duration::from_millis(10));
        }
        let nginx = Self {
            folder,
            address,
            server,
        };
        nginx.write(1);
        Some(nginx)
    }

    /// Writes the file anew: a mark at each end, another for each version.
    fn write(&self, version: u8) {
        let new = self.folder.join("new");
        let mut file = File::create(&new).unwrap();
        file.set_len(LENGTH).unwrap();
        for at in [0, LENGTH / 2, LENGTH - 1] {
            file.seek(SeekFrom::Start(at)).unwrap();
            file.write_all(&[version]).unwrap();
        }
        fs::rename(new, self.folder.join("files/large.bin")).unwrap();
        let age = Duration::from_secs(u64::from(version) * 1000);
        let file = File::options()
            .write(true)
            .open(self.folder.join("files/large.bin"))
            .unwrap();
        file.set_modified(std::time::UNIX_EPOCH + age).unwrap();
    }
}

/// The file has all its bytes, and the marks of this version.
fn is_here(path: &Path, version: u8) {
    let mut file = File::open(path).unwrap();
    assert_eq!(file.metadata().unwrap().len(), LENGTH);
    for at in [0, LENGTH / 2, LENGTH - 1] {
        let mut mark = [0];
        file.seek(SeekFrom::Start(at)).unwrap();
        file.read_exact(&mut mark).unwrap();
        assert_eq!(mark, [version], "at {at}");
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// A connection in between that is cut after so many bytes of answers, each given once.
fn cutting(to: SocketAddr, after: &'static [u64]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (number, client) in listener.incoming().enumerate() {
            let Ok(mut client) = client else { return };
            let server = TcpStream::connect(to).unwrap();
            let (mut up, mut to_server) =
                (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut up, &mut to_server).ok());
            let most = after.get(number).copied().unwrap_or(u64::MAX);
            thread::spawn(move || {
                let mut answers = server.try_clone().unwrap().take(most);
                std::io::copy(&mut answers, &mut client).ok();
                client.shutdown(std::net::Shutdown::Both).ok();
                server.shutdown(std::net::Shutdown::Both).ok();
            });
        }
    });
    format!("http://{address}")
}

fn client(base: &str) -> Client {
    Client::builder().base_uri(base).build().unwrap()
}

#[tokio::test]
async fn ic61_a_hundred_megabytes_come_whole_through_a_line_that_is_cut_twice() {
    let Some(nginx) = Nginx::start("cut") else {
        return;
    };
    let base = cutting(nginx.address, &[LENGTH / 3, LENGTH / 3]);
    let path = nginx.folder.join("got.bin");
    let (meter, counts) = progress::meter();
    let last = tokio::spawn(counts.fold((0, 0), async |(most, _), count| {
        assert!(count.done() >= most, "it never goes back");
        (count.done(), count.total().unwrap_or_default())
    }));
    let download = client(&base)
        .get("/large.bin")
        .download(&path)
        .progress(meter);
    let done = download.send().await.unwrap();
    assert_eq!(
        (done.bytes(), done.resumed_at(), done.requests()),
        (LENGTH, 0, 3)
    );
    assert_eq!(last.await.unwrap(), (LENGTH, LENGTH));
    is_here(&path, 1);
}

#[tokio::test]
async fn a_file_that_changed_after_the_cut_is_fetched_anew() {
    let Some(nginx) = Nginx::start("changed") else {
        return;
    };
    let base = cutting(nginx.address, &[LENGTH / 3]);
    let path = nginx.folder.join("got.bin");
    let client = client(&base);
    let cut = client
        .get("/large.bin")
        .download(&path)
        .resumes(0)
        .send()
        .await;
    assert!(cut.unwrap_err().is_transport());
    assert!(!path.exists() && nginx.folder.join("got.bin.part").exists());
    nginx.write(2);
    let done = client
        .get("/large.bin")
        .download(&path)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (done.bytes(), done.resumed_at(), done.requests()),
        (LENGTH, 0, 1)
    );
    is_here(&path, 2);
    assert!(!nginx.folder.join("got.bin.part.tag").exists());
}

#[tokio::test]
async fn a_later_download_takes_up_an_earlier_one() {
    let Some(nginx) = Nginx::start("later") else {
        return;
    };
    let base = cutting(nginx.address, &[LENGTH / 2 + 1000]);
    let path = nginx.folder.join("got.bin");
    let client = client(&base);
    let download = || client.get("/large.bin").download(&path);
    download().resumes(0).send().await.unwrap_err();
    let had = fs::metadata(nginx.folder.join("got.bin.part"))
        .unwrap()
        .len();
    let done = download().send().await.unwrap();
    assert_eq!(
        (done.bytes(), done.resumed_at(), done.requests()),
        (LENGTH, had, 1)
    );
    assert!(had > 0);
    is_here(&path, 1);
}

#[tokio::test]
async fn a_range_behind_the_end_is_a_416_that_says_how_long_the_file_is() {
    let Some(nginx) = Nginx::start("range") else {
        return;
    };
    let client = client(&format!("http://{}", nginx.address));
    let range = |range: &str| client.get("/large.bin").header("range", range).send();
    let behind = range(&format!("bytes={LENGTH}-")).await.unwrap();
    assert_eq!(behind.status(), 416);
    assert_eq!(
        behind.headers()["content-range"],
        format!("bytes */{LENGTH}")
    );
    let last = range("bytes=-1").await.unwrap();
    assert_eq!(
        (last.status().as_u16(), &last.bytes().await.unwrap()[..]),
        (206, &[1][..])
    );
    // All of it had come when the program ended: nothing is left to ask for.
    let path = nginx.folder.join("got.bin");
    let base = cutting(nginx.address, &[LENGTH / 2]);
    let client = self::client(&base);
    let download = || client.get("/large.bin").download(&path);
    download().resumes(0).send().await.unwrap_err();
    fs::copy(
        nginx.folder.join("files/large.bin"),
        nginx.folder.join("got.bin.part"),
    )
    .unwrap();
    let done = download().send().await.unwrap();
    assert_eq!(
        (done.bytes(), done.resumed_at(), done.requests()),
        (LENGTH, LENGTH, 1)
    );
    is_here(&path, 1);
}
