use std::time::SystemTime;

use http::{HeaderMap, HeaderName};
use sfv::{Dictionary, ListEntry, Parser};

use super::base::base;
use super::content_digest::bytes_of;
use super::fields::{SIGNATURE, SIGNATURE_INPUT};
use super::params::SignatureParams;
use super::policy::Policy;
use super::value;
use super::verifying_key::VerifyingKey;
use super::view::Message;
use crate::{Reason, Unverified};

/// Fields longer than this many bytes are not looked at.
const LONGEST_FIELD: usize = 16 * 1024;

/// More signatures than this are not looked at: each may cost a public-key operation.
const MOST_SIGNATURES: usize = 8;

/// Finds a signature of a message that a policy accepts, and says what it covers
/// ([RFC 9421 §3.2](https://www.rfc-editor.org/rfc/rfc9421#section-3.2)).
///
/// Looks at the signatures that the policy is about, eight at most, in the order in which they stand,
/// and returns the first that is good. `keys` finds the key by what a signature says about itself, its
/// [`key_id`](SignatureParams::key_id) above all; a key knows its algorithm, and a signature that claims
/// another is refused. Pure, apart from what `keys` does.
///
/// The body is not looked at: cover `content-digest`, and [check](super::content_digest::check) it. Whether
/// the same message came twice, you must see to.
///
/// # Errors
///
/// If no signature is good; the reason is that of the last one.
///
/// # Example
///
/// ```
/// use buttress_kernel::WallClock;
/// use buttress_sign::message::{Component, Message, MessageSigner, Policy, SigningKey, verify};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let now = buttress_kernel::SystemWallClock.now();
/// let key = SigningKey::hmac_sha256("a shared secret")?;
/// let signer = MessageSigner::new(key.clone(), [Component::status()])?.key_id("k1")?;
///
/// let (mut response, ()) = http::Response::new(()).into_parts();
/// let signature = signer.sign_message(&Message::response(&response), now)?;
/// signature.insert_into(&mut response.headers)?;
///
/// let policy = Policy::new([Component::status()])?;
/// let keys = |params: &_| match SignatureParams::key_id(params) {
///     Some("k1") => Some(key.verifying_key()),
///     _ => None,
/// };
/// # use buttress_sign::message::SignatureParams;
/// let params = verify(&Message::response(&response), keys, &policy, now)?;
/// assert_eq!(params.label(), "sig1");
/// # Ok(())
/// # }
/// ```
pub fn verify(
    message: &Message<'_>,
    keys: impl Fn(&SignatureParams) -> Option<VerifyingKey>,
    policy: &Policy,
    now: SystemTime,
) -> Result<SignatureParams, Unverified> {
    let inputs = dictionary(message.headers, &SIGNATURE_INPUT)?;
    let signatures = dictionary(message.headers, &SIGNATURE)?;
    let mut last = Reason::Missing;
    let concerned = inputs
        .iter()
        .filter(|(label, _)| policy.concerns(label.as_str()));
    let mut tried = 0;
    for (label, input) in concerned {
        let Some(params) = SignatureParams::of_entry(label.as_str(), input) else {
            last = Reason::Malformed;
            continue;
        };
        if !policy.has_tag(&params) {
            continue;
        }
        // Those of other applications, which cost nothing, do not push ours out.
        if tried == MOST_SIGNATURES {
            break;
        }
        tried += 1;
        let found = signatures.iter().find(|(name, _)| *name == label);
        let found = found.map(|(_, entry)| entry);
        let candidate = Candidate {
            params: &params,
            input,
            found,
        };
        match candidate.check(message, &keys, policy, now) {
            Ok(()) => return Ok(params),
            Err(reason) => last = reason,
        }
    }
    Err(last.into())
}

struct Candidate<'a> {
    params: &'a SignatureParams,
    input: &'a ListEntry,
    found: Option<&'a ListEntry>,
}

impl Candidate<'_> {
    /// What costs little is checked first.
    fn check(
        &self,
        message: &Message<'_>,
        keys: impl Fn(&SignatureParams) -> Option<VerifyingKey>,
        policy: &Policy,
        now: SystemTime,
    ) -> Result<(), Reason> {
        let signature = self.found.ok_or(Reason::Missing)?;
        let signature = bytes_of(signature).ok_or(Reason::Malformed)?;
        policy.check(self.params, now)?;
        let key = keys(self.params).ok_or(Reason::UnknownKey)?;
        let algorithm = key.algorithm();
        let claims_another = |claimed: &str| claimed != algorithm.as_str();
        if !policy.allows(algorithm) || self.params.algorithm().is_some_and(claims_another) {
            return Err(Reason::UnknownKey);
        }
        // As it was parsed, so that parameters that nobody knows are covered too.
        let list = value::entry_text(self.input);
        let base = base(message, &self.params.components, &list);
        let base = base.map_err(|_| Reason::Malformed)?;
        if key.verifies(base.as_bytes(), signature) {
            Ok(())
        } else {
            Err(Reason::Mismatch)
        }
    }
}

fn dictionary(headers: &HeaderMap, name: &HeaderName) -> Result<Dictionary, Reason> {
    let length: usize = headers
        .get_all(name)
        .iter()
        .map(|value| value.len() + 2)
        .sum();
    match length {
        0 => return Err(Reason::Missing),
        LONGEST_FIELD.. => return Err(Reason::Malformed),
        _ => {}
    }
    let text = value::combined(headers, name).map_err(|_| Reason::Malformed)?;
    Parser::new(&text).parse().map_err(|_| Reason::Malformed)
}
