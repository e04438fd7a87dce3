//! What files are called: by digests and numbers, never by what somebody else wrote.

use super::digest::Digest;

/// A file of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// The heads under a key, and what belongs to them.
    Card(Digest),
    /// The body of one response under a key.
    Body(Digest, u64),
}

impl Name {
    /// The folder that it is in.
    pub(super) fn shard(self) -> u8 {
        let (Self::Card(key) | Self::Body(key, _)) = self;
        key.0[0]
    }

    /// The file that is called so; nothing for one that is not ours.
    pub(super) fn read(text: &str) -> Option<Self> {
        match text.split_once('.') {
            None => Some(Self::Card(digest(text)?)),
            Some((key, serial)) => Some(Self::Body(digest(key)?, number(serial)?)),
        }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Card(key) => write!(f, "{key}"),
            Self::Body(key, serial) => write!(f, "{key}.{serial:016x}"),
        }
    }
}

fn digest(text: &str) -> Option<Digest> {
    let (high, low) = text.split_at_checked(16)?;
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number(high)?.to_be_bytes());
    bytes[8..].copy_from_slice(&number(low)?.to_be_bytes());
    Some(Digest(bytes))
}

/// Sixteen lower-case digits.
pub(super) fn number(text: &str) -> Option<u64> {
    let digits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != 16 || !text.bytes().all(digits) {
        return None;
    }
    u64::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_that_was_written_is_read(key: [u8; 16], serial: u64) {
            let key = Digest(key);
            for name in [Name::Card(key), Name::Body(key, serial)] {
                prop_assert_eq!(Name::read(&name.to_string()), Some(name));
                prop_assert_eq!(name.shard(), key.0[0]);
            }
        }

        #[test]
        fn what_is_read_is_written_the_same(text in "[0-9a-fA-F.x]{30,52}") {
            if let Some(name) = Name::read(&text) {
                prop_assert_eq!(name.to_string(), text);
            }
        }
    }

    #[test]
    fn files_of_others_are_not_taken_for_ours() {
        let key = Digest([0xab; 16]).to_string();
        for other in [
            "",
            "lock",
            ".",
            "..",
            &key.to_uppercase(),
            &key[1..],
            &format!("{key}0"),
            &format!("{key}."),
            &format!("{key}.1"),
            &format!("{key}.+123456789abcdef"),
            &format!("{key}.0123456789ABCDEF"),
            &format!("{key}.0123456789abcdef.tmp"),
            "\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}",
        ] {
            assert_eq!(Name::read(other), None, "{other}");
        }
    }
}
