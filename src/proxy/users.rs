use buttress_kernel::{Partition, PartitionHasher};
use http::{Extensions, HeaderMap, header};

use super::settings::KEYS;
use crate::forward::Cookies;

/// Whose the requests are.
#[derive(Clone, Debug)]
pub(super) enum Users {
    /// One user's.
    One,
    /// Those of users who are known by these cookies and by their keys, and of others.
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
        if *cookies == Cookies::None && headers.contains_key(header::AUTHORIZATION) {
            // A private cache tells users apart by that itself, and a shared one has rules of its own for it.
            return;
        }
        let known = known_by(cookies, headers);
        let partition = known.map_or_else(Partition::anyone, |known| hasher.of_secret(&known));
        extensions.insert(partition);
    }
}

/// What a request says of whose it is.
fn known_by(cookies: &Cookies, headers: &HeaderMap) -> Option<Vec<u8>> {
    if *cookies == Cookies::None {
        return None;
    }
    let mut known = Vec::new();
    if let Some(cookies) = cookies.of(headers) {
        known.extend_from_slice(cookies.as_bytes());
    }
    for name in &KEYS {
        for value in headers.get_all(name) {
            for part in [name.as_str().as_bytes(), value.as_bytes()] {
                // No field holds a NUL.
                known.push(0);
                known.extend_from_slice(part);
            }
        }
    }
    (!known.is_empty()).then_some(known)
}
