//! How each sort of credential is made.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use super::field::{Field, Pair};
use super::{Carrier, Credential};
use crate::error::{InvalidCredential, Rule};
use crate::secret::{self, Secret, sensitive};
use crate::token::is_token;

/// Everything but the unreserved characters of
/// [RFC 3986 §2.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

impl Credential {
    /// `Authorization: Bearer …` ([RFC 6750](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)).
    ///
    /// # Errors
    ///
    /// If the token is empty, or not one word of visible ASCII characters.
    pub fn bearer(token: impl Into<String>) -> Result<Self, InvalidCredential> {
        Self::authorization("Bearer", Secret::new(token).as_str())
    }

    pub(crate) fn authorization(scheme: &str, word: &str) -> Result<Self, InvalidCredential> {
        secret::check_word(word)?;
        let mut value = Zeroizing::new(Vec::with_capacity(scheme.len() + 1 + word.len()));
        value.extend_from_slice(scheme.as_bytes());
        value.push(b' ');
        value.extend_from_slice(word.as_bytes());
        let value = sensitive(value)?;
        Ok(Self::of(Field::Header(header::AUTHORIZATION, value)))
    }

    /// `Authorization: Basic …` in UTF-8 ([RFC 7617](https://www.rfc-editor.org/rfc/rfc7617)). The
    /// password may be empty.
    ///
    /// # Errors
    ///
    /// If the name is empty or holds a colon, or if either holds control characters.
    pub fn basic(
        user: impl AsRef<str>,
        password: impl Into<String>,
    ) -> Result<Self, InvalidCredential> {
        let (user, password) = (user.as_ref(), Secret::new(password));
        secret::check(user)?;
        if user.contains(':') {
            return Err(Rule::Colon.into());
        }
        if !password.as_str().is_empty() {
            secret::check(password.as_str())?;
        }
        // Room for all of it from the start: a buffer that grows leaves copies behind.
        let room = user.len() + 1 + password.as_str().len();
        let mut pair = Zeroizing::new(String::with_capacity(room));
        pair.push_str(user);
        pair.push(':');
        pair.push_str(password.as_str());
        let mut word = Zeroizing::new(String::with_capacity(pair.len().div_ceil(3) * 4));
        STANDARD.encode_string(pair.as_bytes(), &mut word);
        Self::authorization("Basic", &word)
    }

    /// A key in a header of its own, such as `X-API-Key`.
    ///
    /// # Errors
    ///
    /// If the name is not a header's, or if the key is empty, holds control characters, or begins or
    /// ends with a space.
    pub fn api_key(name: &str, key: impl Into<String>) -> Result<Self, InvalidCredential> {
        let name = HeaderName::try_from(name).map_err(|_| Rule::Name)?;
        Self::header(name, key)
    }

    /// Any header, whole: `Authorization: Digest …`, or a version that a vendor wants to see.
    ///
    /// # Errors
    ///
    /// As for [`api_key`](Self::api_key).
    pub fn header(name: HeaderName, value: impl Into<String>) -> Result<Self, InvalidCredential> {
        let value = Zeroizing::new(value.into().into_bytes());
        secret::check_value(std::str::from_utf8(&value).map_err(|_| Rule::Control)?)?;
        Ok(Self::of(Field::Header(name, sensitive(value)?)))
    }

    /// A parameter of the query, such as `?key=…`, percent-encoded. URIs turn up in logs of servers
    /// and proxies, so this is for APIs that offer nothing else.
    ///
    /// # Errors
    ///
    /// If name or key is empty or holds control characters.
    pub fn query(name: &str, key: impl Into<String>) -> Result<Self, InvalidCredential> {
        let key = Secret::new(key);
        secret::check(name).map_err(|_| Rule::Name)?;
        secret::check(key.as_str())?;
        // No character takes more than three bytes for each of its own.
        let mut text = Zeroizing::new(String::with_capacity(key.as_str().len() * 3));
        text.extend(utf8_percent_encode(key.as_str(), RESERVED));
        let name = utf8_percent_encode(name, RESERVED).to_string();
        Ok(Self::of(Field::Query(Pair::new(name, &text))))
    }

    /// A cookie ([RFC 6265 §4.1.1](https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1)), added to
    /// those that the request has.
    ///
    /// # Errors
    ///
    /// If the name is not a cookie's, or if the value is empty or holds what a cookie cannot.
    pub fn cookie(name: &str, value: impl Into<String>) -> Result<Self, InvalidCredential> {
        let value = Secret::new(value);
        if !is_token(name) {
            return Err(Rule::Name.into());
        }
        secret::check(value.as_str())?;
        let octet = |b: u8| b.is_ascii_graphic() && !b"\",;\\".contains(&b);
        if !value.as_str().bytes().all(octet) {
            return Err(Rule::CookieValue.into());
        }
        Ok(Self::of(Field::Cookie(Pair::new(name, value.as_str()))))
    }

    /// Whatever a closure writes on the request. It sees what the request has, and decides itself
    /// what stays.
    ///
    /// Some APIs want several credentials in one `Authorization` header, separated by commas:
    ///
    /// ```
    /// use buttress_auth::{Carrier, Credential};
    /// use http::{HeaderValue, header::AUTHORIZATION};
    ///
    /// let joined = Credential::custom("client and session", |carrier: &mut Carrier<'_>| {
    ///     let mut all = vec!["Basic Y2xpZW50OnNlY3JldA=="];
    ///     all.extend(carrier.headers.get(AUTHORIZATION).and_then(|own| own.to_str().ok()));
    ///     all.push("Bearer session");
    ///     if let Ok(mut value) = HeaderValue::try_from(all.join(", ")) {
    ///         value.set_sensitive(true);
    ///         carrier.headers.insert(AUTHORIZATION, value);
    ///     }
    /// });
    /// # let _ = joined;
    /// ```
    #[must_use]
    pub fn custom(
        name: &'static str,
        write: impl Fn(&mut Carrier<'_>) + Send + Sync + 'static,
    ) -> Self {
        Self::of(Field::Custom(name, Arc::new(write)))
    }
}
