use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

use super::expect::Mismatch;
use super::report::Candidate;
use super::transport::MockTransport;
use super::{Call, Expect, Redaction, Reply, Unexpected, Unmet};
use crate::BaseUri;
use crate::client::{Erased, erase};

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

/// What a mock and its transports share.
pub(super) struct Shared(Mutex<State>);

#[derive(Default)]
struct State {
    base: Option<BaseUri>,
    delay: Duration,
    in_order: bool,
    otherwise: Option<Erased>,
    redaction: Arc<Redaction>,
    expectations: Vec<Expectation>,
    calls: Vec<Call>,
    unexpected: Vec<Unexpected>,
}

struct Expectation {
    expect: Expect,
    /// Which of the mock's calls it took.
    calls: Vec<usize>,
}

/// What is to be done with a call.
pub(super) enum Verdict {
    Reply(Box<dyn FnOnce() -> Reply + Send>, Duration),
    /// Nobody expected it, and somebody else takes it.
    Otherwise(Erased),
    Refuse(Unexpected),
}

impl Mock {
    /// A mock that expects nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared(Mutex::default())),
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

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn redaction(&self) -> Arc<Redaction> {
        Arc::clone(&self.lock().redaction)
    }

    /// Decides what becomes of a call, and writes it down.
    pub(super) fn receive(&self, call: Call) -> Verdict {
        let mut state = self.lock();
        let call = state.with_secrets(call);
        let index = state.calls.len();
        let verdict = match state.find(&call) {
            Ok((at, values)) => {
                let call = call.with_values(values);
                state.calls.push(call.clone());
                let expectation = &mut state.expectations[at];
                let reply = expectation.expect.reply_to(expectation.calls.len());
                expectation.calls.push(index);
                // A closure of the test's is run without the lock, which it may want itself.
                return Verdict::Reply(Box::new(move || reply(&call)), state.delay);
            }
            Err(unexpected) => match &state.otherwise {
                Some(service) => Verdict::Otherwise(service.clone()),
                None => {
                    state.unexpected.push(unexpected.clone());
                    Verdict::Refuse(unexpected)
                }
            },
        };
        state.calls.push(call);
        verdict
    }
}

impl State {
    /// A call that keeps to itself what stands in the place of a secret name in the path of an expectation.
    fn with_secrets(&self, call: Call) -> Call {
        let found = self.expectations.iter().filter_map(|expectation| {
            let expect = &expectation.expect;
            expect.values(&call, self.base.as_ref())
        });
        let named = found.flatten();
        let secrets = named.filter(|(name, _)| self.redaction.is_parameter(name));
        let secrets: Vec<_> = secrets.map(|(_, value)| value).collect();
        call.with_secrets(secrets)
    }

    /// The expectation that takes a call, and the values of its path.
    fn find(&self, call: &Call) -> Result<(usize, Vec<(String, String)>), Unexpected> {
        let mut expected = Vec::new();
        for (at, expectation) in self.expectations.iter().enumerate() {
            let count = expectation.calls.len();
            let times = expectation.expect.expected();
            let faults = match expectation.expect.matches(call, self.base.as_ref()) {
                Ok(_) if times.is_used_up_by(count) => vec!["it has had all its calls".to_owned()],
                Ok(values) => match self.before(at) {
                    None => return Ok((at, values)),
                    Some(earlier) => vec![format!("{earlier} is expected before it")],
                },
                Err(Mismatch::Here(faults)) => faults,
                Err(Mismatch::Elsewhere) => Vec::new(),
            };
            expected.push(expectation.candidate(faults));
        }
        // What is nearest comes first.
        expected.sort_by_key(|candidate| candidate.faults.is_empty());
        let call = call.to_string();
        Err(Unexpected { call, expected })
    }

    /// In order, what has to come before this expectation.
    fn before(&self, at: usize) -> Option<&Expect> {
        let mut earlier = self.expectations[..at].iter().filter(|_| self.in_order);
        earlier.find(|e| !e.is_met()).map(|e| &e.expect)
    }

    fn unmet(&self) -> Option<Unmet> {
        let missing = self.expectations.iter().filter(|e| !e.is_met());
        let missing: Vec<_> = missing.map(|e| e.candidate(self.nearest(e))).collect();
        if missing.is_empty() && self.unexpected.is_empty() {
            return None;
        }
        Some(Unmet {
            missing,
            unexpected: self.unexpected.clone(),
            calls: self.calls.iter().map(ToString::to_string).collect(),
        })
    }
}

impl State {
    /// What came nearest to an expectation without being taken for it, and how the two differ.
    fn nearest(&self, expectation: &Expectation) -> Vec<String> {
        let others = self.calls.iter().enumerate();
        let others = others.filter(|(index, _)| !expectation.calls.contains(index));
        let near = others.filter_map(|(_, call)| {
            match expectation.expect.matches(call, self.base.as_ref()) {
                Ok(_) => Some((call, vec!["it came out of turn".to_owned()])),
                Err(Mismatch::Here(faults)) => Some((call, faults)),
                Err(Mismatch::Elsewhere) => None,
            }
        });
        let Some((call, faults)) = near.min_by_key(|(_, faults)| faults.len()) else {
            return Vec::new();
        };
        let mut told = vec![format!("what came nearest is {call}")];
        told.extend(faults);
        told
    }
}

impl Expectation {
    fn is_met(&self) -> bool {
        self.expect.expected().is_met_by(self.calls.len())
    }

    fn candidate(&self, faults: Vec<String>) -> Candidate {
        Candidate {
            what: self.expect.to_string(),
            count: self.calls.len(),
            times: self.expect.expected(),
            faults,
        }
    }
}
