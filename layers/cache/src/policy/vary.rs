//! Which requests a stored response answers (RFC 9111 §4.1).

use http::{HeaderMap, HeaderName, header};

use super::list;
use super::weights::Preferences;

/// More nominated fields than this are taken for `*`: each is compared on each look-up.
const MOST_NAMES: usize = 32;

/// Of the requests that the origin gave one response to, so many are remembered.
const MOST_ROWS: usize = 16;

/// The request fields that chose a stored response, and what they said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Vary {
    /// The nominated fields, each once. None for a response without `Vary`, which answers all.
    pub(crate) names: Vec<HeaderName>,
    /// What they said in each of the requests that the origin gave this response to, the newest
    /// last: in the order of `names`, a field's lines joined by commas, or nothing where it was
    /// absent.
    pub(crate) rows: Vec<Vec<Option<Box<[u8]>>>>,
}

impl Vary {
    /// What a response says about a request; nothing when it answers no other (`*`).
    pub(super) fn of(response: &HeaderMap, request: &HeaderMap) -> Option<Self> {
        let mut names = Vec::new();
        for name in list::members(list::lines(response, &header::VARY)) {
            // `*` is no field name, and fails here.
            let name = HeaderName::from_bytes(name)
                .ok()
                .filter(|name| name != "*")?;
            if !names.contains(&name) {
                names.push(name);
            }
            if names.len() > MOST_NAMES {
                return None;
            }
        }
        let mut vary = Self {
            names,
            rows: Vec::new(),
        };
        if !vary.names.is_empty() {
            vary.rows.push(vary.row(request));
        }
        Some(vary)
    }

    /// That of an updated response, which answers one more request.
    pub(super) fn and(mut self, old: &Self) -> Self {
        if self.names == old.names {
            let rows = old.rows.iter().filter(|row| !self.rows.contains(row));
            let mut rows: Vec<_> = rows.cloned().collect();
            rows.append(&mut self.rows);
            self.rows = rows.split_off(rows.len().saturating_sub(MOST_ROWS));
        }
        self
    }

    fn row(&self, request: &HeaderMap) -> Vec<Option<Box<[u8]>>> {
        let value = |name: &HeaderName| {
            let lines: Vec<_> = list::lines(request, name).collect();
            (!lines.is_empty()).then(|| lines.join(&b", "[..]).into())
        };
        self.names.iter().map(value).collect()
    }

    /// Whether a request with these fields would have been given the same response, whose own
    /// fields those are. Costs no allocation.
    pub(super) fn matches(&self, request: &HeaderMap, response: &HeaderMap) -> bool {
        let matches = |row: &Vec<Option<Box<[u8]>>>| {
            let mut fields = self.names.iter().zip(row);
            fields.all(|(name, value)| matches_field(name, value.as_deref(), request, response))
        };
        self.names.is_empty() || self.rows.iter().rev().any(matches)
    }
}

fn matches_field(
    name: &HeaderName,
    stored: Option<&[u8]>,
    request: &HeaderMap,
    response: &HeaderMap,
) -> bool {
    let presented = || list::lines(request, name);
    let mut lines = presented();
    let (Some(stored), Some(first)) = (stored, lines.next()) else {
        return stored.is_none() && !request.contains_key(name);
    };
    // What is usual is looked for first.
    if stored == first && lines.next().is_none() {
        return true;
    }
    // White space and the way a list is cut into lines have no meaning in any field.
    if list::members([stored]).eq(list::members(presented())) {
        return true;
    }
    if *name != header::ACCEPT_LANGUAGE && *name != header::ACCEPT_ENCODING {
        return false;
    }
    let Some(presented) = Preferences::parse(presented()) else {
        return false;
    };
    let stored = Preferences::parse([stored].into_iter());
    // The one language that the caller wants most is the one that the response is in.
    let in_language = || {
        let language = response.get(header::CONTENT_LANGUAGE);
        *name == header::ACCEPT_LANGUAGE
            && language.is_some_and(|language| presented.prefer(language.as_bytes()))
    };
    stored.is_some_and(|stored| stored.same(&presented)) || in_language()
}

#[cfg(test)]
mod tests;
