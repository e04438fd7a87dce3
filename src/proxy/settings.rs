use http::header::HeaderName;
use http::{Extensions, HeaderMap, header};

use crate::BaseUri;
use crate::client::Holdings;
use crate::forward::{Claim, ClientAddress, Cookies, X_FORWARDED_FOR, are_alike, claim};

use super::trailers::remove;
use super::users::Users;
use super::via::Pseudonym;

#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) base: BaseUri,
    pub(super) way: Way,
    pub(super) via: Pseudonym,
    /// Fields that go on, whatever they are.
    pub(super) kept: Vec<HeaderName>,
    /// Fields that stay behind, besides those that always do.
    pub(super) left_out: Vec<HeaderName>,
    /// Which cookies go on, and may be set.
    pub(super) cookies: Cookies,
    /// What the client puts on requests itself.
    pub(super) holdings: Holdings,
    /// Whether paths may have dot segments.
    pub(super) dot_segments: bool,
    /// Whether fields with `_` in their names go on.
    pub(super) underscores: bool,
    pub(super) users: Users,
}

impl Settings {
    pub(super) fn new(base: BaseUri) -> Self {
        Self {
            base,
            way: Way::Untold,
            via: Pseudonym::random(),
            kept: Vec::new(),
            left_out: Vec::new(),
            cookies: Cookies::None,
            holdings: Holdings::default(),
            dot_segments: false,
            underscores: false,
            users: Users::new(),
        }
    }

    /// Takes out what this request may not say, and says where it comes from.
    pub(super) fn tell(&self, headers: &mut HeaderMap, extensions: &Extensions) {
        let told = match &self.way {
            Way::Untold | Way::AsSaid => None,
            Way::Known(address) => address.told(headers, extensions),
        };
        let is_peer_trusted = told.as_ref().is_some_and(|told| told.is_peer_trusted);
        remove(headers, |name| self.leaves_out(name, is_peer_trusted));
        if let Some(told) = told {
            headers.insert(X_FORWARDED_FOR, told.field);
        }
    }

    /// Whether a field of this name stays behind.
    pub(super) fn leaves_out(&self, name: &HeaderName, is_peer_trusted: bool) -> bool {
        let is_among = |names: &[HeaderName]| names.iter().any(|other| are_alike(name, other));
        let is_unfit = || {
            !self.underscores && name.as_str().contains('_')
                || is_among(&KEYS)
                || is_among(&self.holdings.names)
                || match claim(name) {
                    Some(Claim::Way) => !self.way.keeps(name, is_peer_trusted),
                    Some(Claim::Other) => true,
                    None => false,
                }
        };
        !self.kept.contains(name) && (is_among(&self.left_out) || is_unfit())
    }

    /// Has the client's credentials take the place of the request's own, unless a middleware has said otherwise.
    pub(super) fn insist(&self, extensions: &mut Extensions) {
        if self.holdings.credentials {
            let wishes = extensions.remove::<buttress_auth::Override>();
            extensions.insert(wishes.unwrap_or_default().or_overwrite(true));
        }
    }

    /// Has a field go on, or stay behind.
    pub(super) fn choose(&mut self, name: HeaderName, goes_on: bool) {
        if goes_on && name == header::COOKIE {
            // A field that goes on without a cookie in it would sign users out.
            self.cookies = Cookies::All;
        }
        let (to, from) = if goes_on {
            (&mut self.kept, &mut self.left_out)
        } else {
            (&mut self.left_out, &mut self.kept)
        };
        from.retain(|other| *other != name);
        to.push(name);
    }
}

/// Fields that say who somebody is; of cookies there is a choice of its own.
pub(super) const KEYS: [HeaderName; 2] =
    [header::AUTHORIZATION, HeaderName::from_static("x-api-key")];

/// What the upstream is told of where a request comes from.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// Nothing.
    Untold,
    /// What the request says itself.
    AsSaid,
    /// What is known, and what a trusted peer says.
    Known(ClientAddress),
}

impl Way {
    /// Whether such a field of the request itself goes on.
    fn keeps(&self, name: &HeaderName, is_peer_trusted: bool) -> bool {
        match self {
            Self::Untold => false,
            Self::AsSaid => true,
            Self::Known(address) => is_peer_trusted && address.keeps(name),
        }
    }
}
