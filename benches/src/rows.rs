//! Everything that is measured.

use tower::ServiceBuilder;
use tower_layer::Identity;

use crate::look_up::LookUp;
use crate::row::Row;
use crate::traffic::{Sends, Traffic};
use crate::typed::Calls;
use crate::{ours, peers};

const PLAIN: Traffic = Traffic::of(Sends::Plain);
const GET: Traffic = Traffic::of(Sends::Get);
const GET_OWNED: Traffic = Traffic::of(Sends::GetOwned);
const PUT_BYTES: Traffic = Traffic::of(Sends::PutBytes);
const POST: Traffic = Traffic::of(Sends::Post);
const POST_STREAM: Traffic = Traffic::of(Sends::PostStream);

/// The bare service under each traffic, our layers, and tower's.
#[must_use]
pub fn all() -> Vec<Row> {
    [bare(), layers(), stacks(), clients(), towers()]
        .into_iter()
        .flatten()
        .collect()
}

fn bare() -> Vec<Row> {
    let traffics = [
        PLAIN,
        GET,
        GET.pending(),
        GET.six_headers(),
        GET_OWNED,
        PUT_BYTES,
        POST,
        POST_STREAM,
    ];
    let row = |traffic| Row::new("bare", traffic, Identity::new());
    traffics.map(row).into()
}

fn layers() -> Vec<Row> {
    vec![
        Row::new("timeout", GET, ours::timeout())
            .bar(150, 0)
            .peer("tower Timeout"),
        Row::new("timeout", GET.pending(), ours::timeout())
            .bar(750, 0)
            .peer("tower Timeout")
            .held(
                860,
                "tokio's timer takes 500 of them (342 to poll it, 159 to drop it); the rest is the \
                        body's clock and the phase that tower's error does not tell",
            ),
        Row::new("retry", GET, ours::retry())
            .bar(1_750, 1)
            .peer("tower Retry")
            .held(
                1_800,
                "eight headers are copied, and each kind of processor copies in its own way",
            ),
        Row::new("retry", GET_OWNED, ours::retry()).peer("tower Retry"),
        Row::new("retry", PUT_BYTES, ours::retry()),
        Row::new("retry", POST_STREAM, ours::retry()).bar(250, 0),
        Row::new("retry-after", GET, ours::retry_after()).bar(150, 0),
        Row::new("retry-after", GET.six_headers(), ours::retry_after())
            .bar(150, 0)
            .held(
                190,
                "each header of a response is looked at once, which takes 5 or 6 of them",
            ),
        Row::new("rate-limit", GET, ours::rate_limit())
            .bar(200, 0)
            .held(
                310,
                "std's clock takes 34 of them and its subtraction of two instants 55, one move of \
                        the request 52, and one of the response 29",
            ),
        Row::new("rate-limit, keyed", GET, ours::keyed_rate_limit()).bar(500, 0),
        Row::new("priority", GET, ours::priority())
            .bar(250, 0)
            .peer("tower ConcurrencyLimit"),
        Row::new("priority, keyed", GET, ours::keyed_priority()).bar(400, 0),
        Row::new("priority, until the body's end", GET, ours::whole_priority()).bar(280, 0),
        Row::new("circuit-breaker", GET, ours::circuit_breaker())
            .bar(300, 0)
            .held(
                320,
                "other code in the same program moves it by a dozen to either side of the bar",
            ),
        Row::new(
            "circuit-breaker, slow calls",
            GET,
            ours::timing_circuit_breaker(),
        ),
        Row::new("auth, static", GET, ours::bearer())
            .bar(500, 0)
            .held(
                620,
                "to look whether `Host` names somebody else than the URI takes 142 of them; without, a shared \
                        front end could be told to hand the credentials to another tenant",
            ),
        Row::new("auth, token", POST_STREAM, ours::token())
            .bar(500, 0)
            .held(
                940,
                "595 of them are those of a static one; another move of the request takes 52, reading the token without a lock \
                        50, asking the body whether it can be sent again 45, the clock 35, and watching for a rejection the rest",
            ),
        Row::new("auth, token, kept for a replay", GET, ours::token()).bar(2_250, 1),
        Row::new("idempotency", GET, ours::idempotency()),
        Row::new("idempotency", POST, ours::idempotency()),
        Row::new("cache, look-up that misses", GET, LookUp::of(GET))
            .bar(500, 0)
            .held(
                660,
                "a look at each of eight fields takes 70 of them, finding the credentials among them 75, the hash of \
                        both 105, the clock and what its number is 65, what is known of the name 70, one move of the \
                        request 52, and its future, made and dropped, 90",
            ),
        Row::new("cache, uncacheable", GET, ours::cache()).bar(1_000, 0),
        Row::new("cache hit, 1 KiB", GET, ours::full_cache(GET, 1 << 10)).bar(3_000, 2),
        Row::new("cache hit, 1 MiB", GET, ours::full_cache(GET, 1 << 20)).bar(3_000, 2),
        Row::new("deadline, none set", GET, ours::no_deadline()),
        Row::new("deadline", GET, ours::deadline()),
    ]
}

fn stacks() -> Vec<Row> {
    let usual = || {
        ServiceBuilder::new()
            .layer(ours::no_deadline())
            .layer(ours::idempotency())
            .layer(ours::retry())
            .layer(ours::retry_after())
            .layer(ours::timeout())
    };
    let bounded = ServiceBuilder::new()
        .layer(ours::deadline())
        .layer(ours::idempotency())
        .layer(ours::retry())
        .layer(ours::retry_after())
        .layer(ours::timeout());
    vec![
        Row::new("the stack", GET.pending(), usual())
            .bar(4_000, 1)
            .future_bar(1_024),
        Row::new("the stack", POST_STREAM, usual()).future_bar(1_024),
        Row::new("the stack, deadline set", GET.pending(), bounded).future_bar(1_024),
    ]
}

fn clients() -> Vec<Row> {
    vec![
        Row::new("client, by hand", PLAIN, Calls::Raw),
        Row::new("client, typed", PLAIN, Calls::Typed).share(125, "client, by hand"),
        Row::new("client, by hand, JSON sent", PLAIN, Calls::RawPost),
        Row::new("client, typed, JSON sent", PLAIN, Calls::TypedPost)
            .share(125, "client, by hand, JSON sent"),
    ]
}

fn towers() -> Vec<Row> {
    let stack = ServiceBuilder::new()
        .layer(peers::retry())
        .layer(peers::concurrency_limit())
        .layer(peers::timeout());
    vec![
        Row::new("tower Timeout", GET, peers::timeout()),
        Row::new("tower Timeout", GET.pending(), peers::timeout()),
        Row::new("tower Retry", GET, peers::retry()),
        Row::new("tower Retry", GET_OWNED, peers::retry()),
        Row::new("tower ConcurrencyLimit", GET, peers::concurrency_limit()),
        Row::new("tower, these three", GET.pending(), stack),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::Outside;

    #[test]
    fn every_row_can_be_compared_with_what_it_names() {
        let rows: Vec<_> = all().iter().map(Row::describe).collect();
        let under_the_traffic_of = |row: &serde_json::Value, what: &serde_json::Value| {
            rows.iter().any(|other| {
                let same = |key: &&str| other[*key] == row[*key];
                other["what"] == *what && ["request", "inner", "answer"].iter().all(same)
            })
        };
        for row in &rows {
            assert!(
                under_the_traffic_of(row, &"bare".into()),
                "nothing to take off {row}"
            );
            for other in [&row["peer"], &row["share_of"]] {
                assert!(
                    other.is_null() || under_the_traffic_of(row, other),
                    "no {other} for {row}"
                );
            }
        }
    }

    #[test]
    fn every_call_succeeds() {
        for row in all() {
            row.run(&mut Outside);
        }
    }
}
