//! What to do about a request (RFC 9111 §4).

use std::time::SystemTime;

use http::{Method, StatusCode};

use super::request::{Glance, Wanted};
use super::select::{Selected, reply, select};
use super::verdict::{Life, Verdict, may_rescue};
use super::{
    Aim, Ask, Decision, Forward, Head, Mode, Policy, Reason, Reply, Serve, Wishes, conditions,
};

/// What to do about a request, given all heads that are stored for its URI (and partition), in any
/// order.
///
/// Does not allocate when it serves, nor when nothing is stored.
pub(crate) fn look_up<T: AsRef<Head>>(
    wishes: &Wishes,
    ask: &Ask<'_>,
    stored: &[T],
    now: SystemTime,
) -> Decision {
    let glance = Glance::at(ask.headers);
    let serve = usual(glance, wishes, ask, stored, now);
    serve.map_or_else(
        || by_all_rules(glance, wishes, ask, stored, now),
        Decision::Serve,
    )
}

/// The usual case: a request that says nothing about caches, of a caller who wishes nothing, and one
/// response, which is whole and fresh. All rules together say the same and take three times as long.
#[inline]
pub(crate) fn usual<T: AsRef<Head>>(
    glance: Glance<'_>,
    wishes: &Wishes,
    ask: &Ask<'_>,
    stored: &[T],
    now: SystemTime,
) -> Option<Serve> {
    let [only] = stored else {
        return None;
    };
    let head = only.as_ref();
    let freshness = &head.freshness;
    let is_usual = glance.is_plain
        && *wishes == Wishes::default()
        && matches!(*ask.method, Method::GET | Method::HEAD)
        && head.extent.is_whole()
        && !freshness.no_cache
        && head.vary.rows.len() < 2
        && head.matches(ask);
    if !is_usual {
        return None;
    }
    let age = freshness.age(now);
    let left = freshness.lifetime.checked_sub(age);
    let left = left.filter(|left| !left.is_zero())?;
    Some(Serve {
        index: 0,
        reply: Reply::Whole,
        age,
        ttl: Life::Left(left).ttl(),
        revalidate: false,
    })
}

/// The same as [`look_up`], by all rules, after a glance at the request.
pub(crate) fn by_all_rules<T: AsRef<Head>>(
    glance: Glance<'_>,
    wishes: &Wishes,
    ask: &Ask<'_>,
    stored: &[T],
    now: SystemTime,
) -> Decision {
    // §4: a method that is not safe is always forwarded; of the safe ones, GET and HEAD are answered.
    if *ask.method != Method::GET && *ask.method != Method::HEAD {
        return Decision::Bypass(Reason::Method);
    }
    // Most requests say nothing about caches.
    let plain = glance.is_plain;
    let wanted = if plain {
        Wanted::default()
    } else {
        Wanted::of(ask.headers)
    };
    let stays = wanted.only_if_cached || wishes.mode == Mode::OnlyIfCached;
    if wishes.mode == Mode::NoStore || wanted.no_store {
        // §5.2.1.7: whoever wants nothing forwarded gets nothing else for wanting nothing kept.
        return if stays {
            Decision::Refuse
        } else {
            Decision::Bypass(Reason::Bypass)
        };
    }
    let decision = decide(wishes, &wanted, ask, plain, stored, now);
    if stays && matches!(decision, Decision::Forward(_)) {
        return Decision::Refuse;
    }
    decision
}

fn decide<T: AsRef<Head>>(
    wishes: &Wishes,
    wanted: &Wanted,
    ask: &Ask<'_>,
    plain: bool,
    stored: &[T],
    now: SystemTime,
) -> Decision {
    if stored.is_empty() {
        return Decision::Forward(Forward::plain(Reason::UriMiss));
    }
    if wishes.mode == Mode::Reload || (!plain && conditions::needs_origin(ask.headers)) {
        return Decision::Forward(Forward::plain(Reason::Request));
    }
    let Some(selected) = select(ask, plain, stored, now) else {
        return Decision::Forward(Forward::selecting(ask, stored, now));
    };
    let Some(reply) = selected.reply else {
        return Decision::Forward(Forward::completing(ask, &selected));
    };
    let Selected { index, head, .. } = selected;
    let resident = head.resident(ask, now);
    let life = Life::of(wishes, head, resident);
    let revalidate = match Verdict::of(wishes, wanted, head, life, resident) {
        Verdict::Use => false,
        Verdict::UseAndValidate => true,
        Verdict::Validate(reason) => {
            return Decision::Forward(Forward::validating(reason, index, head));
        }
    };
    Decision::Serve(Serve {
        index,
        reply,
        age: head.freshness.age_after(resident),
        ttl: life.ttl(),
        revalidate,
    })
}

/// Whether the stored response that a forwarded request was to validate may answer in place of one
/// that failed, given what its [`look_up`] was given and said, and the `status` that came, or nothing
/// when no response came (§4.2.4, §4.3.3; RFC 5861 §4).
///
/// Statuses that are no failure are never hidden.
pub(crate) fn rescue<T: AsRef<Head>>(
    policy: &Policy,
    wishes: &Wishes,
    ask: &Ask<'_>,
    stored: &[T],
    aim: Aim,
    status: Option<StatusCode>,
    now: SystemTime,
) -> Option<Serve> {
    let Aim::Validate(index) = aim else {
        return None;
    };
    let head = stored.get(index)?.as_ref();
    let failed = status.is_none_or(super::status::is_failure);
    let wanted = Wanted::of(ask.headers);
    let resident = head.resident(ask, now);
    let allowed = failed && may_rescue(policy, wishes, &wanted, head, resident);
    let reply = reply(ask, head, now).filter(|_| allowed)?;
    Some(Serve::of(wishes, ask, index, head, reply, now))
}

#[cfg(test)]
mod tests;
