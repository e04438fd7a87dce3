use std::fmt;

/// What the values of most paths have room in.
const ROOM: usize = 64;

/// Names and the values that were given for them, one behind the other in one text.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Values {
    text: String,
    entries: Vec<Entry>,
}

/// Where a name and its value end in the text.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Entry {
    name: usize,
    value: usize,
}

impl Values {
    pub(crate) fn push(&mut self, name: &str, value: &str) {
        self.begin(name).push_str(value);
        self.end();
    }

    /// Takes a name, and returns what its value is to be written to, at the end. [`end`](Self::end) says
    /// that it is whole.
    pub(crate) fn begin(&mut self, name: &str) -> &mut String {
        if self.entries.is_empty() {
            self.text.reserve(ROOM);
        }
        self.text.push_str(name);
        let end = self.text.len();
        self.entries.push(Entry {
            name: end,
            value: end,
        });
        &mut self.text
    }

    /// Goes on with the last value.
    pub(crate) const fn resume(&mut self) -> &mut String {
        &mut self.text
    }

    pub(crate) fn end(&mut self) {
        let end = self.text.len();
        if let Some(last) = self.entries.last_mut() {
            last.value = end;
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) const fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        (0..self.entries.len()).map(|at| self.at(at))
    }

    /// The last value of a name, and which it is: a later one replaces an earlier one.
    pub(super) fn find(&self, name: &str) -> Option<(usize, &str)> {
        let all = (0..self.entries.len()).rev();
        let mut all = all.map(|at| (at, self.at(at)));
        all.find_map(|(at, (known, value))| (known == name).then_some((at, value)))
    }

    fn at(&self, at: usize) -> (&str, &str) {
        let begin = match at {
            0 => 0,
            _ => self.entries[at - 1].value,
        };
        let Entry { name, value } = self.entries[at];
        (&self.text[begin..name], &self.text[name..value])
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
