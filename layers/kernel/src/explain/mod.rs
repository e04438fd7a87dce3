mod waterfall;

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::Extensions;

/// Asks every layer to write down what it decided about one request.
///
/// Put one into a request's extensions and keep a clone: layers add [`Entry`]s as they go, the
/// response carries the [`Trail`] in its extensions, and the clone answers even when the call ended
/// in an error or was dropped. A request without it pays nothing.
///
/// ```
/// use std::time::{Duration, Instant};
/// use buttress_kernel::{Entry, Explain};
///
/// let explain = Explain::new();
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(explain.clone());
///
/// // what a layer does
/// # #[allow(clippy::disallowed_methods)]
/// let start = Instant::now();
/// if let Some(explain) = Explain::of(request.extensions()) {
///     explain.record(Entry::new("rate-limit", "waited", start, start + Duration::from_millis(12)));
/// }
///
/// assert_eq!(explain.trail().to_string().lines().next().unwrap().trim_end(),
///     "rate-limit  waited  0 ms +12 ms   |##############################|");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Explain(Arc<Mutex<Vec<Entry>>>);

/// More entries than this are not kept, so that a call that never ends does not grow for ever.
const MOST_ENTRIES: usize = 256;

impl Explain {
    /// An empty record.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The record that a message's extensions carry, if any.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// Writes down one decision; beyond 256 of them nothing more is kept.
    pub fn record(&self, entry: Entry) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() < MOST_ENTRIES {
            entries.push(entry);
        }
    }

    /// What has been written down so far, in the order in which it began.
    #[must_use]
    pub fn trail(&self) -> Trail {
        let mut entries = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        entries.sort_by_key(|entry| entry.start);
        Trail(entries)
    }

    /// Puts the trail so far into a response's extensions, replacing an earlier one. A layer that
    /// has recorded something calls it on the way out, so the outermost has the last word.
    pub fn attach(&self, extensions: &mut Extensions) {
        extensions.insert(self.trail());
    }
}

/// One decision of one layer, with the time it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    layer: &'static str,
    note: Cow<'static, str>,
    start: Instant,
    end: Instant,
}

impl Entry {
    /// `layer` did what `note` says from `start` to `end`. The note must hold no secret.
    #[must_use]
    pub fn new(
        layer: &'static str,
        note: impl Into<Cow<'static, str>>,
        start: Instant,
        end: Instant,
    ) -> Self {
        let note = note.into();
        Self {
            layer,
            note,
            start,
            end: end.max(start),
        }
    }

    /// The layer's name, such as `retry-after`.
    #[must_use]
    pub const fn layer(&self) -> &'static str {
        self.layer
    }

    /// What it decided.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }

    /// When it began.
    #[must_use]
    pub const fn start(&self) -> Instant {
        self.start
    }

    /// How long it took; zero for a decision that took no time.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.end.duration_since(self.start)
    }
}

/// What every layer decided about one call. `Display` prints a small waterfall.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail(Vec<Entry>);

impl Trail {
    /// The decisions, in the order in which they began.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// The decisions on one line, without times, as a header can carry them:
    /// `retry: attempt 2 after 503; timeout: head in time`. What a header cannot carry (a line
    /// break, say) is a question mark.
    #[must_use]
    pub fn summary(&self) -> String {
        let entries = self.0.iter();
        let notes: Vec<_> = entries
            .map(|e| format!("{}: {}", e.layer, e.note))
            .collect();
        let unfit = |c: char| !matches!(c, ' '..='~');
        notes.join("; ").replace(unfit, "?")
    }
}
