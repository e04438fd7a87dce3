use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::{self, Connected};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::wire::Connection;

/// A connection to a server or a proxy, plain or under TLS.
pub(super) type Direct = MaybeHttpsStream<TokioIo<TcpStream>>;
/// A connection to a server through a connection to a proxy.
pub(super) type Tunnelled = MaybeHttpsStream<Direct>;

/// What hyper reads from and writes to: it notes on the [`Connection`] who spoke last.
///
/// It stands above TLS, since a session ticket or a closing alert is no answer.
pub(super) struct Stream {
    io: Io,
    connection: Connection,
    /// Whether the peer is a proxy that forwards, and so wants the whole URI.
    forwarded: bool,
    /// As ALPN chose, or as both sides know.
    http2: bool,
}

#[expect(clippy::large_enum_variant, reason = "the large one is the usual one")]
enum Io {
    Direct(TokioIo<Direct>),
    // Boxed, so that the usual stream is not made as large as two TLS sessions.
    Tunnelled(Box<TokioIo<Tunnelled>>),
}

impl Stream {
    pub(super) fn direct(io: Direct) -> Self {
        Self::new(Io::Direct(TokioIo::new(io)))
    }

    pub(super) fn forwarded(io: Direct) -> Self {
        let mut stream = Self::direct(io);
        stream.forwarded = true;
        stream
    }

    pub(super) fn tunnelled(io: Tunnelled) -> Self {
        Self::new(Io::Tunnelled(Box::new(TokioIo::new(io))))
    }

    fn new(io: Io) -> Self {
        let connected = io.connected();
        Self {
            io,
            http2: connected.is_negotiated_h2(),
            connection: Connection::of(&connected),
            forwarded: false,
        }
    }

    /// The same, where HTTP/2 is spoken whatever ALPN says.
    pub(super) const fn with_http2(mut self, known: bool) -> Self {
        self.http2 |= known;
        self
    }

    pub(super) const fn speaks_http2(&self) -> bool {
        self.http2
    }
}

impl Io {
    fn connected(&self) -> Connected {
        match self {
            Self::Direct(io) => connect::Connection::connected(io.inner()),
            Self::Tunnelled(io) => connect::Connection::connected(io.inner()),
        }
    }
}

impl connect::Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new()
            .proxy(self.forwarded)
            .extra(self.connection.clone());
        if self.http2 {
            connected.negotiated_h2()
        } else {
            connected
        }
    }
}

/// Calls the method on whichever stream there is.
macro_rules! delegate {
    ($self:ident.$method:ident($($argument:expr),*)) => {
        match &mut $self.io {
            Io::Direct(io) => Pin::new(io).$method($($argument),*),
            Io::Tunnelled(io) => Pin::new(&mut **io).$method($($argument),*),
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(delegate!(self.poll_read(cx, buf)))?;
        if buf.filled().len() > before {
            self.connection.listened();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.connection.spoke();
        delegate!(self.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.connection.spoke();
        delegate!(self.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Direct(io) => io.is_write_vectored(),
            Io::Tunnelled(io) => io.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self.poll_shutdown(cx))
    }
}
