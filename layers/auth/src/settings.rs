use buttress_kernel::{Explain, Partition, Replay};
use http::{Request, header};

use crate::call::Kept;
use crate::credential::Unplaceable;
use crate::overrides::Choice;
use crate::{Credentials, Origins, Override};

/// What a layer was told, or, with an override, what holds for one request.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) credentials: Credentials,
    pub(crate) origins: Origins,
    pub(crate) overwrite: bool,
    pub(crate) replay: bool,
    pub(crate) forbidden: bool,
    pub(crate) drain: u64,
    pub(crate) partition: Option<Partition>,
}

impl Settings {
    pub(crate) const fn new(credentials: Credentials, origins: Origins) -> Self {
        Self {
            credentials,
            origins,
            overwrite: false,
            replay: true,
            forbidden: false,
            drain: 64 * 1024,
            partition: None,
        }
    }

    /// These settings as an override has them, if the request is to have credentials at all. The
    /// layer's partition is not that of others.
    pub(crate) fn with(&self, other: &Override) -> Option<Self> {
        let mut settings = self.clone();
        match &other.credentials {
            Choice::Own => {}
            Choice::Nobodys => return None,
            Choice::These(credentials) => {
                settings.credentials = credentials.clone();
                settings.partition = None;
            }
        }
        settings.overwrite = other.overwrite.unwrap_or(settings.overwrite);
        Some(settings)
    }

    /// Whether the request goes where the credentials belong and asks for nothing special, and nothing
    /// else is to be put on it.
    #[inline(always)]
    pub(crate) fn is_plain<B>(&self, request: &Request<B>) -> bool {
        let extensions = request.extensions();
        let special = || Override::of(extensions).is_some() || Explain::of(extensions).is_some();
        self.origins.hold_at_once(request.uri())
            && !request.headers().contains_key(header::HOST)
            && self.partition.is_none()
            && (extensions.is_empty() || !special())
    }

    /// What another try needs, if there may be one.
    #[inline(always)]
    pub(crate) fn keep<B: Replay>(&self, request: &mut Request<B>) -> Option<Kept<B>> {
        if self.replay { Kept::of(request) } else { None }
    }

    /// Adds the credential that stays as it is, if there is one.
    #[inline]
    pub(crate) fn add_fixed<B>(&self, request: &mut Request<B>) -> Result<bool, Unplaceable> {
        let fixed = self.credentials.fixed.as_ref();
        fixed.map_or(Ok(false), |fixed| fixed.apply(request, self.overwrite))
    }

    /// Whether the request has credentials of its own that a token must not take the place of.
    pub(crate) fn keeps_own<B>(&self, request: &Request<B>) -> bool {
        !self.overwrite && request.headers().contains_key(header::AUTHORIZATION)
    }
}
