//! Digests of keys and bodies, which are the same in each process.

use std::fmt;

use ring::digest::{Context, SHA256};

use crate::store::KeyRef;

/// Half of a SHA-256: nobody finds two texts that have the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Digest(pub(super) [u8; 16]);

impl Digest {
    /// Of some bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(bytes);
        Self::end(context)
    }

    /// Of what is read to its end.
    pub(super) fn of_reader(from: &mut impl std::io::Read) -> std::io::Result<Self> {
        let mut context = Context::new(&SHA256);
        let mut piece = vec![0; 64 * 1024];
        loop {
            match from.read(&mut piece)? {
                0 => return Ok(Self::end(context)),
                read => context.update(&piece[..read]),
            }
        }
    }

    /// Of a key: where it is kept, in any process. Names are as hostile as whoever wrote the URI; this
    /// is 16 bytes whatever they are.
    pub(super) fn of_key(key: KeyRef<'_>) -> Self {
        let mut context = Context::new(&SHA256);
        key.each_piece(|piece| context.update(piece));
        Self::end(context)
    }

    pub(super) fn end(context: Context) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&context.finish().as_ref()[..16]);
        Self(half)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Whose;
    use crate::store::{Credentials, Hashing, Name};

    fn of(name: Name<'_>, partition: &str, credentials: Option<Credentials>) -> Digest {
        // A layer, and so a process, of its own.
        Digest::of_key(KeyRef::new(
            &Hashing::of_keys(),
            name,
            partition,
            credentials,
        ))
    }

    #[test]
    fn a_key_has_the_same_digest_in_every_process_lent_or_kept() {
        let uri = Name::Uri {
            scheme: "http",
            authority: "a.example",
            path: "/?q",
        };
        let one = of(uri, "ann", Some([1, 2]));
        assert_eq!(
            one,
            of(Name::Text("http://a.example/?q"), "ann", Some([1, 2]))
        );
        let kept = KeyRef::new(&Hashing::of_keys(), uri, "ann", Some([1, 2])).keep();
        assert_eq!(one, Digest::of_key(kept.lend()));
        assert_eq!(one.to_string().len(), 32);
    }

    #[test]
    fn keys_that_look_alike_have_other_digests() {
        let proof = "0000000000000001".to_owned() + "0000000000000002";
        let all = [
            of(Name::Given("ab"), "", None),
            of(Name::Text("ab"), "", None),
            of(Name::Given("a"), "b", None),
            of(Name::Given("ab"), "", Some([1, 2])),
            of(Name::Given("ab"), "", Some([2, 1])),
            of(Name::Given("ab"), &proof, None),
            of(Name::Given(&format!("ab{proof}")), "", None),
            Digest::of_key(
                KeyRef::new(&Hashing::of_keys(), Name::Given("ab"), "", None).of(Whose::All),
            ),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[at + 1..].contains(one), "{at}");
        }
    }

    #[test]
    fn a_digest_is_the_first_half_of_sha_256() {
        let of_abc = "ba7816bf8f01cfea414140de5dae2223";
        assert_eq!(Digest::of(b"abc").to_string(), of_abc);
        assert_eq!(format!("{:?}", Digest::of(b"abc")), of_abc);
    }
}
