use buttress_kernel::{Body, BoxError, Kind};
use buttress_timeout::{Elapsed, Phase};
use http::request::Parts;
use http::{HeaderValue, Request, StatusCode, header};
use http_body::Body as _;

use super::part::Part;
use super::range::{self, Step};
use super::{Downloaded, coding};
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
            let response = match self.ask().await {
                Err(error) if self.requests > 1 && is_lost(&error) => {
                    self.take_up(|| error)?;
                    continue;
                }
                response => response?,
            };
            let (have, asked) = (self.part.len(), self.part.version());
            let step = range::step(response.status(), response.headers(), have, asked);
            let (end, total) = match step {
                Step::Append { end, total } => (Some(end), total),
                Step::Done => {
                    self.bound(response.status(), have)?;
                    self.count(Some(have));
                    return Ok(older);
                }
                Step::Whole(mut version) => {
                    self.demand_wanted(&response, &version.coding)?;
                    older = 0;
                    let length = response.body().size_hint().exact();
                    self.bound(response.status(), length.unwrap_or_default())?;
                    if !self.can_resume {
                        version.validator = None;
                    }
                    let end = self.part.begin(version).await;
                    self.written(end)?;
                    (length, length)
                }
                Step::Restart => {
                    older = 0;
                    self.part.clear();
                    self.take_up(|| unfit(&response, NO_PART))?;
                    continue;
                }
                Step::Unfit => return Err(unfit(&response, NO_FILE)),
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
        let version = self.part.version();
        if let Some(validator) = version.and_then(|version| version.validator.as_ref()) {
            headers.insert(header::RANGE, range::from(self.part.len()));
            headers.insert(header::IF_RANGE, validator.clone());
        }
        // A substitute is another thing, and would lie there as if it were the file.
        let no_substitute = buttress_fallback::Override::new().off();
        request.extensions_mut().insert(no_substitute);
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
        self.bound(response.status(), total.or(end).unwrap_or_default())?;
        self.count(total);
        loop {
            match response.chunk().await {
                Ok(Some(piece)) => {
                    let length = self.part.len().saturating_add(piece.len() as u64);
                    self.bound(response.status(), length)?;
                    if end.is_some_and(|end| length > end) {
                        self.part.clear();
                        return Ok(Some(unfit(&response, NO_PART)));
                    }
                    let end = self.part.write(&piece).await;
                    self.written(end)?;
                    if let Some(meter) = &self.meter {
                        meter.add(piece.len() as u64);
                    }
                }
                Ok(None) if end.is_some_and(|end| end != self.part.len()) => {
                    return Ok(Some(unfit(&response, NO_PART)));
                }
                Ok(None) => return Ok(None),
                Err(error) if is_cut(&error) => return Ok(Some(error)),
                Err(error) => return Err(error),
            }
        }
    }

    /// Lets no more lie on the disk than is allowed. What is too large is given back at once.
    fn bound(&mut self, status: StatusCode, length: u64) -> Result<(), Error> {
        let Some(limit) = self.limit.filter(|limit| length > *limit) else {
            return Ok(());
        };
        self.part.clear();
        let fault = TooLarge::new(status, limit);
        Err(Error::new(self.call.clone(), fault.into()))
    }

    /// Counts on from what there is.
    fn count(&self, total: Option<u64>) {
        if let Some(meter) = &self.meter {
            meter.begin(self.part.len(), total);
        }
    }

    /// # Errors
    ///
    /// When the file is packed, and nobody wants that.
    fn demand_wanted(&self, response: &Response, coding: &str) -> Result<(), Error> {
        if coding::is_wanted(coding, &self.head.headers, self.part.path()) {
            return Ok(());
        }
        Err(unfit(response, PACKED))
    }

    /// Whether it may go on.
    fn take_up(&mut self, why: impl FnOnce() -> Error) -> Result<(), Error> {
        let fresh = self.part.len() == 0;
        if !self.can_resume || self.left == 0 || !(fresh || self.part.version().is_some()) {
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

/// Whether a transfer was cut. Silence is how a connection ends that nobody closes. The time for the whole call is
/// over however often it is taken up.
fn is_cut(error: &Error) -> bool {
    let failure = error.failure();
    let is_silent = || {
        let elapsed = failure.find::<Elapsed>();
        elapsed.is_some_and(|elapsed| elapsed.phase() == Phase::ResponseBody)
    };
    match failure.kind() {
        Kind::Transport | Kind::Other => true,
        Kind::Timeout => is_silent(),
        _ => false,
    }
}

/// Whether a question was lost on the way, as the answer before it was.
fn is_lost(error: &Error) -> bool {
    matches!(error.failure().kind(), Kind::Connect | Kind::Transport)
}

const NO_PART: &str = "it is not the part of the file that was asked for";
const NO_FILE: &str = "it has no file in it; read it as an ordinary response";
const PACKED: &str = "it is packed, which was not asked for; name its `content-encoding` in an `accept-encoding` of \
                      the request to have it so, or read an ordinary response, which is unpacked";

/// A success that does not answer what was asked.
fn unfit(response: &Response, because: &'static str) -> Error {
    let fault = DecodeError::new(response.status(), bytes::Bytes::new(), because.into());
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
