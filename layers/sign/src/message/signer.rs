use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderName;
use http::request::Parts;
use ring::rand::{SecureRandom, SystemRandom};
use sfv::KeyRef;

use super::base::base;
use super::component::{self, Component};
use super::content_digest::{CONTENT_DIGEST, DigestAlgorithm};
use super::fields::MadeSignature;
use super::params::SignatureParams;
use super::signing_key::SigningKey;
use super::text;
use super::view::{Message, Structure};
use crate::{InvalidSettings, Payload, Sign, SignError};

/// Signs messages as [RFC 9421](https://www.rfc-editor.org/rfc/rfc9421) says: requests in a
/// [`SignLayer`](crate::SignLayer), and any message by [`sign_message`](Self::sign_message).
///
/// | setting | default |
/// | --- | --- |
/// | [`label`](Self::label) | `sig1` |
/// | [`key_id`](Self::key_id), [`tag`](Self::tag) | none |
/// | [`created`](Self::created) | yes |
/// | [`expires_after`](Self::expires_after) | never |
/// | [`show_algorithm`](Self::show_algorithm) | no: the key says it |
/// | [`nonce`](Self::nonce), [`random_nonce`](Self::random_nonce) | none |
/// | [`content_digest`](Self::content_digest) | none |
/// | [`structured`](Self::structured) | the fields that this crate knows |
#[derive(Clone)]
pub struct MessageSigner {
    key: SigningKey,
    params: SignatureParams,
    created: bool,
    life: Option<Duration>,
    nonce: Option<Nonce>,
    digest: Option<DigestAlgorithm>,
    types: Vec<(HeaderName, Structure)>,
}

type Nonce = Arc<dyn Fn() -> Result<String, SignError> + Send + Sync>;

impl MessageSigner {
    /// Signs these components, in this order.
    ///
    /// # Errors
    ///
    /// If a component is named twice, or has a parameter that does not go with it.
    pub fn new(
        key: SigningKey,
        components: impl IntoIterator<Item = Component>,
    ) -> Result<Self, InvalidSettings> {
        let params = SignatureParams {
            label: "sig1".to_owned(),
            components: component::checked(components)?,
            created: None,
            expires: None,
            key_id: None,
            algorithm: None,
            nonce: None,
            tag: None,
        };
        Ok(Self {
            key,
            params,
            created: true,
            life: None,
            nonce: None,
            digest: None,
            types: Vec::new(),
        })
    }

    /// The signature's name within the message.
    ///
    /// # Errors
    ///
    /// If it is not a key of a structured field: lower-case letters, digits and `_-.*`, beginning with a
    /// letter or an asterisk.
    pub fn label(mut self, label: &str) -> Result<Self, InvalidSettings> {
        KeyRef::from_str(label).map_err(|_| {
            InvalidSettings::new("a label is lower-case letters, digits and _-.*, a letter first")
        })?;
        label.clone_into(&mut self.params.label);
        Ok(self)
    }

    /// Which key it is, for the receiver to find.
    ///
    /// # Errors
    ///
    /// If it is not printable ASCII.
    pub fn key_id(mut self, id: &str) -> Result<Self, InvalidSettings> {
        self.params.key_id = Some(printable(id)?);
        Ok(self)
    }

    /// Which application it is for.
    ///
    /// # Errors
    ///
    /// If it is not printable ASCII.
    pub fn tag(mut self, tag: &str) -> Result<Self, InvalidSettings> {
        self.params.tag = Some(printable(tag)?);
        Ok(self)
    }

    /// Whether it says when it was made.
    #[must_use]
    pub fn created(mut self, yes: bool) -> Self {
        self.created = yes;
        self
    }

    /// Says that it ends this long after it was made, in whole seconds.
    #[must_use]
    pub fn expires_after(mut self, life: Duration) -> Self {
        self.life = Some(life);
        self
    }

    /// Says which algorithm it is, although the receiver should know that from the key.
    #[must_use]
    pub fn show_algorithm(mut self) -> Self {
        self.params.algorithm = Some(self.key.algorithm().as_str().to_owned());
        self
    }

    /// Adds a nonce from `generator` to each signature, printable ASCII that never repeats.
    #[must_use]
    pub fn nonce(mut self, generator: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.nonce = Some(Arc::new(move || {
            let nonce = generator();
            let fits = text::is_string(&nonce).then_some(nonce);
            fits.ok_or_else(|| SignError::new("its nonce is not printable ASCII"))
        }));
        self
    }

    /// Adds a nonce of 128 random bits to each signature.
    #[must_use]
    pub fn random_nonce(mut self) -> Self {
        self.nonce = Some(Arc::new(|| {
            let mut bytes = [0; 16];
            let drawn = SystemRandom::new().fill(&mut bytes);
            drawn.map_err(|_| SignError::new("the system has no random numbers"))?;
            Ok(URL_SAFE_NO_PAD.encode(bytes))
        }));
        self
    }

    /// Adds the digest of the body to each request, in `Content-Digest`
    /// ([RFC 9530 §2](https://www.rfc-editor.org/rfc/rfc9530#section-2)), and covers it. Streams are
    /// refused then.
    #[must_use]
    pub fn content_digest(mut self, algorithm: DigestAlgorithm) -> Self {
        self.digest = Some(algorithm);
        let covered = Component::field(CONTENT_DIGEST);
        if !self.params.components.contains(&covered) {
            self.params.components.push(covered);
        }
        self
    }

    /// Tells the structure of a field that is covered with `sf` and that this crate does not know.
    #[must_use]
    pub fn structured(mut self, name: HeaderName, structure: Structure) -> Self {
        self.types.push((name, structure));
        self
    }
}

impl MessageSigner {
    /// Signs any message, a response too; the result is still to be [put into](MadeSignature::insert_into)
    /// its headers. [`content_digest`](Self::content_digest) is the layer's: here the field must be there.
    ///
    /// # Errors
    ///
    /// If a covered component is missing or has no one value, or if the wall clock shows no date that can
    /// be written.
    pub fn sign_message(
        &self,
        message: &Message<'_>,
        now: SystemTime,
    ) -> Result<MadeSignature, SignError> {
        let params = self.params_at(now)?;
        let list = params.to_list();
        let base = base(message, &params.components, &list).map_err(SignError::new)?;
        let bytes = self.key.sign(base.as_bytes());
        let bytes = bytes.map_err(|_| SignError::new("the key refused to sign"))?;
        let label = params.label;
        Ok(MadeSignature { label, list, bytes })
    }

    fn params_at(&self, now: SystemTime) -> Result<SignatureParams, SignError> {
        let mut params = self.params.clone();
        if self.created {
            params.created = Some(secs(now)?);
        }
        if let Some(life) = self.life {
            let end = now.checked_add(life).ok_or_else(no_date)?;
            params.expires = Some(secs(end)?);
        }
        params.nonce = self.nonce.as_ref().map(|nonce| nonce()).transpose()?;
        Ok(params)
    }
}

/// The end of what an integer of a structured field can say.
const LAST: u64 = 999_999_999_999_999;

fn secs(time: SystemTime) -> Result<i64, SignError> {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_err(|_| no_date())?;
    let secs = i64::try_from(since.as_secs().min(LAST + 1)).map_err(|_| no_date())?;
    if since.as_secs() > LAST {
        Err(no_date())
    } else {
        Ok(secs)
    }
}

fn no_date() -> SignError {
    SignError::new("the wall clock shows a date that cannot be written")
}

fn printable(text: &str) -> Result<String, InvalidSettings> {
    if text::is_string(text) {
        Ok(text.to_owned())
    } else {
        Err(InvalidSettings::new(
            "the id of a key and a tag are printable ASCII",
        ))
    }
}

impl Sign for MessageSigner {
    fn scheme(&self) -> &'static str {
        "message-signatures"
    }

    fn sign(&self, head: &mut Parts, body: Payload<'_>, now: SystemTime) -> Result<(), SignError> {
        if let Some(algorithm) = self.digest {
            head.headers
                .insert(CONTENT_DIGEST, algorithm.field(body.bytes()?));
        }
        let message = Message::request(head).outbound().structured(&self.types);
        let signature = self.sign_message(&message, now)?;
        signature.insert_into(&mut head.headers)
    }
}

impl fmt::Debug for MessageSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageSigner")
            .field("key", &self.key)
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}
