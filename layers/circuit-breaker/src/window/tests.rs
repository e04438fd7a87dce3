//! The windows beside slow, obvious ones: every call kept, and counted again each time.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    /// Ended so many ticks ago, by a clock that is behind.
    Record(Mark, u64),
    Successes(u32),
}

fn any_step() -> impl Strategy<Value = Step> {
    let mark = (any::<bool>(), any::<bool>()).prop_map(|(failed, slow)| Mark { failed, slow });
    prop_oneof![
        2 => (0_u64..7).prop_map(Step::Wait),
        1 => (0_u64..1_000_000_000_000).prop_map(Step::Wait),
        8 => (mark, prop_oneof![9 => Just(0), 1 => 0_u64..8]).prop_map(|(mark, late)| Step::Record(mark, late)),
        2 => (0_u32..20).prop_map(Step::Successes),
    ]
}

fn sum<'a>(marks: impl Iterator<Item = &'a Mark>) -> Counts {
    marks.fold(Counts::default(), |mut all, mark| {
        all.add(Counts::of(*mark));
        all
    })
}

proptest! {
    #[test]
    fn a_window_of_time_holds_what_ended_in_its_last_ticks(
        buckets in 1_u32..6,
        steps in proptest::collection::vec(any_step(), 0..60),
    ) {
        let span = Span::Time { bucket: std::time::Duration::from_secs(1), buckets };
        let (mut window, mut kept, mut tick) = (Window::new(span), Vec::new(), 1_000_u64);
        for step in steps {
            match step {
                Step::Wait(ticks) => tick += ticks,
                Step::Record(mark, late) => {
                    window.record(tick - late, mark);
                    kept.push((tick - late, mark));
                }
                Step::Successes(calls) => {
                    window.successes(tick, calls);
                    kept.extend((0..calls).map(|_| (tick, Mark::default())));
                }
            }
            window.advance(tick);
            let live = kept.iter().filter(|(at, _)| tick - at < buckets.into());
            prop_assert_eq!(window.counts(), sum(live.map(|(_, mark)| mark)));
        }
    }

    #[test]
    fn a_window_of_calls_holds_the_last_ones(
        size in 1_u32..12,
        steps in proptest::collection::vec(any_step(), 0..60),
    ) {
        let (mut window, mut kept, mut tick) = (Window::new(Span::Calls(size)), Vec::new(), 1_000);
        for step in steps {
            match step {
                Step::Wait(ticks) => tick += ticks,
                Step::Record(mark, _) => {
                    window.record(tick, mark);
                    kept.push(mark);
                }
                Step::Successes(calls) => {
                    window.successes(tick, calls);
                    kept.extend((0..calls).map(|_| Mark::default()));
                }
            }
            window.advance(tick);
            prop_assert_eq!(window.counts(), sum(kept.iter().rev().take(size as usize)));
        }
    }
}

#[test]
fn a_full_bucket_takes_no_more() {
    let mut window = TimeWindow::new(2);
    let calls = u64::from(u32::MAX);
    let most = Counts {
        calls,
        failed: 7,
        slow: 0,
    };
    window.add(0, most);
    window.add(
        0,
        Counts::of(Mark {
            failed: true,
            slow: true,
        }),
    );
    assert_eq!(window.counts(), most);
    window.advance(2);
    assert_eq!(window.counts(), Counts::default());
}
