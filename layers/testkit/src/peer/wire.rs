use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_kernel::{Body, BoxError};
use http::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower_service::Service;

/// Enough of HTTP/1.1 to speak to a server on this machine: a layer knows no transport, so its tests
/// need one. A connection for each request, and bodies of bytes only.
#[derive(Clone, Copy, Debug)]
pub struct Wire;

impl Service<Request<Body>> for Wire {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async move { Ok(send(request).await?.map(Body::from)) })
    }
}

/// Sends a request over a connection of its own, and reads the whole response.
///
/// # Errors
///
/// When the server cannot be reached or does not speak HTTP, or the body is a stream.
pub async fn send(request: Request<Body>) -> Result<Response<Vec<u8>>, BoxError> {
    let uri = request.uri();
    let authority = uri.authority().ok_or("no authority")?;
    let target = uri.path_and_query().ok_or("no path")?;
    let body = request.body().as_bytes().ok_or("a body of bytes")?;
    let mut text = format!(
        "{} {target} HTTP/1.1\r\nhost: {authority}\r\n",
        request.method()
    );
    text += &format!("connection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in request.headers() {
        text += &format!("{name}: {}\r\n", value.to_str()?);
    }
    text += "\r\n";
    let mut stream = TcpStream::connect(authority.as_str()).await?;
    stream.write_all(text.as_bytes()).await?;
    stream.write_all(body).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    read(&answer).ok_or_else(|| "not HTTP".into())
}

fn read(answer: &[u8]) -> Option<Response<Vec<u8>>> {
    let end = answer.windows(4).position(|end| end == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?;
    let mut response = Response::builder().status(status);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        response = response.header(name, value.trim());
    }
    let body = &answer[end + 4..];
    let chunked = head
        .to_ascii_lowercase()
        .contains("transfer-encoding: chunked");
    let body = if chunked {
        unchunked(body)?
    } else {
        body.to_vec()
    };
    response.body(body).ok()
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = rest.windows(2).position(|end| end == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        if length == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(rest.get(end + 2..end + 2 + length)?);
        rest = rest.get(end + 2 + length + 2..)?;
    }
}

#[test]
fn chunks_are_joined() {
    let answer =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
    assert_eq!(read(answer).unwrap().into_body(), b"abcd");
}
