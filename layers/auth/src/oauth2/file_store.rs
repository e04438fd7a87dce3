use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use super::stored_token;
use crate::{StoreError, Token, TokenStore};

/// What is no token is not read beyond this, in bytes, and no token is written that would not be read.
const LIMIT: u64 = 64 * 1024;

/// What a file's name may hold besides small letters and digits. No dot: names beginning with one are
/// ours, and `..` is a folder. No capital letter: on some systems they are the same as small ones, and
/// two keys would be one file.
const UNSAFE: &AsciiSet = &capitals(&NON_ALPHANUMERIC.remove(b'-').remove(b'_'));

const fn capitals(set: &AsciiSet) -> AsciiSet {
    let mut set = set.add(b'A');
    let mut letter = b'B';
    while letter <= b'Z' {
        set = set.add(letter);
        letter += 1;
    }
    set
}

/// A [`TokenStore`] in a folder: a file for each key, which nobody else may read (mode 0600 on Unix; the
/// folder, if it has to be made, 0700).
///
/// A file is written under another name and then renamed, so that it holds the old token or the new one
/// whole, whatever happens, and several processes can share a folder. Tokens that are sent as something
/// else than `Authorization` cannot be kept.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use buttress_auth::oauth2::FileStore;
/// use buttress_auth::{Token, TokenStore};
///
/// # let folder = std::env::temp_dir().join(format!("buttress-auth-{}", std::process::id()));
/// let store = FileStore::new(&folder);
/// store.set("alice", &Token::new("2YotnFZFEjr1zCsicMWpAA")?).await?;
/// assert!(store.get("alice").await?.is_some());
/// store.remove("alice").await?;
/// assert!(store.get("alice").await?.is_none());
/// # std::fs::remove_dir(folder)?;
/// # Ok(()) }
/// ```
///
/// # Cancellation
///
/// What was begun is done in a thread of its own, and is done whole though its future is dropped.
#[derive(Clone, Debug)]
pub struct FileStore(Arc<Path>);

impl FileStore {
    /// Keeps tokens in this folder. It is made when the first token is.
    #[must_use]
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self(Arc::from(folder.as_ref()))
    }

    fn file(&self, key: &str) -> PathBuf {
        let name = utf8_percent_encode(key, UNSAFE);
        self.0.join(format!("{name}.json"))
    }
}

impl TokenStore for FileStore {
    async fn get(&self, key: &str) -> Result<Option<Token>, StoreError> {
        let file = self.file(key);
        let text = apart(move || read(&file)).await?;
        let Some(text) = text else { return Ok(None) };
        let token = stored_token::read(&text);
        token
            .map(Some)
            .ok_or_else(|| StoreError::malformed("the file does not hold a token"))
    }

    async fn set(&self, key: &str, token: &Token) -> Result<(), StoreError> {
        let text = stored_token::write(token)
            .ok_or_else(|| StoreError::unavailable("this token cannot be written to a file"))?;
        if text.len() as u64 > LIMIT {
            return Err(StoreError::unavailable("this token is longer than 64 KiB"));
        }
        let (folder, file) = (Arc::clone(&self.0), self.file(key));
        apart(move || write(&folder, &file, &text)).await
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        let (folder, file) = (Arc::clone(&self.0), self.file(key));
        apart(move || remove(&folder, &file)).await
    }
}

/// Files block; they do so in a thread of their own.
async fn apart<T, F>(work: F) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: FnOnce() -> io::Result<T> + Send + 'static,
{
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(StoreError::unavailable)?
        .map_err(StoreError::unavailable)
}

fn none_if_absent<T>(end: io::Result<T>) -> io::Result<Option<T>> {
    match end {
        Ok(it) => Ok(Some(it)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn read(file: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let Some(file) = none_if_absent(File::open(file))? else {
        return Ok(None);
    };
    let length = file.metadata()?.len().min(LIMIT);
    let room = usize::try_from(length).unwrap_or(0) + 1;
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    file.take(LIMIT).read_to_end(&mut text)?;
    Ok(Some(text))
}

fn write(folder: &Path, file: &Path, text: &[u8]) -> io::Result<()> {
    make_folder(folder)?;
    let draft = Draft::new(folder);
    let mut open = private_file().open(&draft.0)?;
    open.write_all(text)?;
    open.sync_all()?;
    fs::rename(&draft.0, file)?;
    settle(folder)
}

fn remove(folder: &Path, file: &Path) -> io::Result<()> {
    match none_if_absent(fs::remove_file(file))? {
        Some(()) => settle(folder),
        None => Ok(()),
    }
}

/// Has the folder's list of files outlive a power cut: with the list of before, a refresh token that is
/// used up would come back, and its use would end the session.
#[cfg(unix)]
fn settle(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Folders cannot be opened here; the system keeps their lists in a journal.
#[cfg(not(unix))]
fn settle(_: &Path) -> io::Result<()> {
    Ok(())
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut make = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut make, 0o700);
    make.recursive(true).create(folder)
}

/// A file that did not exist, and whose mode is set when it is made: there is no moment at which
/// somebody else could open it.
fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.write(true).create_new(true);
    options
}

/// A file under a name that nobody else has; gone after a failure.
struct Draft(PathBuf);

impl Draft {
    fn new(folder: &Path) -> Self {
        Self(folder.join(format!(".{:032x}.tmp", fastrand::u128(..))))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After the renaming there is nothing to remove.
        let _ = fs::remove_file(&self.0);
    }
}
