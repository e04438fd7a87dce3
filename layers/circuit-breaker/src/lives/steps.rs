//! What may happen in a life, and under which rules.

use std::time::Duration;

use buttress_kernel::Outcome;
use proptest::prelude::*;
use proptest::sample::Index;

use super::model::Config;
use crate::rules::Span;
use crate::state::Forced;

#[derive(Clone, Debug)]
pub(super) enum Step {
    Wait(u64),
    Admit,
    End(Index, Outcome, bool, u64),
    Drop(Index),
    Progress(Index),
    Look,
    Rest,
    Force(Forced),
    Automatic,
    Reset,
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        8 => Just(Outcome::Success),
        6 => Just(Outcome::ServerFailure),
        1 => Just(Outcome::Throttled),
        1 => Just(Outcome::CallerFault),
        1 => Just(Outcome::Neutral),
    ]
}

pub(super) fn any_step() -> impl Strategy<Value = Step> {
    let slow = prop_oneof![5 => Just(false), 1 => Just(true)];
    let delay = prop_oneof![5 => Just(0), 1 => 0_u64..200];
    prop_oneof![
        4 => (0_u64..12).prop_map(Step::Wait),
        2 => (0_u64..300).prop_map(Step::Wait),
        12 => Just(Step::Admit),
        12 => (any::<Index>(), any_outcome(), slow, delay)
            .prop_map(|(call, outcome, slow, delay)| Step::End(call, outcome, slow, delay)),
        1 => any::<Index>().prop_map(Step::Drop),
        3 => any::<Index>().prop_map(Step::Progress),
        1 => Just(Step::Look),
        1 => Just(Step::Rest),
        1 => prop_oneof![
            Just(Step::Force(Forced::Open)),
            Just(Step::Force(Forced::Closed)),
            Just(Step::Automatic),
            Just(Step::Automatic),
            Just(Step::Reset),
        ],
    ]
}

pub(super) fn any_config() -> impl Strategy<Value = Config> {
    let span = prop_oneof![
        (1_u32..5).prop_map(|buckets| Span::Time {
            bucket: Duration::from_millis(10),
            buckets
        }),
        (1_u32..9).prop_map(Span::Calls),
    ];
    let limits = (
        proptest::option::of(1_u32..5),
        proptest::option::of(1_u32..=100),
        proptest::option::of(1_u32..=100),
        1_usize..6,
    );
    let times = (1_u64..50, 1_u64..8, 0_u64..150, 1_u64..60);
    (span, limits, times, 1_usize..4, 1_usize..4).prop_map(
        |(span, (consecutive, failure_rate, slow_rate, min_calls), times, probes, close_after)| {
            let (open_for, growth, max_server_delay, probe_timeout) = times;
            Config {
                span,
                tick: if matches!(span, Span::Calls(_)) {
                    60_000
                } else {
                    10
                },
                consecutive,
                failure_rate,
                slow_rate,
                min_calls,
                open_for,
                max_open: open_for * growth,
                max_server_delay,
                probes,
                close_after,
                probe_timeout,
            }
        },
    )
}
