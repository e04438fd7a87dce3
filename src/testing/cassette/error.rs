use std::error::Error;
use std::fmt;
use std::path::Path;

use buttress_kernel::{BoxError, Facts, Kind, Sent};
use http::Uri;

use super::exchange::Question;
use crate::testing::redaction::Opaque;

/// A recording cannot be opened.
#[derive(Debug)]
pub struct InvalidCassette {
    rule: String,
    source: Option<BoxError>,
}

impl InvalidCassette {
    pub(super) fn absent(path: &Path) -> Self {
        Self {
            rule: format!(
                "there is no recording at {}; make one with {}=record",
                path.display(),
                super::Mode::VARIABLE
            ),
            source: None,
        }
    }

    pub(super) fn mode(text: &str) -> Self {
        Self {
            rule: format!(
                "{text:?} is no mode of a cassette; it is `replay`, `record` or `replay-or-record`"
            ),
            source: None,
        }
    }

    pub(super) fn unreadable(path: &Path, source: impl Into<BoxError>) -> Self {
        let source = source.into();
        Self {
            rule: format!(
                "the recording at {} cannot be read: {source}",
                path.display()
            ),
            source: Some(source),
        }
    }
}

impl fmt::Display for InvalidCassette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rule)
    }
}

impl Error for InvalidCassette {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // `Display` has told the source already, so what is behind it comes next.
        self.source.as_ref()?.source()
    }
}

/// An exchange cannot be recorded.
#[derive(Debug)]
pub struct CassetteError {
    what: String,
    source: Option<BoxError>,
}

impl CassetteError {
    pub(super) fn unwritable(path: &Path, source: impl Into<BoxError>) -> Self {
        Self {
            what: format!("the recording at {} cannot be written", path.display()),
            source: Some(source.into()),
        }
    }

    pub(super) fn compressed(what: &str, coding: &str) -> Self {
        Self {
            what: format!(
                "the {what} comes in the coding {coding:?}, in which no secret can be found, so it is \
                 not recorded; switch compression off while recording"
            ),
            source: None,
        }
    }

    /// The same, of an exchange that the server has seen: nothing may repeat it on its own.
    pub(super) fn answered(self) -> Self {
        let facts = Facts::new(Kind::Request).sent(Sent::Yes);
        let facts = match self.source {
            Some(source) => facts.caused_by(source),
            None => facts,
        };
        Self {
            what: self.what,
            source: Some(facts.into()),
        }
    }

    pub(super) fn opaque(what: &str, why: &Opaque) -> Self {
        Self {
            what: format!(
                "the {what}'s body cannot be searched for secrets ({why}), so it is not recorded; let \
                 `Redaction::withhold` put a mark in the place of all bodies of its media type, or \
                 `Redaction::plain` record them if you know that they hold none"
            ),
            source: None,
        }
    }
}

impl fmt::Display for CassetteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for CassetteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&**self.source.as_ref()?)
    }
}

/// A request was made that no recording has an answer for. The message says what came, and what is
/// recorded that is nearest to it.
#[derive(Clone, Debug)]
pub struct Unrecorded(String);

impl Unrecorded {
    pub(super) fn new(
        asked: &Question,
        uri: &Uri,
        known: &[(Question, bool)],
        path: &Path,
    ) -> Self {
        let mut text = format!("{} has no answer to {asked}", path.display());
        if known.iter().any(|(question, _)| question == asked) {
            text += "; it was replayed already, and recorded no more often";
        } else if known
            .iter()
            .any(|(question, _)| question.is_but_for_body(asked))
        {
            text += "; it was recorded with another body";
        } else {
            let path = uri.path();
            let near = known.iter().filter(|(question, _)| question.has_path(path));
            let near: Vec<_> = near
                .map(|(question, _)| question.to_string())
                .take(5)
                .collect();
            text += &match near.is_empty() {
                true => format!("; nothing of its {} exchanges has that path", known.len()),
                false => format!("; it has {}", near.join(", ")),
            };
        }
        Self(text)
    }
}

impl fmt::Display for Unrecorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Unrecorded {}
