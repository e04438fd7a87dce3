use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::{Body, BoxError, TransportError};
use http::{Request, Response};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper_util::client::legacy::{self, Client};
use tower_service::Service;

use super::connector::Connector;
use super::route::Route;
use super::settings::Settings;
use super::te::{self, Versions};
use super::unsendable::{self, Unsendable};
use super::upload::{Fault, Upload};
use super::{InvalidTransport, ResponseBody, TransportBuilder, framing, verdict};

/// Sends requests over HTTP/1.1 and HTTP/2; see the [module](crate::transport) for what its errors say.
///
/// Clones share the pool of connections. Always ready. Connections live in tasks of their own, so it
/// must be called within a tokio runtime.
///
/// Any body will do: [`build`](TransportBuilder::build) makes a transport for the kernel's
/// [`Body`], [`build_for`](TransportBuilder::build_for) one for another.
pub struct Transport<B = Body> {
    client: Client<Connector, Upload<B>>,
    route: Route,
    https_only: bool,
    versions: Versions,
}

impl Transport {
    /// A transport with the default settings.
    ///
    /// # Errors
    ///
    /// When nobody is trusted: with neither of the features `webpki-roots` and `native-roots`, or
    /// when the operating system's list is empty.
    pub fn new() -> Result<Self, InvalidTransport> {
        Self::builder().build()
    }

    /// A transport to be set up.
    pub fn builder() -> TransportBuilder {
        TransportBuilder::new()
    }
}

impl<B> Transport<B>
where
    B: http_body::Body<Data: Send> + Send + Unpin,
    B::Error: Into<BoxError>,
{
    pub(super) fn assemble(settings: &Settings) -> Result<Self, InvalidTransport> {
        let connector = settings.connector()?;
        Ok(Self {
            route: connector.route().clone(),
            client: settings.client(connector),
            https_only: settings.https_only,
            versions: settings.versions(),
        })
    }
}

impl<B> Service<Request<B>> for Transport<B>
where
    B: http_body::Body<Data: Send> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<ResponseBody>;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        if let Err(reason) = unsendable::check(&request, self.https_only) {
            return ResponseFuture(State::Refused(Some(reason)));
        }
        let (mut head, body) = request.into_parts();
        self.route.authorize(&head.uri, &mut head.headers);
        te::name_te(self.versions, &head.uri, &mut head.headers);
        let (upload, fault) = Upload::new(body);
        if upload.is_end_stream() {
            framing::tell_empty(&head.method, &mut head.headers);
        }
        let response = self.client.request(Request::from_parts(head, upload));
        ResponseFuture(State::Waiting { response, fault })
    }
}

impl<B> Clone for Transport<B> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            route: self.route.clone(),
            https_only: self.https_only,
            versions: self.versions,
        }
    }
}

impl<B> fmt::Debug for Transport<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("https_only", &self.https_only)
            .finish_non_exhaustive()
    }
}

/// The future of a [`Transport`]'s response.
///
/// # Cancellation
///
/// Dropping it gives the exchange up: an HTTP/1.1 connection is closed, an HTTP/2 stream reset. A
/// connection that is still being made for it is given up, too, in the middle of a handshake if need
/// be. Where HTTP/2 alone is spoken, requests to the same host may be
/// waiting for that connection: they fail unsent, as if it had been refused.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture(State);

enum State {
    Waiting {
        response: legacy::ResponseFuture,
        fault: Option<Fault>,
    },
    Refused(Option<Unsendable>),
}

impl Future for ResponseFuture {
    type Output = Result<Response<ResponseBody>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Waiting { response, fault } => {
                let end = ready!(Pin::new(response).poll(cx));
                let end = end.map_err(|error| failure(error, fault.as_ref()));
                Poll::Ready(end.map(received).map_err(Into::into))
            }
            // Fused, in that a second poll waits for ever instead of panicking.
            State::Refused(reason) => reason.take().map_or(Poll::Pending, |reason| {
                Poll::Ready(Err(TransportError::request(reason).into()))
            }),
        }
    }
}

fn received(mut response: Response<Incoming>) -> Response<ResponseBody> {
    framing::without_false_length(response.headers_mut());
    response.map(ResponseBody::new)
}

fn failure(error: legacy::Error, fault: Option<&Fault>) -> TransportError {
    match fault.and_then(Fault::take) {
        Some(cause) => TransportError::request_body(cause),
        None => verdict::of_request(error),
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
