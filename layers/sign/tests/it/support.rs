//! What the tests share.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use buttress_kernel::Body;
use buttress_sign::{Payload, Sign, SignError};
use http::Request;
use http::request::Parts;
use tracing_subscriber::fmt::MakeWriter;

use crate::secrets;

/// 2025-06-15T12:00:00Z.
pub(crate) fn now() -> SystemTime {
    secrets::guard();
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_749_988_800)
}

pub(crate) const URI: &str = "https://api.example.com/orders?page=2";

pub(crate) fn request(body: impl Into<Body>) -> Request<Body> {
    secrets::guard();
    Request::post(URI).body(body.into()).unwrap()
}

/// A stream, though of nothing but these bytes.
pub(crate) fn stream(bytes: &'static str) -> Body {
    Body::stream(http_body_util::Full::new(bytes::Bytes::from(bytes)))
}

#[cfg_attr(
    not(any(feature = "hmac", feature = "message-signatures")),
    allow(dead_code, reason = "the schemes' tests need it")
)]
pub(crate) fn head(request: Request<impl Sized>) -> Parts {
    request.into_parts().0
}

/// Says the time and the length of the body in a header, and refuses streams.
#[derive(Debug)]
pub(crate) struct Stamp;

impl Sign for Stamp {
    fn scheme(&self) -> &'static str {
        "stamp"
    }

    fn sign(&self, head: &mut Parts, body: Payload<'_>, now: SystemTime) -> Result<(), SignError> {
        let secs = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let stamp = format!("{secs} {}", body.bytes()?.len());
        head.headers.insert("x-stamp", stamp.parse().unwrap());
        Ok(())
    }
}

/// What was logged, as text.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        secrets::assert_hidden(&String::from_utf8_lossy(bytes));
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything that anybody logs from now on, traces of other crates included.
pub(crate) fn listen() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .without_time()
        .finish();
    // It wants to hear of everything, so nothing is remembered as unwanted.
    crate::secrets::guard();
    (log, tracing::subscriber::set_default(subscriber))
}
