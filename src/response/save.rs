use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::disposition;
use crate::blocking::blocking;
use crate::payload::FileError;
use crate::{Error, Response};

impl Response {
    /// Writes the body of a success to a file as it comes, and returns its length in bytes. Until it
    /// is whole it lies beside `path`, under a name of its own that begins with the same and ends with
    /// `.part`; a file at `path` is replaced at once, or not at all.
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
        let response = self.error_for_status().await?;
        response.write(path.as_ref(), None).await
    }

    /// Writes the body to a file in the place of what is `taken`, if anything is.
    async fn write(mut self, path: &Path, taken: Option<Taken>) -> Result<u64, Error> {
        let call = self.call.clone();
        let failed = |source| Error::new(call.clone(), FileError::unwritten(path, source).into());
        let at = path.to_owned();
        let made = blocking(move || Part::create(&at)).await;
        let (part, file) = made.map_err(failed)?;
        let mut file = File::from_std(file);
        let mut length = 0;
        while let Some(piece) = self.chunk().await? {
            file.write_all(&piece).await.map_err(failed)?;
            length += piece.len() as u64;
        }
        file.flush().await.map_err(failed)?;
        drop(file);
        let at = path.to_owned();
        let finish = move || part.finish(&at).map(|()| taken.map(Taken::keep));
        blocking(finish).await.map_err(failed)?;
        Ok(length)
    }
}

impl Response {
    /// Writes the body of a success to a file in `folder`, and returns where: under the name that the server
    /// suggests, or else the URI's last, [made safe](Self::file_name). A file that is there stays; a number
    /// sets the new one apart, as in `report (1).pdf`.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save).
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the response and removes what was written.
    pub async fn save_in(self, folder: impl AsRef<Path>) -> Result<PathBuf, Error> {
        let response = self.error_for_status().await?;
        let name = response
            .file_name()
            .or_else(|| disposition::of_uri(response.uri()));
        let name = name.unwrap_or_else(|| "download".to_owned());
        let wanted = folder.as_ref().join(name);
        let near = wanted.clone();
        let taken = blocking(move || Taken::near(&near)).await;
        let taken = taken.map_err(|source| {
            let fault = FileError::unwritten(&wanted, source);
            Error::new(response.call.clone(), fault.into())
        })?;
        let at = taken.at.clone();
        response.write(&at, Some(taken)).await?;
        Ok(at)
    }
}

/// A name of ours alone: an empty file, removed unless it is kept.
struct Taken {
    at: PathBuf,
    is_kept: bool,
}

/// So many files of one name are put up with.
const NAMESAKES: u32 = 1000;

impl Taken {
    fn near(wanted: &Path) -> io::Result<Self> {
        for number in 0..NAMESAKES {
            let at = numbered(wanted, number);
            match fs::File::create_new(&at) {
                Ok(_) => return Ok(Self { at, is_kept: false }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn keep(mut self) {
        self.is_kept = true;
    }
}

/// `a (2).tar.gz`
fn numbered(path: &Path, number: u32) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match (number, name.split_once('.')) {
        (0, _) => path.to_owned(),
        (number, Some((stem, rest))) => path.with_file_name(format!("{stem} ({number}).{rest}")),
        (number, None) => path.with_file_name(format!("{name} ({number})")),
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if !self.is_kept {
            fs::remove_file(&self.at).ok();
        }
    }
}

/// A file that is not whole yet; removed unless it becomes so.
struct Part {
    at: PathBuf,
    is_whole: bool,
}

/// So many names are tried before somebody who takes them all is believed in.
const DRAWS: u32 = 16;

impl Part {
    /// A file of our own: under a name that can be foreseen there may be somebody's link, or a download of
    /// which more is to come.
    fn create(path: &Path) -> io::Result<(Self, fs::File)> {
        for _ in 0..DRAWS {
            let at = beside(path, fastrand::u64(..));
            match fs::File::create_new(&at) {
                Ok(file) => {
                    let is_whole = false;
                    return Ok((Self { at, is_whole }, file));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn finish(mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.at, path)?;
        self.is_whole = true;
        Ok(())
    }
}

/// `a.txt.3f9a2c7100000000.part`
fn beside(path: &Path, random: u64) -> PathBuf {
    let mut at = path.as_os_str().to_owned();
    at.push(format!(".{random:016x}.part"));
    at.into()
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_whole {
            // Nobody can be told, and what is left over does no harm.
            fs::remove_file(&self.at).ok();
        }
    }
}
