//! Credentials that stay as they are.

mod both;
mod carrier;
mod field;
mod make;

use std::fmt;
use std::sync::Arc;

use http::{Request, header};

use self::field::Field;

pub use self::both::Credentials;
pub use self::carrier::Carrier;
pub(crate) use self::field::Unplaceable;

/// A credential that stays as it is: what it adds to a request is made once, checked, and marked
/// as sensitive.
///
/// Several go together with [`and`](Self::and). A request's own fields are left alone: one that has
/// an `Authorization` header, such a parameter or such a cookie already keeps it, unless the layer
/// is told to [overwrite](crate::AuthLayer::overwrite) it.
///
/// `Debug` shows the names of headers, parameters and cookies, never a value. The values are wiped
/// from memory when the last clone is dropped, those in requests under way included; what the
/// transport copies into its own buffers is beyond our reach.
///
/// ```
/// use buttress_auth::Credential;
///
/// let key = Credential::api_key("x-api-key", "3f9a…")?;
/// let both = Credential::basic("Aladdin", "open sesame")?.and(key);
/// assert_eq!(format!("{both:?}"), r#"Credential[header "authorization", header "x-api-key"]"#);
/// # Ok::<_, buttress_auth::InvalidCredential>(())
/// ```
#[derive(Clone)]
pub struct Credential {
    fields: Arc<[Field]>,
}

impl Credential {
    /// This and another one, on the same request. Where both add the same header, parameter or
    /// cookie, the first wins.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let Self { fields: others } = other;
        let fields = self.fields.iter().chain(&*others).cloned().collect();
        Self { fields }
    }

    fn of(field: Field) -> Self {
        Self {
            fields: Arc::new([field]),
        }
    }

    /// Adds it to a request, and returns whether anything was added: what the request has itself
    /// stays, unless `overwrite` says otherwise.
    #[inline]
    pub(crate) fn apply<B>(
        &self,
        request: &mut Request<B>,
        overwrite: bool,
    ) -> Result<bool, Unplaceable> {
        let mut added = false;
        for field in &*self.fields {
            added |= field.apply(request, overwrite)?;
        }
        Ok(added)
    }

    /// Whether all that it adds is an `Authorization` header.
    #[inline]
    pub(crate) fn is_authorization(&self) -> bool {
        matches!(&*self.fields, [Field::Header(name, _)] if name == header::AUTHORIZATION)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")?;
        f.debug_list().entries(&*self.fields).finish()
    }
}
