use std::fmt;
use std::path::PathBuf;

use http::{Method, header};
use http_body::Body as _;

use crate::error::Call;
use crate::payload::FileError;
use crate::progress::Meter;
use crate::{Error, RequestBuilder};

mod part;
mod range;
mod transfer;

use self::part::Part;
use self::transfer::Transfer;

/// How often a transfer is taken up again, unless set.
const RESUMES: u32 = 3;

impl RequestBuilder {
    /// Downloads to a file, and takes the transfer up again where it broke off; see [`Download`].
    pub fn download(self, path: impl Into<PathBuf>) -> Download {
        Download {
            request: self,
            path: path.into(),
            resumes: RESUMES,
            meter: None,
        }
    }
}

/// A download to a file in the making.
///
/// Until it is whole the file lies beside its place, under the same name with `.part` behind it; the
/// validator of what has come (a strong `ETag`, or a `Last-Modified` that is one) is kept in `.part.tag`.
/// When the transfer breaks off, the rest is asked for with `Range` and `If-Range`
/// ([RFC 9110 §14.2](https://www.rfc-editor.org/rfc/rfc9110#section-14.2)): at once, a few times; and by the
/// next download to the same place, if this one fails or is dropped. A server whose file has changed
/// meanwhile sends the new one whole, and it begins from nothing. So the file is one version's, or not
/// there. Two downloads to one place at the same time are one too many.
///
/// Compressed responses are not asked for, since ranges count the bytes of what is sent. A request with
/// another method than `GET`, a body or a `Range` of its own is sent once, and never taken up again.
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
    meter: Option<Meter>,
}

impl Download {
    /// Takes the transfer up again so often: 3 times unless set. With 0, a transfer that breaks off is an
    /// error, and what has come of it waits for the next download.
    pub fn resumes(mut self, times: u32) -> Self {
        self.resumes = times;
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
    /// When the request cannot be built or gets no response, when the response is no success, when the
    /// transfer broke off more often than [allowed](Self::resumes), and when the file cannot be written.
    ///
    /// # Cancellation
    ///
    /// Dropping the future ends the transfer; what has come stays for the next download to the same place.
    pub async fn send(self) -> Result<Downloaded, Error> {
        let (client, request) = self.request.checked()?;
        let call = Call::of(&request);
        let (head, body) = request.into_parts();
        let can_resume = head.method == Method::GET
            && body.size_hint().exact() == Some(0)
            && !head.headers.contains_key(header::RANGE);
        let unwritten = |source| FileError::unwritten(&self.path, source);
        let part = Part::open(&self.path, &head.uri, can_resume)
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
