use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use buttress_kernel::BoxError;
use http_body::{Body, Frame, SizeHint};

/// A request's body on its way out; its failure is left where the response's future finds it.
///
/// On HTTP/2 hyper resets the stream and drops the body's error, so it must be kept here.
pub(super) struct Upload<B> {
    body: B,
    fault: Option<Fault>,
}

/// Where the error of a body is left. Locked only once it has failed.
#[derive(Clone, Default)]
pub(super) struct Fault(Arc<Mutex<Option<BoxError>>>);

impl Fault {
    pub(super) fn take(&self) -> Option<BoxError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn leave(&self, error: BoxError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

impl<B: Body> Upload<B> {
    /// The body, and where its error will be; an empty body cannot fail and allocates nothing.
    pub(super) fn new(body: B) -> (Self, Option<Fault>) {
        let fault = (!body.is_end_stream()).then(Fault::default);
        let upload = Self {
            body,
            fault: fault.clone(),
        };
        (upload, fault)
    }
}

impl<B> Body for Upload<B>
where
    B: Body + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        frame.map_err(|error| match &self.fault {
            Some(fault) => {
                fault.leave(error.into());
                BodyFailed(()).into()
            }
            None => error.into(),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What hyper is told in place of the error.
#[derive(Debug)]
struct BodyFailed(());

impl fmt::Display for BodyFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the request's body failed")
    }
}

impl Error for BodyFailed {}
