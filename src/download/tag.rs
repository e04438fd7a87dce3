//! The mark beside a file that is not whole yet: whose it is, and which version's.

use std::fmt::Write as _;
use std::fs::Metadata;
use std::time::UNIX_EPOCH;

use http::HeaderValue;

use super::range::Version;

/// What a mark begins with, so that nothing else is taken for one.
const NAME: &str = "buttress-download 1";

/// What is known of a part besides its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    /// Of what it is a part: validators of two resources may be alike.
    pub(super) resource: u64,
    /// When the part's file was made, where the file system keeps that: a mark fits that file alone, so that a
    /// pair which somebody else put there is no beginning of ours.
    pub(super) made: Option<u128>,
    pub(super) version: Version,
}

/// When a file was made, in nanoseconds.
pub(super) fn made(file: &Metadata) -> Option<u128> {
    let made = file.created().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(made.as_nanos())
}

impl Tag {
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let mut lines = text.split(|byte| *byte == b'\n');
        let mut line = || lines.next();
        let text = |line| std::str::from_utf8(line).ok();
        text(line()?).filter(|name| *name == NAME)?;
        let resource = u64::from_str_radix(text(line()?)?, 16).ok()?;
        let made = match text(line()?)? {
            "" => None,
            made => Some(made.parse().ok()?),
        };
        let coding = text(line()?)?.to_owned();
        let validator = line()?;
        // The last line has an end, so that what was written in part is no mark.
        let is_whole = line()?.is_empty() && line().is_none();
        let validator = HeaderValue::from_bytes(validator).ok();
        is_whole.then(|| Self {
            resource,
            made,
            version: Version {
                validator: validator.filter(|validator| !validator.is_empty()),
                coding,
            },
        })
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{NAME}\n{:016x}\n", self.resource);
        if let Some(made) = self.made {
            let _ = write!(text, "{made}");
        }
        let _ = write!(text, "\n{}\n", self.version.coding);
        let mut text = text.into_bytes();
        if let Some(validator) = &self.version.validator {
            text.extend_from_slice(validator.as_bytes());
        }
        text.push(b'\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        for (made, coding, validator) in [
            (None, "", None),
            (Some(7), "gzip", Some("\"v 1\"")),
            (
                Some(u128::MAX),
                "br,gzip",
                Some("Sun, 06 Nov 1994 08:49:36 GMT"),
            ),
        ] {
            let tag = Tag {
                resource: 255,
                made,
                version: Version {
                    validator: validator.map(HeaderValue::from_static),
                    coding: coding.to_owned(),
                },
            };
            assert_eq!(Tag::read(&tag.to_bytes()), Some(tag));
        }
    }

    #[test]
    fn what_is_no_whole_mark_is_none() {
        let whole = format!("{NAME}\nff\n7\ngzip\n\"v1\"\n");
        assert!(Tag::read(whole.as_bytes()).is_some());
        for end in 0..whole.len() {
            assert_eq!(Tag::read(&whole.as_bytes()[..end]), None, "{end}");
        }
        for other in [
            "",
            "00000000000000ff \"v1\"",
            "buttress-download 2\nff\n7\n\n\n",
        ] {
            assert_eq!(Tag::read(other.as_bytes()), None, "{other}");
        }
        assert_eq!(Tag::read(format!("{whole}more").as_bytes()), None);
    }
}
