//! Where in a document reading stops.

use serde::de::{DeserializeSeed, Deserializer};
use serde_path_to_error::{Segment, Track};

use super::names::{Names, Watched};

/// Names and indices from the root on.
#[derive(Default)]
pub(super) struct Path {
    pub(super) whole: String,
    /// With `*` for what is no name of the type's.
    pub(super) shown: String,
}

impl Path {
    /// Where reading stops.
    pub(super) fn to<'de, D: Deserializer<'de>>(
        reader: D,
        pointer: &str,
        seed: impl DeserializeSeed<'de>,
    ) -> Self {
        let mut track = Track::new();
        let reader = serde_path_to_error::Deserializer::new(reader, &mut track);
        let names = Names::of(pointer);
        let mut found = Self::default();
        if seed.deserialize(Watched::new(reader, &names)).is_err() {
            found.follow(&track.path(), &names);
        }
        found
    }

    /// The same below another place.
    pub(super) fn under(self, at: &str) -> Self {
        let below = |path: &str| match path {
            "" => at.to_owned(),
            index if at.is_empty() || index.starts_with('[') => format!("{at}{index}"),
            name => format!("{at}.{name}"),
        };
        Self {
            whole: below(&self.whole),
            shown: below(&self.shown),
        }
    }

    fn follow(&mut self, path: &serde_path_to_error::Path, names: &Names<'_>) {
        for segment in path {
            let name = match segment {
                Segment::Seq { index } => {
                    self.push("", &format!("[{index}]"), true);
                    continue;
                }
                Segment::Map { key } => key,
                Segment::Enum { variant } => variant,
                Segment::Unknown => "?",
            };
            let dot = if self.whole.is_empty() { "" } else { "." };
            self.push(dot, name, names.hold(name));
        }
    }

    fn push(&mut self, before: &str, piece: &str, is_shown: bool) {
        for (path, piece) in [
            (&mut self.whole, piece),
            (&mut self.shown, if is_shown { piece } else { "*" }),
        ] {
            path.push_str(before);
            path.push_str(piece);
        }
    }
}
