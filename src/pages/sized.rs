//! What the adapters' settings must not be.

use buttress_kernel::BoxError;

/// Checks how many items a page shall have, and under which names this and the rest is sent.
///
/// # Errors
///
/// When a page could have no item, or two parameters would be one.
pub(super) fn check(size: Option<u64>, size_name: &str, names: &[&str]) -> Result<(), BoxError> {
    if size == Some(0) {
        return Err(
            "the `size` of a page is 0, so the list would never be read; ask for 1 item \
                    at least, or leave the size to the server"
                .into(),
        );
    }
    let sent = size.map(|_| size_name);
    if names.iter().copied().chain(sent).any(str::is_empty) {
        return Err("a parameter of the paginator has no name".into());
    }
    match sent.filter(|size_name| names.contains(size_name)) {
        Some(name) => Err(format!(
            "the paginator sends two things as `{}`",
            name.escape_debug()
        )
        .into()),
        None => Ok(()),
    }
}
