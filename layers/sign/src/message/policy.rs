use std::time::{Duration, SystemTime};

use super::algorithm::Algorithm;
use super::component::{self, Component};
use super::params::SignatureParams;
use crate::{InvalidSettings, Reason};

/// Which signatures a receiver accepts
/// ([RFC 9421 §3.2.1](https://www.rfc-editor.org/rfc/rfc9421#section-3.2.1)).
///
/// | setting | default |
/// | --- | --- |
/// | [`label`](Self::label), [`tag`](Self::tag) | any |
/// | [`max_age`](Self::max_age) | 5 min |
/// | [`skew`](Self::skew) | 30 s |
/// | [`require_created`](Self::require_created) | yes |
/// | [`require_expires`](Self::require_expires), [`require_nonce`](Self::require_nonce) | no |
/// | [`algorithms`](Self::algorithms) | all that this crate knows |
///
/// ```
/// use buttress_sign::message::{Component, Policy};
///
/// let policy = Policy::new([Component::method(), Component::target_uri()])?.tag("orders");
/// # Ok::<_, buttress_sign::InvalidSettings>(())
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    required: Vec<Component>,
    label: Option<String>,
    tag: Option<String>,
    max_age: Duration,
    skew: Duration,
    created: bool,
    expires: bool,
    nonce: bool,
    algorithms: Option<Vec<Algorithm>>,
}

impl Policy {
    /// Accepts signatures that cover these components, and whatever else.
    ///
    /// What a signature does not cover, anybody on the way can change: name all that the receiver acts
    /// on, and `content-digest` where there is a body.
    ///
    /// # Errors
    ///
    /// If a component is named twice, or has a parameter that does not go with it.
    pub fn new(required: impl IntoIterator<Item = Component>) -> Result<Self, InvalidSettings> {
        Ok(Self {
            required: component::checked(required)?,
            label: None,
            tag: None,
            max_age: Duration::from_secs(300),
            skew: Duration::from_secs(30),
            created: true,
            expires: false,
            nonce: false,
            algorithms: None,
        })
    }

    /// Looks at the signature with this label alone.
    #[must_use]
    pub fn label(mut self, label: &str) -> Self {
        self.label = Some(label.to_owned());
        self
    }

    /// Looks at signatures with this tag alone.
    #[must_use]
    pub fn tag(mut self, tag: &str) -> Self {
        self.tag = Some(tag.to_owned());
        self
    }

    /// How old a signature may be that says when it was made.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// By how much the sender's clock may be ahead of ours, or behind it.
    #[must_use]
    pub fn skew(mut self, skew: Duration) -> Self {
        self.skew = skew;
        self
    }

    /// Whether a signature must say when it was made. One that does not never grows too old.
    #[must_use]
    pub fn require_created(mut self, yes: bool) -> Self {
        self.created = yes;
        self
    }

    /// Whether a signature must say when it ends.
    #[must_use]
    pub fn require_expires(mut self, yes: bool) -> Self {
        self.expires = yes;
        self
    }

    /// Whether a signature must have a nonce. That it has not come before, you must see to.
    #[must_use]
    pub fn require_nonce(mut self, yes: bool) -> Self {
        self.nonce = yes;
        self
    }

    /// The algorithms that are good enough.
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = Some(algorithms.into_iter().collect());
        self
    }
}

impl Policy {
    /// Whether a signature is one of those to look at.
    pub(super) fn concerns(&self, label: &str) -> bool {
        self.label.as_deref().is_none_or(|wanted| wanted == label)
    }

    pub(super) fn has_tag(&self, params: &SignatureParams) -> bool {
        self.tag.is_none() || self.tag == params.tag
    }

    /// Whether what a signature says about itself is enough. Pure.
    pub(super) fn check(&self, params: &SignatureParams, now: SystemTime) -> Result<(), Reason> {
        let covers = |component| params.components.contains(component);
        let lacks = self.created && params.created.is_none()
            || self.expires && params.expires.is_none()
            || self.nonce && params.nonce.is_none();
        if lacks || !self.required.iter().all(covers) {
            return Err(Reason::Insufficient);
        }
        self.check_time(params, now)
    }

    fn check_time(&self, params: &SignatureParams, now: SystemTime) -> Result<(), Reason> {
        let now = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let now = i128::from(now.as_secs());
        let (skew, max_age) = (secs(self.skew), secs(self.max_age));
        if let Some(created) = params.created.map(i128::from) {
            if created > now + skew {
                return Err(Reason::NotYetValid);
            }
            if created + max_age + skew < now {
                return Err(Reason::Expired);
            }
        }
        if let Some(expires) = params.expires.map(i128::from) {
            if expires + skew < now {
                return Err(Reason::Expired);
            }
            if params
                .created
                .is_some_and(|created| i128::from(created) > expires)
            {
                return Err(Reason::Malformed);
            }
        }
        Ok(())
    }

    pub(super) fn allows(&self, algorithm: Algorithm) -> bool {
        self.algorithms
            .as_ref()
            .is_none_or(|good| good.contains(&algorithm))
    }
}

fn secs(span: Duration) -> i128 {
    i128::from(span.as_secs())
}
