//! Which requests a stored response answers (RFC 9111 §4.1).

use std::time::SystemTime;

use http::{HeaderMap, HeaderName, header};

use super::list;
#[cfg(feature = "persistent")]
use super::seal;
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
    /// last.
    pub(crate) rows: Vec<Row>,
}

/// What one request said in the nominated fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// In the order of the names, a field's lines joined by commas, or nothing where it was absent.
    pub(crate) values: Vec<Option<Box<[u8]>>>,
    /// When the origin last said that the response answers it. What it says to another request is
    /// news of the bytes, but not of which request they are for.
    pub(crate) confirmed: SystemTime,
}

impl Row {
    /// Whether it says what a new one does, which nobody has sealed yet.
    fn says_the_same(&self, new: &Self) -> bool {
        let mut pairs = self.values.iter().zip(&new.values);
        pairs.all(|pair| match pair {
            (Some(value), Some(new)) => value == new || opens(value, [&**new].into_iter()),
            (value, new) => value == new,
        })
    }
}

impl Vary {
    /// What a response that arrived `now` says about a request; nothing when it answers no other
    /// (`*`).
    pub(super) fn of(response: &HeaderMap, request: &HeaderMap, now: SystemTime) -> Option<Self> {
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
            let values = vary.values(request);
            let confirmed = now;
            vary.rows.push(Row { values, confirmed });
        }
        Some(vary)
    }

    /// That of an updated response, which answers one more request.
    pub(super) fn and(mut self, old: &Self) -> Self {
        if self.names == old.names {
            let is_new = |row: &&Row| !self.rows.iter().any(|new| row.says_the_same(new));
            let rows = old.rows.iter().filter(is_new);
            let mut rows: Vec<_> = rows.cloned().collect();
            rows.append(&mut self.rows);
            self.rows = rows.split_off(rows.len().saturating_sub(MOST_ROWS));
        }
        self
    }

    /// Puts digests in the place of what the requests said, except in fields that tell little and in
    /// those that are `clear`: for a store that others may read.
    #[cfg(feature = "persistent")]
    pub(crate) fn seal(&mut self, clear: &[HeaderName]) {
        for row in &mut self.rows {
            for (name, value) in self.names.iter().zip(&mut row.values) {
                if let Some(said) = value
                    && !seal::is_sealed(said)
                    && !seal::is_common(name)
                    && !clear.contains(name)
                {
                    *said = seal::seal(said);
                }
            }
        }
    }

    fn values(&self, request: &HeaderMap) -> Vec<Option<Box<[u8]>>> {
        let value = |name: &HeaderName| {
            let lines: Vec<_> = list::lines(request, name).collect();
            (!lines.is_empty()).then(|| lines.join(&b", "[..]).into())
        };
        self.names.iter().map(value).collect()
    }

    /// Whether a request with these fields would have been given the same response, whose own
    /// fields those are. Costs no allocation.
    pub(super) fn matches(&self, request: &HeaderMap, response: &HeaderMap) -> bool {
        self.names.is_empty() || self.place(request, response).is_some()
    }

    /// When the origin last said that the response answers such a request; nothing where that is
    /// when it last said anything, since nobody else was given it.
    pub(super) fn confirmed(
        &self,
        request: &HeaderMap,
        response: &HeaderMap,
    ) -> Option<SystemTime> {
        if self.rows.len() < 2 {
            return None;
        }
        let place = self.place(request, response)?;
        Some(self.rows[place].confirmed)
    }

    /// The origin said `now` that the response answers this request, too.
    pub(super) fn confirm(&mut self, request: &HeaderMap, response: &HeaderMap, now: SystemTime) {
        if let Some(place) = self.place(request, response) {
            self.rows[place].confirmed = now;
        }
    }

    /// The newest row that says the same as a request.
    fn place(&self, request: &HeaderMap, response: &HeaderMap) -> Option<usize> {
        self.rows.iter().rposition(|row| {
            let mut fields = self.names.iter().zip(&row.values);
            fields.all(|(name, value)| matches_field(name, value.as_deref(), request, response))
        })
    }
}

/// Whether this was sealed, and these are the lines that it was made of.
#[cfg(feature = "persistent")]
fn opens<'a>(stored: &[u8], lines: impl Iterator<Item = &'a [u8]>) -> bool {
    seal::is_sealed(stored) && seal::opens(stored, lines)
}

/// Nothing is sealed where no store outlives the process.
#[cfg(not(feature = "persistent"))]
fn opens<'a>(_: &[u8], _: impl Iterator<Item = &'a [u8]>) -> bool {
    false
}

#[inline]
fn matches_field(
    name: &HeaderName,
    stored: Option<&[u8]>,
    request: &HeaderMap,
    response: &HeaderMap,
) -> bool {
    let (Some(stored), Some(first)) = (stored, request.get(name)) else {
        return stored.is_none() && !request.contains_key(name);
    };
    // What is usual is looked for first: the same in one line, as each field is of such a request.
    let is_usual = stored == first.as_bytes() && request.len() == request.keys_len();
    is_usual || matches_lines(name, stored, request, response)
}

fn matches_lines(
    name: &HeaderName,
    stored: &[u8],
    request: &HeaderMap,
    response: &HeaderMap,
) -> bool {
    let presented = || list::lines(request, name);
    let mut lines = presented();
    if lines.next() == Some(stored) && lines.next().is_none() {
        return true;
    }
    // White space and the way a list is cut into lines have no meaning in any field.
    if list::members([stored]).eq(list::members(presented())) || opens(stored, presented()) {
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
