use http::{Method, StatusCode, Uri};

use super::{
    Aim, Arrival, Ask, Head, Policy, Serve, Wishes, invalidate, partial, status, storable, update,
};

/// What to do about a response, beside passing it on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lesson {
    pub(crate) action: Action,
    /// Everything stored under these URIs is out of date (RFC 9111 §4.4). Before `action` is carried
    /// out.
    pub(crate) invalidate: Vec<Uri>,
    /// The stored response that the origin was asked about, and answered with another: it answers
    /// nobody any more (§4.3.3), whether or not the new one is stored.
    pub(crate) disproved: Option<usize>,
}

/// What to do with the store; indices are those into the heads that were given.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Pass the response on, store nothing.
    Leave,
    /// Pass it on and store it under this head, once its body has ended ([`Head::finish`],
    /// [`Head::cut`]), in place of those listed, which it makes superfluous.
    Store {
        head: Box<Head>,
        replaces: Vec<usize>,
    },
    /// The response was a 304, and is not passed on: put the updated heads in place of the stored
    /// ones, bodies unchanged, and answer with `serve`, whose head is the first of them.
    Update {
        heads: Vec<(usize, Head)>,
        serve: Serve,
    },
    /// Pass the response on, and put the updated heads in place of the stored ones, bodies
    /// unchanged.
    Refresh { heads: Vec<(usize, Head)> },
    /// The response was a 206 that continues a stored one: its body, without the first `skip` bytes,
    /// belongs behind the stored bytes. The head is that of the joined response; its extent is what
    /// it will be once the new body has ended as announced. When the aim was [`Aim::Complete`],
    /// answer with it; otherwise pass the 206 on.
    Append {
        index: usize,
        head: Box<Head>,
        skip: u64,
    },
    /// The response fits nothing stored, and the caller did not ask for it: forward the request
    /// again as the caller wrote it, with [`Aim::Fetch`].
    Repeat,
}

/// What to do about a response to `ask` (the caller's, without our conditions), given the heads that
/// its [`look_up`](super::look_up) was given and the aim that came of it.
pub(crate) fn learn<T: AsRef<Head>>(
    policy: &Policy,
    wishes: &Wishes,
    ask: &Ask<'_>,
    stored: &[T],
    aim: Aim,
    arrival: &Arrival<'_>,
) -> Lesson {
    let invalidate = invalidate::uris(ask, arrival);
    // What is stored under this URI will be gone.
    let stored = if invalidate.is_empty() { stored } else { &[] };
    let mut action = action(policy, wishes, ask, stored, aim, arrival);
    action.note(wishes, stored);
    Lesson {
        action,
        invalidate,
        disproved: disproved(ask, aim, arrival.status),
    }
}

fn disproved(ask: &Ask<'_>, aim: Aim, status: StatusCode) -> Option<usize> {
    let (Aim::Validate(index) | Aim::Complete(index)) = aim else {
        return None;
    };
    let answers = *ask.method == Method::GET && status::is_about_the_resource(status);
    answers.then_some(index)
}

fn action<T: AsRef<Head>>(
    policy: &Policy,
    wishes: &Wishes,
    ask: &Ask<'_>,
    stored: &[T],
    aim: Aim,
    arrival: &Arrival<'_>,
) -> Action {
    match arrival.status {
        StatusCode::NOT_MODIFIED => update::not_modified(policy, wishes, ask, stored, aim, arrival),
        _ if *ask.method == Method::HEAD => update::head(policy, ask, stored, arrival),
        StatusCode::PARTIAL_CONTENT if *ask.method == Method::GET => {
            partial::action(policy, wishes, ask, stored, aim, arrival)
        }
        StatusCode::RANGE_NOT_SATISFIABLE if matches!(aim, Aim::Complete(_)) => Action::Repeat,
        _ => store(storable::head(policy, wishes, ask, arrival), ask, stored),
    }
}

impl Action {
    /// Notes in the heads how long somebody wishes to use them, now or when they were stored.
    fn note<T: AsRef<Head>>(&mut self, wishes: &Wishes, stored: &[T]) {
        let note = |head: &mut Head, old: Option<&T>| {
            let before = old.and_then(|old| old.as_ref().freshness.wished);
            head.freshness.wished = wishes.lifetime(head.parts.status).max(before);
        };
        match self {
            Self::Leave | Self::Repeat => {}
            Self::Store { head, .. } => note(head, None),
            Self::Append { index, head, .. } => note(head, stored.get(*index)),
            Self::Update { heads, .. } | Self::Refresh { heads } => {
                for (index, head) in heads {
                    note(head, stored.get(*index));
                }
            }
        }
    }
}

/// Stores a response in place of those that answer the same request.
pub(super) fn store<T: AsRef<Head>>(head: Option<Head>, ask: &Ask<'_>, stored: &[T]) -> Action {
    let Some(head) = head else {
        return Action::Leave;
    };
    let stored = stored.iter().map(T::as_ref).enumerate();
    let same = stored.filter(|(_, old)| old.matches(ask));
    Action::Store {
        head: Box::new(head),
        replaces: same.map(|(index, _)| index).collect(),
    }
}
