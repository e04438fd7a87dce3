use http::Extensions;

use crate::Credentials;

/// Other credentials for one request, carried in its extensions; they are bound to the layer's
/// origins like its own.
///
/// A request with credentials of its own must not be answered from what was cached for another:
/// a cache outside this layer sees neither, so give such a request a
/// [`Partition`](buttress_kernel::Partition) as well.
///
/// ```
/// use buttress_auth::{Credential, Override};
///
/// let mut open = http::Request::get("https://api.example.com/public").body(())?;
/// open.extensions_mut().insert(Override::without_auth());
///
/// let mut as_admin = http::Request::delete("https://api.example.com/users/7").body(())?;
/// as_admin.extensions_mut().insert(Override::with(Credential::bearer("admin-token")?));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Override {
    pub(crate) credentials: Option<Credentials>,
}

impl Override {
    /// The request goes without credentials of the layer.
    #[must_use]
    pub const fn without_auth() -> Self {
        Self { credentials: None }
    }

    /// The request goes with these, in place of the layer's.
    #[must_use]
    pub fn with(credentials: impl Into<Credentials>) -> Self {
        Self {
            credentials: Some(credentials.into()),
        }
    }

    #[inline]
    pub(crate) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }
}
