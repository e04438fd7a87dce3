use std::fmt;
use std::path::PathBuf;

use buttress_kernel::TransportError;
use http::{Method, header};
use http_body::Body as _;

use crate::error::Call;
use crate::payload::FileError;
use crate::progress::Meter;
use crate::{Error, RequestBuilder};

mod coding;
mod part;
mod place;
mod range;
mod tag;
mod transfer;

use self::part::Part;
use self::transfer::Transfer;

/// How often a transfer is taken up again, unless set.
const RESUMES: u32 = 3;

const OWN_RANGE: &str = "a download asks for ranges itself; leave out `range` and `if-range`, or save the response of an \
                         ordinary request";

impl RequestBuilder {
    /// Downloads to a file, and takes the transfer up again where it broke off; see [`Download`].
    pub fn download(self, path: impl Into<PathBuf>) -> Download {
        Download {
            request: self,
            path: path.into(),
            resumes: RESUMES,
            limit: None,
            meter: None,
        }
    }
}

/// A download to a file in the making.
///
/// Until it is whole the file lies beside its place, under the same name with `.part` behind it; the
/// validator of what has come (a strong `ETag`, or a `Last-Modified` that is one) is kept in `.part.tag`.
/// When the transfer breaks off, or nothing more comes for as long as the client waits
/// ([`body_idle`](crate::TimeoutLayer::body_idle)), the rest is asked for with `Range` and `If-Range`
/// ([RFC 9110 §14.2](https://www.rfc-editor.org/rfc/rfc9110#section-14.2)): at once, a few times; and by the
/// next download to the same place, if this one fails or is dropped. A server whose file has changed
/// meanwhile sends the new one whole, and it begins from nothing. So the file is one version's, or not
/// there. Two downloads to one place at the same time are one too many.
///
/// What nobody could go on with is removed: a part without a validator, or of a request that is sent once. What lies
/// at `.part` or `.part.tag` and was not put there by a download (another's file, a link) stays, and is an error. A part
/// that was copied is begun anew.
///
/// Only 200 (and 203) is a file; a 204 or a 202 is an error, and leaves what was there. A
/// [substitute](crate::fallback) is not asked for.
///
/// Compressed responses are not asked for, since ranges count the bytes of what is sent. One that comes all the same is
/// an error, unless the request names that coding in an `Accept-Encoding` of its own, or the file's name does, as
/// `a.tar.gz`: then it is written as it comes. A request with
/// another method than `GET` or a body is sent once, and never taken up again. One with a `Range` or `If-Range` of its own
/// is an error: a file is whole, and where it goes on is asked here.
///
/// What an earlier download has brought is gone on with where the URI is the same, and so are the request's own
/// `Accept…` fields, `Authorization`, `Cookie` and [`Partition`](crate::kernel::Partition). What the client adds on the
/// way does not take part: give files of several users or languages places of their own.
///
/// ```no_run
/// # async fn run(client: buttress::Client) -> Result<(), buttress::Error> {
/// let done = client.get("/images/large.iso").download("large.iso").send().await?;
/// println!("{} bytes, {} of them from an earlier try", done.bytes(), done.resumed_at());
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is sent before `send` is awaited"]
pub struct Download {
    request: RequestBuilder,
    path: PathBuf,
    resumes: u32,
    limit: Option<u64>,
    meter: Option<Meter>,
}

impl Download {
    /// Takes the transfer up again so often: 3 times unless set. With 0, a transfer that breaks off is an
    /// error, and what has come of it waits for the next download.
    pub fn resumes(mut self, times: u32) -> Self {
        self.resumes = times;
        self
    }

    /// Takes at most so many bytes onto the disk: as many as come unless set. What has come of a larger file is
    /// removed. (The [limit](RequestBuilder::limit) of the request is for memory, and so for the body of a
    /// refusal.)
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// Counts what has come of the file, earlier tries included.
    pub fn progress(mut self, meter: Meter) -> Self {
        self.meter = Some(meter);
        self
    }

    /// Downloads.
    ///
    /// # Errors
    ///
    /// When the request cannot be built, has a `Range` of its own, or gets no response, when the response is no success or
    /// no file, when the transfer broke off more often than [allowed](Self::resumes), when the file is larger than
    /// [allowed](Self::limit), and when it cannot be written.
    ///
    /// # Cancellation
    ///
    /// Dropping the future ends the transfer; what has come stays for the next download to the same place.
    pub async fn send(self) -> Result<Downloaded, Error> {
        let accepts = self.request.accepts();
        let (client, request) = self.request.checked()?;
        let call = Call::of(&request);
        let (head, body) = request.into_parts();
        if [header::RANGE, header::IF_RANGE]
            .iter()
            .any(|name| head.headers.contains_key(name))
        {
            let fault = TransportError::request(OWN_RANGE);
            return Err(Error::new(call, fault.into()));
        }
        let can_resume = head.method == Method::GET && body.size_hint().exact() == Some(0);
        let unwritten = |source| FileError::unwritten(&self.path, source);
        let part = Part::open(&self.path, &head, can_resume)
            .await
            .map_err(unwritten);
        let mut transfer = Transfer {
            part: part.map_err(|fault| Error::new(call.clone(), fault.into()))?,
            client,
            head,
            body: Some(body),
            call,
            can_resume,
            left: self.resumes,
            requests: 0,
            meter: self.meter,
            limit: self.limit,
            accepts,
        };
        let resumed_at = transfer.part.len();
        let begins_at = transfer.run(resumed_at).await?;
        transfer.finish(begins_at).await
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("request", &self.request)
            .field("resumes", &self.resumes)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// A file that is there, whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Downloaded {
    bytes: u64,
    resumed_at: u64,
    requests: u32,
}

impl Downloaded {
    /// The file's length in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many bytes of it an earlier download had brought.
    #[must_use]
    pub const fn resumed_at(&self) -> u64 {
        self.resumed_at
    }

    /// How many requests it took, without those that retry repeated.
    #[must_use]
    pub const fn requests(&self) -> u32 {
        self.requests
    }
}
