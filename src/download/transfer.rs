use buttress_kernel::{Body, BoxError, Failure, Kind};
use http::request::Parts;
use http::{HeaderValue, Request, StatusCode, header};
use http_body::Body as _;

use super::Downloaded;
use super::part::Part;
use super::range::{self, Step};
use crate::error::{Call, DecodeError, TooLarge};
use crate::payload::FileError;
use crate::progress::Meter;
use crate::response::Accepts;
use crate::{Client, Error, Response};

/// A download under way.
pub(super) struct Transfer {
    pub(super) part: Part,
    pub(super) client: Client,
    pub(super) head: Parts,
    /// What is sent the first time.
    pub(super) body: Option<Body>,
    pub(super) call: Call,
    pub(super) can_resume: bool,
    pub(super) left: u32,
    pub(super) requests: u32,
    pub(super) meter: Option<Meter>,
    /// So long may the file be.
    pub(super) limit: Option<u64>,
    pub(super) accepts: Accepts,
}

impl Transfer {
    /// Asks until the file is whole, and returns how much of it is older than this.
    pub(super) async fn run(&mut self, mut older: u64) -> Result<u64, Error> {
        loop {
            let response = self.ask().await?;
            let (have, asked) = (self.part.len(), self.part.validator());
            let step = range::step(response.status(), response.headers(), have, asked);
            let (end, total) = match step {
                Step::Append { end, total } => (Some(end), total),
                Step::Done => return Ok(older),
                Step::Whole { validator } => {
                    let validator = validator.filter(|_| self.can_resume);
                    older = 0;
                    let end = self.part.restart(validator.as_ref()).await;
                    self.written(end)?;
                    let end = response.body().size_hint().exact();
                    (end, end)
                }
                Step::Restart => {
                    older = 0;
                    let end = self.part.restart(None).await;
                    self.written(end)?;
                    self.take_up(|| unfit(&response))?;
                    continue;
                }
                Step::Refused => return Err(refused(response).await),
            };
            // Whether a part without a total was the last, only the next question tells.
            let is_last = end == total;
            match self.copy(response, end, total).await? {
                None if is_last => return Ok(older),
                None => {
                    let call = self.call.clone();
                    self.take_up(|| unended(call))?;
                }
                Some(cut) => self.take_up(|| cut)?,
            }
        }
    }

    async fn ask(&mut self) -> Result<Response, Error> {
        let mut request = Request::new(self.body.take().unwrap_or_default());
        request.method_mut().clone_from(&self.head.method);
        request.uri_mut().clone_from(&self.head.uri);
        *request.version_mut() = self.head.version;
        request.headers_mut().clone_from(&self.head.headers);
        request.extensions_mut().clone_from(&self.head.extensions);
        let headers = request.headers_mut();
        let identity = HeaderValue::from_static("identity");
        headers.entry(header::ACCEPT_ENCODING).or_insert(identity);
        if let Some(validator) = self.part.validator() {
            headers.insert(header::RANGE, range::from(self.part.len()));
            headers.insert(header::IF_RANGE, validator.clone());
        }
        self.requests += 1;
        let (call, response) = self.client.clone().send(request).await?;
        Ok(Response::new(call, response).accepting(self.accepts))
    }

    /// Writes down what comes, which should reach to `end`. Returns why it does not, if it can be taken up
    /// again.
    async fn copy(
        &mut self,
        mut response: Response,
        end: Option<u64>,
        total: Option<u64>,
    ) -> Result<Option<Error>, Error> {
        self.bound(response.status(), total.or(end).unwrap_or_default())
            .await?;
        if let Some(meter) = &self.meter {
            meter.begin(self.part.len(), total);
        }
        loop {
            match response.chunk().await {
                Ok(Some(piece)) => {
                    let length = self.part.len().saturating_add(piece.len() as u64);
                    self.bound(response.status(), length).await?;
                    if end.is_some_and(|end| length > end) {
                        let end = self.part.restart(None).await;
                        self.written(end)?;
                        return Ok(Some(unfit(&response)));
                    }
                    let end = self.part.write(&piece).await;
                    self.written(end)?;
                    if let Some(meter) = &self.meter {
                        meter.add(piece.len() as u64);
                    }
                }
                Ok(None) if end.is_some_and(|end| end != self.part.len()) => {
                    return Ok(Some(unfit(&response)));
                }
                Ok(None) => return Ok(None),
                Err(error) if is_cut(&error) => return Ok(Some(error)),
                Err(error) => return Err(error),
            }
        }
    }

    /// Lets no more lie on the disk than is allowed. What is too large is given back at once.
    async fn bound(&mut self, status: StatusCode, length: u64) -> Result<(), Error> {
        let Some(limit) = self.limit.filter(|limit| length > *limit) else {
            return Ok(());
        };
        let end = self.part.restart(None).await;
        self.written(end)?;
        let fault = TooLarge::new(status, limit);
        Err(Error::new(self.call.clone(), fault.into()))
    }

    /// Whether it may go on.
    fn take_up(&mut self, why: impl FnOnce() -> Error) -> Result<(), Error> {
        let fresh = self.part.len() == 0;
        if !self.can_resume || self.left == 0 || !(fresh || self.part.validator().is_some()) {
            return Err(why());
        }
        self.left -= 1;
        let at = self.part.len();
        tracing::debug!(call = %self.call, at, left = self.left, "download taken up again");
        Ok(())
    }

    fn written<T>(&self, end: std::io::Result<T>) -> Result<T, Error> {
        end.map_err(|source| {
            let fault = FileError::unwritten(self.part.path(), source);
            Error::new(self.call.clone(), fault.into())
        })
    }

    pub(super) async fn finish(self, resumed_at: u64) -> Result<Downloaded, Error> {
        let (bytes, call) = (self.part.len(), self.call);
        let path = self.part.path().to_owned();
        let end = self.part.finish().await;
        end.map_err(|source| Error::new(call, FileError::unwritten(&path, source).into()))?;
        Ok(Downloaded {
            bytes,
            resumed_at,
            requests: self.requests,
        })
    }
}

/// A limit of ours that ran out is no cut: it would run out again.
fn is_cut(error: &Error) -> bool {
    matches!(Failure::of(error).kind(), Kind::Transport | Kind::Other)
}

/// A success that does not answer what was asked.
fn unfit(response: &Response) -> Error {
    let because: BoxError = "it is not the part of the file that was asked for".into();
    let fault = DecodeError::new(response.status(), bytes::Bytes::new(), because);
    Error::new(response.call().clone(), fault.into())
}

/// Parts came, and none said how long the file is.
fn unended(call: Call) -> Error {
    let because: BoxError =
        "the server does not say where the file ends; allow more `resumes`".into();
    let fault = DecodeError::new(StatusCode::PARTIAL_CONTENT, bytes::Bytes::new(), because);
    Error::new(call, fault.into())
}

async fn refused(response: Response) -> Error {
    let (call, response, _) = response.refused().await;
    Error::new(call, response.into())
}
