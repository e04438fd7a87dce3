use std::{fmt, mem};

use bytes::Bytes;
use oauth2::url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// The parameters of a request to the token endpoint. Their text is wiped when they are dropped, or
/// when the body that they became is.
pub(super) struct Form {
    text: Zeroizing<String>,
    grant: &'static str,
}

impl Form {
    /// The parameters of a grant of this type.
    pub(super) fn grant(grant_type: &'static str) -> Self {
        let mut form = Self::of(grant_type);
        form.push("grant_type", grant_type);
        form
    }

    /// No parameters; `what` is for events.
    pub(super) fn of(what: &'static str) -> Self {
        Self {
            text: Zeroizing::new(String::new()),
            grant: what,
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.grant
    }

    pub(super) fn push(&mut self, name: &str, value: &str) {
        let length = |text: &str| byte_serialize(text.as_bytes()).map(str::len).sum::<usize>();
        self.reserve(2 + length(name) + length(value));
        if !self.text.is_empty() {
            self.text.push('&');
        }
        self.text.extend(byte_serialize(name.as_bytes()));
        self.text.push('=');
        self.text.extend(byte_serialize(value.as_bytes()));
    }

    /// [`push`](Self::push), unless it is empty: an empty scope is not one
    /// ([RFC 6749 §3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)).
    pub(super) fn push_some(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.push(name, value);
        }
    }

    /// Parameters that a caller added.
    pub(super) fn push_all(&mut self, extra: &Params) {
        for (name, value) in extra.iter() {
            self.push(name, value);
        }
    }

    /// A string that grows by itself would leave what it held behind.
    fn reserve(&mut self, more: usize) {
        let needed = self.text.len() + more;
        if needed > self.text.capacity() {
            let mut roomy = Zeroizing::new(String::with_capacity((2 * needed).max(512)));
            roomy.push_str(&self.text);
            self.text = roomy;
        }
    }

    /// As it is sent.
    pub(super) fn into_bytes(mut self) -> Bytes {
        Bytes::from_owner(Zeroizing::new(mem::take(&mut *self.text).into_bytes()))
    }
}

/// Scopes, as they are sent: joined by spaces.
#[derive(Clone, Debug)]
pub(super) struct Scopes(String);

impl Scopes {
    pub(super) const NONE: Self = Self(String::new());

    /// Adds one, or several that are joined already.
    pub(super) fn add(&mut self, scope: &str) {
        for one in scope.split_ascii_whitespace() {
            if !self.0.is_empty() {
                self.0.push(' ');
            }
            self.0.push_str(one);
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Parameters that a caller added. `Debug` shows their names alone.
#[derive(Clone)]
pub(super) struct Params(Vec<(String, Secret)>);

impl Params {
    pub(super) const NONE: Self = Self(Vec::new());

    pub(super) fn add(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), Secret::new(value)));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_encoded() {
        let mut form = Form::grant("client_credentials");
        form.push("a b", "ü&=+%/");
        assert_eq!(
            form.into_bytes(),
            "grant_type=client_credentials&a+b=%C3%BC%26%3D%2B%25%2F"
        );
    }

    #[test]
    fn a_form_never_grows_in_place() {
        let mut form = Form::of("a test");
        for length in [0, 1, 500, 5_000, 3] {
            form.push("name", &"+".repeat(length));
            assert!(form.text.len() <= form.text.capacity());
        }
        assert_eq!(form.text.split('&').count(), 5);
        assert_eq!(form.text.matches("%2B").count(), 5_504);
    }

    #[test]
    fn w51_an_empty_scope_is_not_sent() {
        let mut form = Form::of("a test");
        let mut scopes = Scopes::NONE;
        scopes.add(" ");
        form.push_some("scope", scopes.as_str());
        assert_eq!(form.into_bytes(), "");
    }

    #[test]
    fn scopes_are_joined_by_one_space() {
        let mut scopes = Scopes::NONE;
        for scope in ["read", "", " write  admin "] {
            scopes.add(scope);
        }
        assert_eq!(scopes.as_str(), "read write admin");
    }
}
