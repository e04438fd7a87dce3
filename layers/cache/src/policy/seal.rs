//! What a request said, kept so that it is known again and cannot be read.

use std::iter;

use http::{HeaderName, header};
use ring::digest::{Context, SHA256, SHA256_OUTPUT_LEN};
use ring::rand::{SecureRandom, SystemRandom};

use super::list;

/// What is sealed begins so, which no field's value does (RFC 9110 §5.5).
const MARK: u8 = 0;

const SALT: usize = 16;

/// Beginnings of the names of fields that tell little about who asks, so that they may be read.
const FAMILIES: [&str; 3] = ["access-control-request-", "sec-ch-", "sec-fetch-"];

/// Names of such fields.
static COMMON: [HeaderName; 7] = [
    header::ACCEPT,
    header::ACCEPT_CHARSET,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::HOST,
    header::ORIGIN,
    header::USER_AGENT,
];

/// Whether what a field says may be read by whoever can read the store.
pub(super) fn is_common(name: &HeaderName) -> bool {
    let name_begins = |family: &&str| name.as_str().starts_with(*family);
    COMMON.contains(name) || FAMILIES.iter().any(name_begins)
}

pub(super) fn is_sealed(value: &[u8]) -> bool {
    value.first() == Some(&MARK)
}

/// A salted digest of what a field says. Each has a salt of its own beside it, so that whoever can read
/// the store can look it up, whichever process wrote it, and equal values look different.
///
/// Where the operating system gives no random bytes, it is something that nothing opens.
pub(super) fn seal(value: &[u8]) -> Box<[u8]> {
    let mut salt = [0; SALT];
    if SystemRandom::new().fill(&mut salt).is_err() {
        return [MARK].into();
    }
    let digest = digest(&salt, iter::once(value));
    [&[MARK], &salt[..], &digest].concat().into()
}

/// Whether this is what was sealed, but for white space and the way a list is cut into lines.
pub(super) fn opens<'a>(sealed: &[u8], lines: impl Iterator<Item = &'a [u8]>) -> bool {
    let parts = sealed.get(1..).and_then(|rest| rest.split_at_checked(SALT));
    parts.is_some_and(|(salt, kept)| digest(salt, lines) == kept)
}

fn digest<'a>(salt: &[u8], lines: impl Iterator<Item = &'a [u8]>) -> [u8; SHA256_OUTPUT_LEN] {
    let mut context = Context::new(&SHA256);
    context.update(salt);
    for member in list::members(lines) {
        context.update(member);
        // No field has a line's end in it, so nothing else comes to the same.
        context.update(b"\n");
    }
    let mut text = [0; SHA256_OUTPUT_LEN];
    text.copy_from_slice(context.finish().as_ref());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_known_again_however_its_list_is_cut() {
        let sealed = seal(b"a, \"b,c\"");
        assert!(is_sealed(&sealed) && !is_sealed(b"a") && !is_sealed(b""));
        for lines in [&["a, \"b,c\""][..], &["a,\"b,c\" "], &["a", "\"b,c\""]] {
            assert!(opens(&sealed, lines.iter().map(|line| line.as_bytes())));
        }
        for lines in [&["a"][..], &["a,b,c"], &["ab,c"], &[]] {
            assert!(!opens(&sealed, lines.iter().map(|line| line.as_bytes())));
        }
        for length in [1, 9, SALT + 1] {
            assert!(
                !opens(&sealed[..length], iter::once(&b"a, \"b,c\""[..])),
                "cut off"
            );
        }
    }

    #[test]
    fn equal_values_are_sealed_differently_and_cannot_be_read() {
        let [one, other] = [(); 2].map(|()| seal(b"sesame"));
        assert_ne!(one, other);
        assert!(!one.windows(6).any(|part| part == b"sesame"));
    }

    #[test]
    fn fields_that_tell_little_are_known_by_their_names() {
        for name in [
            "accept",
            "origin",
            "user-agent",
            "sec-ch-ua",
            "sec-fetch-mode",
        ] {
            assert!(is_common(&HeaderName::from_static(name)), "{name}");
        }
        for name in ["x-tenant", "referer", "cookie", "accept-token", "section"] {
            assert!(!is_common(&HeaderName::from_static(name)), "{name}");
        }
    }
}
