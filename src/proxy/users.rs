use buttress_kernel::{Partition, PartitionHasher};
use http::{Extensions, HeaderMap, header};

use crate::forward::Cookies;

/// Whose the requests are.
#[derive(Clone, Debug)]
pub(super) enum Users {
    /// One user's.
    One,
    /// Those of users who are known by these cookies, and of others.
    Known(Cookies, PartitionHasher),
}

impl Users {
    pub(super) fn new() -> Self {
        Self::Known(Cookies::All, PartitionHasher::new())
    }

    /// They are known by these cookies.
    pub(super) fn know_by(&mut self, cookies: Cookies) {
        match self {
            Self::Known(known, _) => *known = cookies,
            Self::One => *self = Self::Known(cookies, PartitionHasher::new()),
        }
    }

    /// They are known by this one, and by those that were named before.
    pub(super) fn know_by_cookie(&mut self, name: &str) {
        let mut cookies = match self {
            Self::Known(Cookies::Named(names), _) => Cookies::Named(std::mem::take(names)),
            Self::Known(..) | Self::One => Cookies::None,
        };
        cookies.add(name);
        self.know_by(cookies);
    }

    /// Says whose a request is, unless somebody has said it.
    pub(super) fn tell(&self, headers: &HeaderMap, extensions: &mut Extensions) {
        let Self::Known(cookies, hasher) = self else {
            return;
        };
        if extensions.get::<Partition>().is_some() {
            return;
        }
        if let Some(cookies) = cookies.of(headers) {
            extensions.insert(hasher.of_secret(cookies.as_bytes()));
        } else if !headers.contains_key(header::AUTHORIZATION) {
            extensions.insert(Partition::anyone());
        }
    }
}
