//! The trail of what every layer decided.

use std::time::{Duration, Instant};

use buttress_kernel::{Entry, Explain, Trail};
use http::{Extensions, HeaderValue};
use proptest::prelude::*;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn entry(start: Instant, layer: &'static str, note: &str, from: u64, to: u64) -> Entry {
    Entry::new(layer, note.to_owned(), start + ms(from), start + ms(to))
}

#[test]
fn a_trail_prints_as_a_waterfall() {
    let (start, explain) = (Instant::now(), Explain::new());
    explain.record(entry(start, "retry", "attempt 2 after 503", 110, 300));
    explain.record(entry(start, "rate-limit", "waited", 0, 10));
    explain.record(entry(start, "cache", "miss", 0, 0));
    explain.record(entry(start, "timeout", "body in time", 300, 300));
    let golden = "\
rate-limit  waited               0 ms +10 ms    |#                             |
cache       miss                 0 ms +0 ms     |#                             |
retry       attempt 2 after 503  110 ms +190 ms |           ###################|
timeout     body in time         300 ms +0 ms   |                             #|
";
    assert_eq!(explain.trail().to_string(), golden);
    assert_eq!(
        explain.trail().summary(),
        "rate-limit: waited; cache: miss; retry: attempt 2 after 503; timeout: body in time"
    );
}

#[test]
fn an_empty_trail_says_so() {
    assert_eq!(Trail::default().to_string(), "nothing was recorded");
    assert_eq!(Trail::default().summary(), "");
    assert_eq!(Explain::new().trail(), Trail::default());
    assert_eq!(Trail::default().entries(), []);
}

#[test]
fn entries_are_in_the_order_in_which_they_began() {
    let (start, explain) = (Instant::now(), Explain::new());
    for (from, note) in [(5, "c"), (0, "a"), (0, "b")] {
        explain.record(entry(start, "x", note, from, 9));
    }
    let trail = explain.trail();
    let notes: Vec<_> = trail.entries().iter().map(Entry::note).collect();
    assert_eq!(notes, ["a", "b", "c"]);
}

#[test]
fn an_entry_says_what_it_was_made_with() {
    let start = Instant::now();
    let entry = entry(start, "cache", "miss", 3, 10);
    assert_eq!((entry.layer(), entry.note()), ("cache", "miss"));
    assert_eq!((entry.start(), entry.duration()), (start + ms(3), ms(7)));
    let backwards = Entry::new("cache", "miss", start + ms(5), start);
    assert_eq!(
        (backwards.start(), backwards.duration()),
        (start + ms(5), ms(0))
    );
}

#[test]
fn no_more_than_256_entries_are_kept() {
    let (start, explain) = (Instant::now(), Explain::new());
    for n in 0..300 {
        explain.record(entry(start, "x", "y", n, n));
    }
    let trail = explain.trail();
    assert_eq!(trail.entries().len(), 256);
    assert_eq!(
        trail.entries()[255].start(),
        start + ms(255),
        "the first ones"
    );
}

#[test]
fn clones_share_the_record_and_responses_carry_it() {
    let (start, explain) = (Instant::now(), Explain::new());
    let mut request = Extensions::new();
    assert!(Explain::of(&request).is_none(), "absent unless asked for");
    request.insert(explain.clone());
    Explain::of(&request)
        .unwrap()
        .record(entry(start, "cache", "miss", 0, 1));

    let mut response = Extensions::new();
    explain.attach(&mut response);
    assert_eq!(response.get::<Trail>(), Some(&explain.trail()));
    explain.record(entry(start, "retry", "done", 1, 2));
    assert_eq!(response.get::<Trail>().unwrap().entries().len(), 1);
    explain.attach(&mut response);
    assert_eq!(
        response.get::<Trail>().unwrap().summary(),
        "cache: miss; retry: done"
    );
}

#[test]
fn a_summary_fits_into_a_header_whatever_the_notes_hold() {
    let (start, explain) = (Instant::now(), Explain::new());
    explain.record(entry(
        start,
        "retry-after",
        "held a\r\nset-cookie: b\0\té\u{7f}~",
        0,
        0,
    ));
    let summary = explain.trail().summary();
    assert_eq!(summary, "retry-after: held a??set-cookie: b????~");
    assert!(HeaderValue::from_str(&summary).is_ok());
}

#[test]
fn a_very_long_note_sticks_out_instead_of_panicking() {
    let (start, explain) = (Instant::now(), Explain::new());
    explain.record(entry(start, "x", &"n".repeat(70_000), 0, 1));
    explain.record(entry(start, "y", "short", 0, 1));
    let text = explain.trail().to_string();
    let mut lines = text.lines();
    assert!(lines.next().unwrap().len() > 70_000);
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with(&format!("y  short{}  0 ms", " ".repeat(75)))
    );
}

proptest! {
    #[test]
    fn every_line_has_a_bar_of_the_same_width(spans in prop::collection::vec((0..5_000_000_u64, 0..5_000_000_u64), 1..20)) {
        let (start, explain) = (Instant::now(), Explain::new());
        for (from, took) in &spans {
            let from = start + Duration::from_micros(*from);
            explain.record(Entry::new("x", "y", from, from + Duration::from_micros(*took)));
        }
        let text = explain.trail().to_string();
        prop_assert_eq!(text.lines().count(), spans.len());
        for line in text.lines() {
            let bar = line.split('|').nth(1).unwrap();
            prop_assert_eq!(bar.len(), 30);
            let mark = bar.trim();
            prop_assert!(!mark.is_empty() && mark.bytes().all(|byte| byte == b'#'), "one stretch: {}", bar);
        }
    }
}
