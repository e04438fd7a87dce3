//! Work with files that must not be left half-way.

use std::io;

/// Does work on a thread that may block. Dropping the future does not stop the work: what it returns is dropped
/// when it is done, so that a guard among it cleans up.
pub(crate) async fn blocking<T, F>(work: F) -> io::Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> io::Result<T> + Send + 'static,
{
    let end = tokio::task::spawn_blocking(work).await;
    end.unwrap_or_else(|lost| Err(io::Error::other(lost)))
}
