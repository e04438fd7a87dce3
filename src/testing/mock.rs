use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

mod state;

use self::state::{Expectation, State};
pub(super) use self::state::{Shared, Verdict};
use super::transport::MockTransport;
use super::{Call, Expect, Redaction, Unmet};
use crate::client::erase;

/// A server that is not there: it takes the transport's place under a client's whole stack.
///
/// It is strict. A request that no expectation is about, or one too many, fails with an error that
/// says what came and what was expected; and when the mock is dropped, or [`verify`](Self::verify) is
/// called, what was expected and did not come fails the test, and so does what came unexpectedly,
/// whatever became of the error. Of several expectations for a request the first takes it that has
/// not had all its calls.
///
/// Delays and hangs follow tokio's clock, so a test with `start_paused = true` takes no time.
///
/// ```
/// use buttress::Client;
/// use buttress::testing::{Expect, Mock, Reply};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mock = Mock::new().base_uri("https://api.example.com/v1");
/// let client = Client::builder()
///     .base_uri("https://api.example.com/v1")
///     .build_over(mock.transport())?;
///
/// let ada = mock.expect(
///     Expect::get("/users/{id}")
///         .path("id", 42)
///         .reply(Reply::status(503))
///         .reply(Reply::ok().json(&"Ada")),
/// );
/// let name: String = client.get("/users/{id}").path("id", 42).send().await?.json().await?;
///
/// assert_eq!(name, "Ada");
/// assert_eq!(ada.calls()[1].attempt(), 2);
/// mock.verify();
/// # Ok(())
/// # }
/// ```
pub struct Mock {
    shared: Arc<Shared>,
    /// Whether somebody has asked already how it went.
    is_checked: bool,
}

impl Mock {
    /// A mock that expects nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shared: Arc::default(),
            is_checked: false,
        }
    }

    /// The URI under which relative templates lie: the client's own.
    ///
    /// # Panics
    ///
    /// If it is no absolute URI.
    #[must_use]
    pub fn base_uri(self, uri: &str) -> Self {
        let base = uri
            .parse()
            .unwrap_or_else(|fault| panic!("{uri:?}: {fault}"));
        self.set(|state| state.base = Some(base))
    }

    /// Waits so long before each reply, besides the reply's own delay.
    #[must_use]
    pub fn delay(self, delay: Duration) -> Self {
        self.set(|state| state.delay = delay)
    }

    /// Expects things in the order in which they were told: nothing before what comes earlier has had
    /// the calls that it needs.
    #[must_use]
    pub fn in_order(self) -> Self {
        self.set(|state| state.in_order = true)
    }

    /// Hands requests that nobody expects to another service, such as a
    /// [`Transport`](crate::transport::Transport), instead of refusing them.
    #[must_use]
    pub fn otherwise<S, R>(self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        R: http_body::Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        self.set(|state| state.otherwise = Some(erase(service)))
    }

    /// What is secret, and in no message.
    #[must_use]
    pub fn redaction(self, redaction: Redaction) -> Self {
        self.set(|state| state.redaction = Arc::new(redaction))
    }

    /// Expects a request, from now on.
    pub fn expect(&self, expect: Expect) -> Expected {
        let mut state = self.shared.lock();
        let index = state.expectations.len();
        let calls = Vec::new();
        state.expectations.push(Expectation { expect, calls });
        let shared = Arc::clone(&self.shared);
        Expected { shared, index }
    }

    /// The service that answers: for [`build_over`](crate::ClientBuilder::build_over), or for a stack of
    /// your own.
    #[must_use]
    pub fn transport(&self) -> MockTransport {
        MockTransport::new(Arc::clone(&self.shared))
    }

    /// All calls so far, in their order, expected or not.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.shared.lock().calls.clone()
    }

    /// Whether all went as expected. After this, dropping the mock is silent.
    ///
    /// # Errors
    ///
    /// When an expectation has not had all its calls, or a request came that nobody expected.
    pub fn check(&mut self) -> Result<(), Unmet> {
        self.is_checked = true;
        match self.shared.lock().unmet() {
            None => Ok(()),
            Some(unmet) => Err(unmet),
        }
    }

    /// The same, as a test wants it; dropping the mock does it, too.
    ///
    /// # Panics
    ///
    /// If an expectation has not had all its calls, or a request came that nobody expected.
    #[track_caller]
    pub fn verify(mut self) {
        if let Err(unmet) = self.check() {
            panic!("{unmet}");
        }
    }

    fn set(self, change: impl FnOnce(&mut State)) -> Self {
        change(&mut self.shared.lock());
        self
    }
}

impl Default for Mock {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        // A test that has failed already says more than this could.
        if self.is_checked || std::thread::panicking() {
            return;
        }
        if let Err(unmet) = self.check() {
            panic!("{unmet}");
        }
    }
}

impl fmt::Debug for Mock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.lock();
        let expectations = state.expectations.iter().map(|e| e.expect.to_string());
        f.debug_struct("Mock")
            .field("expectations", &expectations.collect::<Vec<_>>())
            .field("calls", &state.calls.len())
            .finish()
    }
}

/// An expectation of a [`Mock`], to be asked what it has had.
#[derive(Clone)]
pub struct Expected {
    shared: Arc<Shared>,
    index: usize,
}

impl Expected {
    /// The calls that it took, in their order.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        let state = self.shared.lock();
        let calls = state.expectations[self.index].calls.iter();
        calls.map(|call| state.calls[*call].clone()).collect()
    }
}

impl fmt::Debug for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.lock();
        let expectation = &state.expectations[self.index];
        f.debug_struct("Expected")
            .field("request", &format_args!("{}", expectation.expect))
            .field("calls", &expectation.calls.len())
            .finish()
    }
}
