//! Where a browser on this machine comes back to.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::authorization_code::SignIn;
use super::not_granted::{NotGranted, Problem};
use super::telemetry;
use crate::Token;
use crate::secret::Secret;

/// How long a visitor may take to say what he wants.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the head of his request may be, in bytes.
const LONGEST: usize = 16 * 1024;
/// How many are listened to at once. Browsers open connections ahead that they may never use.
const VISITORS: usize = 16;

/// How long nobody is let in after the system could not let somebody in.
const PAUSE: Duration = Duration::from_millis(100);

const PATH: &str = "/callback";

/// Listens on this machine for the browser that a user has signed in with, for programs on a command
/// line ([RFC 8252 §7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)).
///
/// It listens on `127.0.0.1`, at a port that the system chooses; the server must allow any port there,
/// as RFC 8252 asks. Whoever comes without this sign-in's state is turned away, and the wait goes on.
///
/// ```no_run
/// use std::time::Duration;
/// use buttress_auth::oauth2::{AuthorizationCode, ClientAuth, Loopback, TokenEndpoint};
///
/// # async fn sign_in(http_client: buttress_testkit::Scripted) -> Result<(), Box<dyn std::error::Error>> {
/// let client = ClientAuth::public("my-program")?;
/// let endpoint = TokenEndpoint::new(http_client, "https://id.example.com/token", client)?;
///
/// let listener = Loopback::bind().await?;
/// let authorize = "https://id.example.com/authorize";
/// let sign_in = AuthorizationCode::new(endpoint, authorize, &listener.redirect_url())?.begin();
/// println!("Open {}", sign_in.url());
/// let token = listener.finish(sign_in, Duration::from_secs(300)).await?;
/// # drop(token);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Loopback {
    listener: TcpListener,
    address: SocketAddr,
}

impl Loopback {
    /// Listens from now on.
    ///
    /// # Errors
    ///
    /// If the system has no port.
    ///
    /// # Cancellation
    ///
    /// Dropping the future frees the port.
    pub async fn bind() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Self {
            address: listener.local_addr()?,
            listener,
        })
    }

    /// Where the user has to be sent back to.
    #[must_use]
    pub fn redirect_url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Waits for the browser, for `limit` at most, and finishes the sign-in with what it brings.
    ///
    /// # Errors
    ///
    /// If nobody came in time ([`Problem::Expired`]), if the user refused, or if no token was
    /// granted.
    ///
    /// # Cancellation
    ///
    /// Dropping the future closes the listener and every connection.
    pub async fn finish(self, sign_in: SignIn, limit: Duration) -> Result<Token, NotGranted> {
        // As long as it can be said; a limit beyond that is none.
        let end = Instant::now().checked_add(limit);
        let answer = self.answer(&sign_in);
        let redirect = match end {
            Some(end) => timeout_at(end, answer).await.ok(),
            None => Some(answer.await),
        };
        drop(self);
        let redirect = redirect.ok_or_else(|| NotGranted::new(Problem::Expired))?;
        sign_in.finish(redirect.as_str()).await
    }

    /// The target of the first request that has the right state.
    async fn answer(&self, sign_in: &SignIn) -> Secret {
        let mut visitors = JoinSet::new();
        loop {
            tokio::select! {
                visitor = self.listener.accept(), if visitors.len() < VISITORS => match visitor {
                    Ok((stream, _)) => {
                        visitors.spawn(async move { timeout(PATIENCE, hear(stream)).await.ok()? });
                    }
                    // Out of descriptors, perhaps; that passes, and must not be asked in a loop.
                    Err(_) => sleep(PAUSE).await,
                },
                Some(visit) = visitors.join_next(), if !visitors.is_empty() => {
                    let Ok(Some((stream, target))) = visit else { continue };
                    let page = Page::for_target(target.as_str(), sign_in);
                    if page == Page::Done {
                        page.show(stream).await;
                        return target;
                    }
                    telemetry::turned_away(page.status());
                    // Whoever does not read his page holds up nobody else.
                    visitors.spawn(async move {
                        page.show(stream).await;
                        None
                    });
                }
            }
        }
    }
}

/// The target of a GET, once its head has arrived.
async fn hear(mut stream: TcpStream) -> Option<(TcpStream, Secret)> {
    let mut head = zeroize::Zeroizing::new(Vec::with_capacity(LONGEST));
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() >= LONGEST || stream.read_buf(&mut *head).await.ok()? == 0 {
            return None;
        }
    }
    let line = head.split(|byte| *byte == b'\r').next()?;
    let target = target(std::str::from_utf8(line).ok()?).map(Secret::new)?;
    Some((stream, target))
}

/// The target of a request line, if it is a GET of HTTP/1.
fn target(line: &str) -> Option<&str> {
    let (target, version) = line.strip_prefix("GET ")?.split_once(' ')?;
    (target.starts_with('/') && version.starts_with("HTTP/1.")).then_some(target)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Done,
    WrongState,
    Elsewhere,
}

impl Page {
    fn for_target(target: &str, sign_in: &SignIn) -> Self {
        let path = target.split('?').next().unwrap_or(target);
        if path != PATH {
            Self::Elsewhere
        } else if sign_in.is_answered_by(target) {
            Self::Done
        } else {
            Self::WrongState
        }
    }

    const fn status(self) -> u16 {
        match self {
            Self::Done => 200,
            Self::WrongState => 400,
            Self::Elsewhere => 404,
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Done => "You can close this window and return to the program.",
            Self::WrongState => "This sign-in was not begun by the program that is waiting here.",
            Self::Elsewhere => "There is nothing here.",
        }
    }

    /// Whether the page arrives is the browser's affair.
    async fn show(self, stream: TcpStream) {
        let _ = timeout(PATIENCE, self.write(stream)).await;
    }

    async fn write(self, mut stream: TcpStream) -> io::Result<()> {
        let (status, text) = (self.status(), self.text());
        let page = format!("<!doctype html><meta charset=utf-8><title>Sign-in</title><p>{text}");
        let length = page.len();
        // The code is in this page's URI, and must go no further.
        let head = format!(
            "HTTP/1.1 {status} \r\ncontent-type: text/html; charset=utf-8\r\n\
             content-length: {length}\r\ncontent-security-policy: default-src 'none'\r\n\
             referrer-policy: no-referrer\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(page.as_bytes()).await?;
        stream.shutdown().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_get_has_a_target() {
        assert_eq!(
            target("GET /callback?code=a HTTP/1.1"),
            Some("/callback?code=a")
        );
        for wrong in [
            "",
            "GET /",
            "GET  HTTP/1.1",
            "GET http://a/ HTTP/1.1",
            "POST /callback HTTP/1.1",
            "GET /callback HTTP/2",
        ] {
            assert_eq!(target(wrong), None, "{wrong}");
        }
    }
}
