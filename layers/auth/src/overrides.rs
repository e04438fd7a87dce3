use http::Extensions;

use crate::Credentials;

/// Other credentials for one request, or other rules about its own, carried in its extensions; credentials are bound to
/// the layer's origins like its own.
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
///
/// // Somebody else's request, which is passed on with our credentials whatever it says itself.
/// let mut passed = http::Request::get("https://api.example.com/users/7").body(())?;
/// passed.extensions_mut().insert(Override::default().overwrite(true));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Override {
    pub(crate) credentials: Choice,
    pub(crate) overwrite: Option<bool>,
}

/// Whose credentials a request gets.
#[derive(Clone, Debug, Default)]
pub(crate) enum Choice {
    /// The layer's.
    #[default]
    Own,
    Nobodys,
    These(Credentials),
}

impl Override {
    /// The request goes without credentials of the layer.
    #[must_use]
    pub const fn without_auth() -> Self {
        Self {
            credentials: Choice::Nobodys,
            overwrite: None,
        }
    }

    /// The request goes with these, in place of the layer's.
    #[must_use]
    pub fn with(credentials: impl Into<Credentials>) -> Self {
        Self {
            credentials: Choice::These(credentials.into()),
            overwrite: None,
        }
    }

    /// Whether what the request has itself is replaced, as
    /// [`AuthLayer::overwrite`](crate::AuthLayer::overwrite) says for all.
    #[must_use]
    pub const fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = Some(overwrite);
        self
    }

    /// The same for a request of which nobody has said it with [`overwrite`](Self::overwrite).
    #[must_use]
    pub const fn or_overwrite(mut self, overwrite: bool) -> Self {
        if self.overwrite.is_none() {
            self.overwrite = Some(overwrite);
        }
        self
    }

    #[inline]
    pub(crate) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_first_stands() {
        for said in [true, false] {
            let said_first = Override::default().overwrite(said).or_overwrite(!said);
            assert_eq!(said_first.overwrite, Some(said));
            let unsaid = Override::without_auth().or_overwrite(said);
            assert_eq!(unsaid.overwrite, Some(said));
        }
    }
}
