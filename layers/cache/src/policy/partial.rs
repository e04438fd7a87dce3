//! What a 206 adds to what is stored (RFC 9111 §3.4).

use super::update::{refreshed, renewed};
use super::{
    Action, Aim, Arrival, Ask, Extent, Head, Mode, Policy, Wishes, range, request, storable,
    validator,
};

/// What to do about a 206.
pub(super) fn action<T: AsRef<Head>>(
    policy: &Policy,
    wishes: &Wishes,
    ask: &Ask<'_>,
    stored: &[T],
    aim: Aim,
    arrival: &Arrival<'_>,
) -> Action {
    if let Aim::Complete(index) = aim {
        let old = stored.get(index).map(T::as_ref);
        let joined = old.and_then(|old| append(policy, wishes, old, index, ask, arrival));
        // What is passed on as the whole has to be the whole.
        return joined.filter(completes).unwrap_or(Action::Repeat);
    }
    // RFC 9110 §15.3.7.2: one of several parts describes itself inside, and its fields those parts; one
    // that contradicts itself cannot be trusted with more.
    let Some(part) = range::content(arrival.headers) else {
        return Action::Leave;
    };
    let same = stored.iter().map(T::as_ref).enumerate().filter(|(_, old)| {
        validator::same_bytes(&old.parts.headers, arrival.headers) && old.matches(ask)
    });
    for (index, old) in same {
        if old.extent.is_whole() {
            if part
                .total
                .is_some_and(|total| old.extent.total != Some(total))
            {
                continue;
            }
            let heads = vec![(index, refreshed(policy, old, ask, arrival))];
            return Action::Refresh { heads };
        }
        if let Some(append) = append(policy, wishes, old, index, ask, arrival) {
            return append;
        }
    }
    super::lesson::store(storable::head(policy, wishes, ask, arrival), ask, stored)
}

fn completes(action: &Action) -> bool {
    matches!(action, Action::Append { head, .. } if head.extent.is_whole())
}

/// The stored part and the new one as one, where they are of the same bytes and leave no hole, and
/// the new one may be stored.
fn append(
    policy: &Policy,
    wishes: &Wishes,
    old: &Head,
    index: usize,
    ask: &Ask<'_>,
    arrival: &Arrival<'_>,
) -> Option<Action> {
    let more = range::content(arrival.headers)?;
    let Extent { first, end, total } = old.extent;
    let total = match (total, more.total) {
        (Some(one), Some(other)) if one != other => return None,
        (one, other) => one.or(other),
    };
    let same = validator::same_bytes(&old.parts.headers, arrival.headers);
    let skip = end.checked_sub(more.first)?;
    if !same || more.first < first || more.end <= end {
        return None;
    }
    if wishes.mode == Mode::NoStore || request::forbids_storing(ask.headers) {
        return None;
    }
    let mut head = renewed(policy, old, ask, arrival).ok()?;
    head.extent = Extent {
        first,
        end: more.end,
        total,
    };
    storable::whole(&mut head.parts.headers, total);
    let head = Box::new(head);
    Some(Action::Append { index, head, skip })
}
