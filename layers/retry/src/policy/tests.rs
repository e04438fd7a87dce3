use proptest::prelude::*;

use super::*;
use crate::statuses::Statuses;
use crate::{Backoff, Jitter};

const SECOND: Duration = Duration::from_secs(1);

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn settings() -> Settings {
    Settings {
        jitter: Jitter::None,
        backoff: Backoff::constant(SECOND),
        ..Settings::default()
    }
}

const FIRST: Progress = Progress {
    sends: 1,
    pardoned: false,
    previous: None,
};

fn moment(now: Instant) -> Moment {
    Moment {
        now,
        deadline: None,
        repeatable: true,
        draw: 0,
    }
}

fn response(code: u16) -> End {
    End::Response {
        status: StatusCode::from_u16(code).unwrap(),
        advice: None,
        delay: None,
    }
}

fn error(kind: Kind, sent: Sent) -> End {
    End::Error {
        kind,
        sent,
        retry_at: None,
    }
}

fn asking(delay: Duration) -> End {
    End::Response {
        status: StatusCode::SERVICE_UNAVAILABLE,
        advice: None,
        delay: Some(delay),
    }
}

const RETRY: Verdict = Verdict::Retry {
    wait: SECOND,
    free: false,
};

#[test]
fn attempts_are_counted_with_the_first() {
    let at = |sends| {
        let progress = Progress { sends, ..FIRST };
        decide(&settings(), progress, moment(now()), response(503))
    };
    assert_eq!(at(2), RETRY);
    assert_eq!(at(3), Verdict::Stop(Reason::Attempts));
    assert_eq!(at(u32::MAX), Verdict::Stop(Reason::Attempts));
}

#[test]
fn a_pardon_is_given_once_and_moves_the_count_by_one() {
    let unsent = error(Kind::Connect, Sent::No);
    let at = |sends, pardoned, end| {
        let progress = Progress {
            sends,
            pardoned,
            ..FIRST
        };
        decide(&settings(), progress, moment(now()), end)
    };
    let free = Verdict::Retry {
        wait: SECOND,
        free: true,
    };
    assert_eq!(at(1, false, unsent), free);
    assert_eq!(
        at(3, false, unsent),
        free,
        "the third attempt did not count"
    );
    assert_eq!(at(4, false, unsent), Verdict::Stop(Reason::Attempts));
    assert_eq!(at(3, true, unsent), RETRY);
    assert_eq!(at(4, true, unsent), Verdict::Stop(Reason::Attempts));
    assert_eq!(at(3, true, response(503)), RETRY);
}

#[test]
fn one_attempt_is_one_even_if_it_would_be_free() {
    let settings = Settings {
        max_attempts: 1,
        ..settings()
    };
    let end = error(Kind::Connect, Sent::No);
    let verdict = decide(&settings, FIRST, moment(now()), end);
    assert_eq!(verdict, Verdict::Stop(Reason::Attempts));
}

#[test]
fn only_a_connections_failure_is_pardoned() {
    let free = |kind| {
        let now = now();
        let end = End::Error {
            kind,
            sent: Sent::No,
            retry_at: Some(now),
        };
        matches!(
            decide(&settings(), FIRST, moment(now), end),
            Verdict::Retry { free: true, .. }
        )
    };
    let kinds = [
        Kind::Connect,
        Kind::Transport,
        Kind::Timeout,
        Kind::Other,
        Kind::CircuitOpen,
    ];
    assert_eq!(kinds.map(free), [true, true, false, false, false]);
}

#[test]
fn the_wait_is_the_longer_of_ours_and_the_servers() {
    let wait = |delay| decide(&settings(), FIRST, moment(now()), asking(delay));
    let of = |wait| Verdict::Retry { wait, free: false };
    assert_eq!(wait(Duration::ZERO), of(SECOND));
    assert_eq!(wait(SECOND / 2), of(SECOND));
    assert_eq!(wait(SECOND * 2), of(SECOND * 2));
    assert_eq!(wait(SECOND * 300), of(SECOND * 300));
    assert_eq!(wait(SECOND * 301), Verdict::Stop(Reason::ServerDelay));
}

#[test]
fn a_wait_that_does_not_fit_is_not_begun() {
    let now = now();
    let until = |left| {
        let deadline = Deadline::after(now, left);
        decide(
            &settings(),
            FIRST,
            Moment {
                deadline,
                ..moment(now)
            },
            response(503),
        )
    };
    assert_eq!(until(SECOND), Verdict::Stop(Reason::Deadline));
    assert_eq!(until(SECOND + Duration::from_nanos(1)), RETRY);
    assert_eq!(until(Duration::ZERO), Verdict::Stop(Reason::Deadline));
}

#[test]
fn what_comes_on_top_is_left_out_where_there_is_no_time_for_it() {
    let now = now();
    let settings = Settings {
        jitter: Jitter::Full,
        ..settings()
    };
    let until = |left| {
        let deadline = Deadline::after(now, left);
        let moment = Moment {
            deadline,
            draw: u64::MAX,
            ..moment(now)
        };
        decide(&settings, FIRST, moment, asking(SECOND * 2))
    };
    let of = |wait| Verdict::Retry { wait, free: false };
    assert_eq!(until(SECOND * 3), of(SECOND * 5 / 2));
    assert_eq!(until(SECOND * 5 / 2), of(SECOND * 2));
    assert_eq!(until(SECOND * 2), Verdict::Stop(Reason::Deadline));
}

#[test]
fn waits_are_whole_milliseconds_rounded_up() {
    let millis = |nanos| whole_millis(Duration::from_nanos(nanos)).as_nanos();
    assert_eq!(millis(0), 0);
    assert_eq!(millis(1), 1_000_000);
    assert_eq!(millis(1_000_000), 1_000_000);
    assert_eq!(millis(1_999_999_999), 2_000_000_000);
    assert_eq!(whole_millis(Duration::MAX), Duration::MAX);
}

#[test]
fn reasons_have_words_of_their_own() {
    let all = [
        Reason::Final,
        Reason::NotRepeatable,
        Reason::Attempts,
        Reason::ServerDelay,
        Reason::Deadline,
        Reason::Budget,
        Reason::Body,
    ];
    let words: std::collections::HashSet<_> = all.iter().map(|reason| reason.as_str()).collect();
    let texts: std::collections::HashSet<_> = all.iter().map(ToString::to_string).collect();
    assert_eq!((words.len(), texts.len()), (all.len(), all.len()));
    assert!(
        words
            .iter()
            .all(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
    );
}

/// Whether anything at all is retried, as the page of the crate says it, one row after another.
fn table(settings: &Settings, end: End, repeatable: bool) -> bool {
    let wanted = match end {
        End::Response { status, advice, .. } if status.as_u16() >= 400 => {
            settings.status && advice.unwrap_or(settings.statuses.contains(status))
        }
        End::Response { status, .. } => settings.status && settings.statuses.contains(status),
        End::Error {
            kind: Kind::Timeout,
            ..
        } => settings.timeout,
        End::Error {
            kind: Kind::Connect | Kind::Transport | Kind::Other,
            ..
        } => settings.connect,
        End::Error {
            kind: Kind::CircuitOpen,
            retry_at,
            ..
        } => settings.refusal && retry_at.is_some(),
        End::Error { .. } => false,
    };
    let harmless = match end {
        End::Response { status, .. } => status.as_u16() == 429,
        End::Error { sent, .. } => sent == Sent::No,
    };
    wanted && (harmless || repeatable)
}

fn any_end(now: Instant) -> impl Strategy<Value = End> {
    let kinds = [
        Kind::Timeout,
        Kind::Connect,
        Kind::Transport,
        Kind::CircuitOpen,
        Kind::RateLimited,
        Kind::Held,
        Kind::Unauthenticated,
        Kind::Request,
        Kind::RequestBody,
        Kind::Other,
    ];
    let delay = || proptest::option::of((0..400_000_u64).prop_map(Duration::from_millis));
    let response = (100..600_u16, proptest::option::of(any::<bool>()), delay());
    let sent = proptest::sample::select(vec![Sent::No, Sent::Maybe, Sent::Yes]);
    let error = (proptest::sample::select(kinds.to_vec()), sent, delay());
    prop_oneof![
        response.prop_map(|(status, advice, delay)| End::Response {
            status: StatusCode::from_u16(status).unwrap(),
            advice,
            delay,
        }),
        error.prop_map(move |(kind, sent, delay)| End::Error {
            kind,
            sent,
            retry_at: delay.map(|delay| now + delay),
        }),
    ]
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let statuses = proptest::collection::vec(100..600_u16, 0..20);
    let statuses = prop_oneof![
        Just(Statuses::usual()),
        statuses.prop_map(|codes| {
            codes
                .into_iter()
                .map(|code| StatusCode::from_u16(code).unwrap())
                .collect()
        })
    ];
    (1..6_u32, any::<[bool; 4]>(), statuses, 0..400_u64).prop_map(
        |(max_attempts, [connect, timeout, status, refusal], statuses, most)| Settings {
            max_attempts,
            statuses,
            connect,
            timeout,
            status,
            refusal,
            max_server_delay: Duration::from_secs(most),
            ..Settings::default()
        },
    )
}

proptest! {
    #[test]
    fn decisions_agree_with_the_table(
        settings in any_settings(),
        end in any_end(now()),
        (sends, pardoned, repeatable) in (1..8_u32, any::<bool>(), any::<bool>()),
        left in proptest::option::of(0..400_000_u64),
        draw in any::<u64>(),
    ) {
        let now = now();
        let deadline = left.and_then(|left| Deadline::after(now, Duration::from_millis(left)));
        let progress = Progress { sends: sends + u32::from(pardoned), pardoned, previous: None };
        let moment = Moment { now, deadline, repeatable, draw };
        let asked = match end {
            End::Response { delay, .. } => delay.unwrap_or_default(),
            End::Error { retry_at, .. } => {
                retry_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
            }
        };
        match decide(&settings, progress, moment, end) {
            Verdict::Retry { wait, free } => {
                prop_assert!(table(&settings, end, repeatable));
                prop_assert!(wait >= asked, "never early");
                prop_assert!(asked <= settings.max_server_delay);
                prop_assert!(deadline.is_none_or(|deadline| deadline.fits(now, wait)));
                prop_assert!(free || sends < settings.max_attempts);
                prop_assert!(settings.max_attempts > 1 && sends <= settings.max_attempts);
                prop_assert!(!(free && pardoned));
            }
            Verdict::Stop(Reason::Attempts) => {
                prop_assert!(table(&settings, end, repeatable));
                prop_assert!(sends >= settings.max_attempts);
            }
            Verdict::Stop(Reason::Deadline) => {
                prop_assert!(table(&settings, end, repeatable));
                prop_assert!(deadline.is_some());
            }
            Verdict::Stop(Reason::ServerDelay) => {
                prop_assert!(table(&settings, end, repeatable));
                prop_assert!(asked > settings.max_server_delay);
            }
            Verdict::Stop(_) => prop_assert!(!table(&settings, end, repeatable)),
        }
    }

    #[test]
    fn an_answer_is_never_retried(settings in any_settings(), code in 100..1_000_u16, advice: Option<bool>) {
        let status = StatusCode::from_u16(code).unwrap();
        if is_answer(&settings, status) {
            let end = End::Response { status, advice, delay: None };
            let verdict = decide(&settings, FIRST, moment(now()), end);
            prop_assert_eq!(verdict, Verdict::Stop(Reason::Final));
        }
    }
}

#[test]
fn a_success_is_an_answer_at_once_and_a_failure_is_looked_at() {
    let answer = |code| is_answer(&settings(), StatusCode::from_u16(code).unwrap());
    assert_eq!(
        [200, 304, 399, 400, 404, 503].map(answer),
        [true, true, true, false, false, false]
    );
    let odd = Settings {
        statuses: Statuses::from_iter([StatusCode::ACCEPTED]),
        ..settings()
    };
    assert!(!is_answer(&odd, StatusCode::ACCEPTED));
    let off = Settings {
        status: false,
        ..settings()
    };
    assert!(is_answer(&off, StatusCode::SERVICE_UNAVAILABLE));
}
