//! The two fields that carry signatures.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use sfv::{Dictionary, Parser};

use super::value;
use crate::SignError;

pub(super) const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");
pub(super) const SIGNATURE: HeaderName = HeaderName::from_static("signature");

/// A signature that has been made, and is to be put into a message.
///
/// `Debug` shows what it covers and not what it is.
#[derive(Clone)]
pub struct MadeSignature {
    pub(super) label: String,
    pub(super) list: String,
    pub(super) bytes: Vec<u8>,
}

impl MadeSignature {
    /// The member of `Signature-Input`: the list of components with its parameters.
    #[must_use]
    pub fn input(&self) -> &str {
        &self.list
    }

    /// The signature itself.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Puts it into a message's headers, next to signatures with other labels. One with the same label
    /// is replaced.
    ///
    /// # Errors
    ///
    /// If there are signatures that cannot be read: two signers do not agree then on what is there.
    pub fn insert_into(&self, headers: &mut HeaderMap) -> Result<(), SignError> {
        let signature = format!(":{}:", STANDARD.encode(&self.bytes));
        let input = with_member(headers, &SIGNATURE_INPUT, &self.label, &self.list)?;
        let mut signature = with_member(headers, &SIGNATURE, &self.label, &signature)?;
        signature.set_sensitive(true);
        headers.insert(SIGNATURE_INPUT, input);
        headers.insert(SIGNATURE, signature);
        Ok(())
    }
}

/// The field with this member at its end.
fn with_member(
    headers: &HeaderMap,
    name: &HeaderName,
    label: &str,
    member: &str,
) -> Result<HeaderValue, SignError> {
    const UNREADABLE: &str = "signatures that it has already cannot be read";
    let mut text = format!("{label}={member}");
    if headers.contains_key(name) {
        let there = value::combined(headers, name).map_err(|_| SignError::new(UNREADABLE))?;
        let parsed = Parser::new(&there).parse::<Dictionary>();
        let mut others = parsed.map_err(|_| SignError::new(UNREADABLE))?;
        others.retain(|name, _| name.as_str() != label);
        if let Some(others) = value::dictionary_text(&others) {
            text = format!("{others}, {text}");
        }
    }
    HeaderValue::try_from(text).map_err(|_| SignError::new("its signature is not fit for a header"))
}

impl std::fmt::Debug for MadeSignature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeSignature")
            .field("label", &self.label)
            .field("input", &self.list)
            .finish_non_exhaustive()
    }
}
