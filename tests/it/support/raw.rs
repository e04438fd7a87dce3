//! A server that answers with whatever bytes it is told to, on threads of its own.
//!
//! Blocking on purpose: a test can hold its runtime still until the server has done something, and
//! so decide what the client notices first.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A listener on loopback; each connection is played by a script.
pub(crate) struct Raw {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Raw {
    /// Plays `script` on every connection; it is given the connection's number, from 1 on.
    pub(crate) fn each(script: impl Fn(usize, Peer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (script, count) = (Arc::new(script), Arc::clone(&connections));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                let script = Arc::clone(&script);
                thread::spawn(move || script(number, Peer(stream.unwrap())));
            }
        });
        Self {
            address,
            connections,
        }
    }

    /// Answers each request of each connection with the same bytes and keeps the connection.
    pub(crate) fn always(answer: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self::each(move |_, mut peer| {
            while peer.hear().is_some() {
                peer.say(answer.as_ref());
            }
        })
    }

    /// Answers the first request of each connection with these bytes and closes the connection.
    pub(crate) fn once(answer: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self::each(move |_, mut peer| {
            peer.hear();
            peer.say(answer.as_ref());
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn uri(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many connections were accepted.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A port on loopback where nobody listens.
pub(crate) fn refused() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// The server's end of a connection. Dropping it closes the connection; where bytes lie unread, the
/// operating system resets it instead.
pub(crate) struct Peer(TcpStream);

impl Peer {
    /// Reads one request: its head, and as much body as its `content-length` says. `None` at the end.
    pub(crate) fn hear(&mut self) -> Option<String> {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if self.0.read(&mut byte).ok()? == 0 {
                return None;
            }
            request.push(byte[0]);
        }
        let mut text = String::from_utf8(request).unwrap();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body).ok()?;
        text.push_str(&String::from_utf8(body).unwrap());
        Some(text)
    }

    /// Waits for the head of a request and leaves it unread, so that closing is a reset.
    pub(crate) fn overhear(&mut self) {
        let mut bytes = [0; 4096];
        loop {
            let seen = self.0.peek(&mut bytes).unwrap();
            if bytes[..seen].windows(4).any(|end| end == b"\r\n\r\n") {
                return;
            }
            thread::yield_now();
        }
    }

    /// Reads exactly this many bytes.
    pub(crate) fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Writes, whether or not anybody still reads.
    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.try_say(bytes);
    }

    /// Writes, and tells whether it could.
    pub(crate) fn try_say(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.0.write_all(bytes.as_ref())
    }

    /// The connection itself.
    pub(crate) fn into_inner(self) -> TcpStream {
        self.0
    }

    /// Ends our side and waits until the other has ended its own, so that nothing is ever reset.
    pub(crate) fn part(mut self) {
        let _ = self.0.shutdown(Shutdown::Write);
        let _ = io::copy(&mut self.0, &mut io::sink());
    }

    /// Waits until the other side ends the connection, or longer than any test.
    pub(crate) fn linger(mut self) {
        let _ = io::copy(&mut self.0, &mut io::sink());
    }
}

#[cfg(feature = "http2")]
pub(crate) use self::http2::*;

#[cfg(feature = "http2")]
mod http2 {
    use super::Peer;

    /// HTTP/2 by hand.
    impl Peer {
        /// Reads the client's preface and says ours.
        pub(crate) fn greet(&mut self) {
            assert_eq!(self.take(24).unwrap(), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
            self.say_frame(SETTINGS, 0, 0, &[]);
        }

        /// Reads frames until the head of a request, and returns its stream.
        pub(crate) fn hear_headers(&mut self) -> Option<u32> {
            loop {
                let (kind, stream) = self.hear_any_frame()?;
                if kind == HEADERS {
                    return Some(stream);
                }
            }
        }

        /// Reads a frame and returns its type.
        pub(crate) fn hear_frame(&mut self) -> Option<u8> {
            self.hear_any_frame().map(|(kind, _)| kind)
        }

        /// Reads a frame, acknowledges settings, and returns the frame's type and stream.
        fn hear_any_frame(&mut self) -> Option<(u8, u32)> {
            let head = self.take(9)?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            self.take(length as usize)?;
            let (kind, flags) = (head[3], head[4]);
            if kind == SETTINGS && flags & ACK == 0 {
                self.say_frame(SETTINGS, ACK, 0, &[]);
            }
            Some((
                kind,
                u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
            ))
        }

        pub(crate) fn say_frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
            let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
            frame.extend([kind, flags]);
            frame.extend(stream.to_be_bytes());
            frame.extend(payload);
            self.say(frame);
        }

        /// Resets a stream with this code.
        pub(crate) fn reset_stream(&mut self, stream: u32, code: u32) {
            self.say_frame(RST_STREAM, 0, stream, &code.to_be_bytes());
        }

        /// Goes away, having seen streams up to `last`.
        pub(crate) fn go_away(&mut self, last: u32, code: u32) {
            let payload = [last.to_be_bytes(), code.to_be_bytes()].concat();
            self.say_frame(GOAWAY, 0, 0, &payload);
        }
    }

    /// A frame's type, RFC 9113 §6.
    pub(crate) const DATA: u8 = 0;
    pub(crate) const HEADERS: u8 = 1;
    pub(crate) const RST_STREAM: u8 = 3;
    pub(crate) const SETTINGS: u8 = 4;
    pub(crate) const PING: u8 = 6;
    pub(crate) const GOAWAY: u8 = 7;

    pub(crate) const ACK: u8 = 1;
    pub(crate) const END_STREAM: u8 = 1;
    pub(crate) const END_HEADERS: u8 = 4;

    /// `:status: 200`, as HPACK's static table has it.
    pub(crate) const STATUS_200: u8 = 0x88;
}
