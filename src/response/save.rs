use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::payload::FileError;
use crate::{Error, Response};

impl Response {
    /// Writes the body of a success to a file as it comes, and returns its length in bytes. Until it
    /// is whole it lies beside `path`, under the same name with `.part` behind it; a file at `path` is
    /// replaced at once, or not at all.
    ///
    /// [`file_name`](Self::file_name) has the name that the server suggests.
    ///
    /// # Errors
    ///
    /// When the response is no success, when its body breaks off, and when the file cannot be
    /// written.
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the response and removes what was written.
    pub async fn save(self, path: impl AsRef<Path>) -> Result<u64, Error> {
        let path = path.as_ref();
        let mut response = self.error_for_status().await?;
        let call = response.call.clone();
        let failed = |source| Error::new(call.clone(), FileError::unwritten(path, source).into());
        let (part, mut file) = Part::create(path).await.map_err(failed)?;
        let mut length = 0;
        while let Some(piece) = response.chunk().await? {
            file.write_all(&piece).await.map_err(failed)?;
            length += piece.len() as u64;
        }
        file.flush().await.map_err(failed)?;
        drop(file);
        part.finish(path).await.map_err(failed)?;
        Ok(length)
    }
}

/// A file that is not whole yet; removed unless it becomes so.
struct Part {
    at: PathBuf,
    is_whole: bool,
}

impl Part {
    async fn create(path: &Path) -> io::Result<(Self, File)> {
        let mut at = path.as_os_str().to_owned();
        at.push(".part");
        let at = PathBuf::from(at);
        let file = File::create(&at).await?;
        let is_whole = false;
        Ok((Self { at, is_whole }, file))
    }

    async fn finish(mut self, path: &Path) -> io::Result<()> {
        tokio::fs::rename(&self.at, path).await?;
        self.is_whole = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_whole {
            // Nobody can be told, and what is left over does no harm.
            fs::remove_file(&self.at).ok();
        }
    }
}
