use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use buttress_kernel::BoxError;
use buttress_priority::{Crowded, PriorityLayer};
use http::{Request, Response};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tower::{Service, ServiceExt};

/// A server that answers when it is told to, and notes what it was asked for.
#[derive(Clone)]
pub(crate) struct Server {
    paths: Arc<Mutex<Vec<String>>>,
    answers: Arc<Semaphore>,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self {
            paths: Arc::default(),
            answers: Arc::new(Semaphore::new(0)),
        }
    }

    /// Answers so many requests, and lets what follows from it happen.
    pub(crate) async fn answer(&self, requests: usize) {
        self.answers.add_permits(requests);
        settle().await;
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.paths.lock().unwrap().clone()
    }

    pub(crate) fn calls(&self) -> usize {
        self.paths.lock().unwrap().len()
    }
}

impl Service<Request<()>> for Server {
    type Response = Response<()>;
    type Error = BoxError;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Response<()>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let path = request.uri().path().to_owned();
        self.paths.lock().unwrap().push(path.clone());
        let answers = Arc::clone(&self.answers);
        Box::pin(async move {
            answers.acquire_owned().await?.forget();
            match &*path {
                "/fails" => Err("it fails".into()),
                _ => Ok(Response::default()),
            }
        })
    }
}

/// Lets every task go as far as it can.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

pub(crate) fn of(max_in_flight: usize) -> PriorityLayer {
    PriorityLayer::new(max_in_flight).unwrap()
}

pub(crate) fn get(uri: &str) -> Request<()> {
    Request::get(uri).body(()).unwrap()
}

/// A request for this path.
pub(crate) fn path(path: &str) -> Request<()> {
    get(&format!("https://api.example.com{path}"))
}

pub(crate) fn with<T: Clone + Send + Sync + 'static>(
    mut request: Request<()>,
    extension: T,
) -> Request<()> {
    request.extensions_mut().insert(extension);
    request
}

pub(crate) type Answer = Result<Response<()>, BoxError>;

/// A call in a task of its own, begun before this returns.
pub(crate) async fn begin<S>(service: &S, request: Request<()>) -> JoinHandle<Answer>
where
    S: Service<Request<()>, Response = Response<()>, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    let service = service.clone();
    let task = tokio::spawn(async move { service.oneshot(request).await });
    settle().await;
    task
}

/// A call that must end by itself.
pub(crate) async fn send<S>(service: &S, request: Request<()>) -> Answer
where
    S: Service<Request<()>, Response = Response<()>, Error = BoxError> + Clone,
{
    service.clone().oneshot(request).await
}

pub(crate) fn refused(result: Answer) -> Crowded {
    *result
        .unwrap_err()
        .downcast()
        .expect("the limit's own error")
}

pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
