use http::Uri;

use super::{Aim, Arrival, Ask, Head, Policy, Serve, Wishes};

/// What to do about a response, beside passing it on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lesson {
    pub(crate) action: Action,
    /// Everything stored under these URIs is out of date (RFC 9111 §4.4). Before `action` is carried out.
    pub(crate) invalidate: Vec<Uri>,
}

/// What to do with the store; indices are those into the heads that were given.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Pass the response on, store nothing.
    Leave,
    /// Pass it on and store it under this head, once its body has ended ([`Head::finish`]), in place of the
    /// stored ones listed (same variant, or an older body of it).
    Store {
        head: Box<Head>,
        replaces: Vec<usize>,
    },
    /// The response was a 304, and is not passed on: put the updated heads in place of the stored ones, bodies
    /// unchanged, and answer with `serve`, whose head is the first of them.
    Update {
        heads: Vec<(usize, Head)>,
        serve: Serve,
    },
    /// The response was to HEAD and is passed on: put the updated heads in place, and drop the stored
    /// ones that it contradicts.
    Refresh {
        heads: Vec<(usize, Head)>,
        drop: Vec<usize>,
    },
    /// The response was a 206 that continues the stored one: its body, without the first `skip` bytes, belongs
    /// behind the stored bytes. The joined response has this head; when the aim was [`Aim::Complete`], answer
    /// with it, otherwise pass the 206 on.
    Append {
        index: usize,
        head: Box<Head>,
        skip: u64,
    },
    /// A 304 that fits nothing stored and was not asked for by the caller: forward the request again as the
    /// caller wrote it.
    Repeat,
}

/// What to do about a response to `ask`, given the heads that its [`look_up`](super::look_up) was given and the aim
/// that came of it.
pub(crate) fn learn<T: AsRef<Head>>(
    _policy: &Policy,
    _wishes: &Wishes,
    _ask: &Ask<'_>,
    _stored: &[T],
    _aim: Aim,
    _arrival: &Arrival<'_>,
) -> Lesson {
    Lesson {
        action: Action::Leave,
        invalidate: Vec::new(),
    }
}
