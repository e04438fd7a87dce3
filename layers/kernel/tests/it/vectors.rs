//! The examples of the draft on `RateLimit` fields.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use buttress_kernel::{Delay, Policy, Quota};
use http::{HeaderMap, HeaderName};

/// Each example as a header map of its own, or `None` where the file is not at hand.
fn examples() -> Option<Vec<HeaderMap>> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/vectors/ratelimit-draft/examples.json"
    );
    let Ok(text) = fs::read_to_string(Path::new(path)) else {
        println!("skipped: the draft's examples are not at hand");
        return None;
    };
    let lines: Vec<String> = serde_json::from_str(&text).unwrap();
    assert!(lines.len() > 30);
    let parse = |line: &String| {
        let (name, value) = line.split_once(": ").unwrap();
        let name: HeaderName = name.parse().unwrap();
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    };
    Some(lines.iter().map(parse).collect())
}

/// The number behind `;key=` in the first member of an example.
fn number(headers: &HeaderMap, key: &str) -> Option<u64> {
    let value = headers.values().next().unwrap().to_str().unwrap();
    let first = value.split(',').next().unwrap();
    let parameters = first
        .split(';')
        .skip(1)
        .filter_map(|parameter| parameter.split_once('='));
    parameters
        .into_iter()
        .find(|(found, _)| *found == key)
        .map(|(_, text)| text.parse().unwrap())
}

#[test]
fn every_quota_of_the_draft_is_read() {
    for headers in examples().unwrap_or_default() {
        if !headers.contains_key("ratelimit") {
            continue;
        }
        let quota = Quota::parse(&headers, SystemTime::UNIX_EPOCH);
        // Without what remains or without a reset there is nothing to go by.
        let told = number(&headers, "r").zip(number(&headers, "t"));
        let found = quota.map(|quota| (quota.remaining(), quota.resets_in().as_secs()));
        assert_eq!(found, told, "{headers:?}");
        let delay = Delay::parse(&headers, SystemTime::UNIX_EPOCH);
        let wait = told.and_then(|(left, wait)| (left == 0).then_some(wait));
        assert_eq!(
            delay.map(|delay| delay.duration().as_secs()),
            wait,
            "{headers:?}"
        );
    }
}

#[test]
fn every_policy_of_the_draft_is_read() {
    for headers in examples().unwrap_or_default() {
        let Some(value) = headers.get("ratelimit-policy") else {
            continue;
        };
        let value = value.to_str().unwrap();
        let policies = Policy::parse(&headers);
        assert_eq!(policies.len(), value.split(',').count(), "{value}");
        let first = &policies[0];
        assert_eq!(Some(first.quota()), number(&headers, "q"), "{value}");
        assert_eq!(
            first.window().map(|window| window.as_secs()),
            number(&headers, "w"),
            "{value}"
        );
        assert_eq!(
            first.counts_requests(),
            !value.contains("content-bytes"),
            "{value}"
        );
        assert!(
            value.trim_start_matches('"').starts_with(first.name()),
            "{value}"
        );
    }
}
