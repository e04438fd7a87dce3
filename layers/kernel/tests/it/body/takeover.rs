use std::sync::Arc;
use std::task::Waker;

use buttress_kernel::Replay;

use super::script::{Alarm, Got, Script, Step, data, drain, poll, poll_with};

#[test]
fn a_later_reader_takes_the_stream_over() {
    let mut first = Script::new([data(b"ab"), data(b"cd")]).body();
    let mut second = first.replay().unwrap();
    assert_eq!(poll(&mut first), Got::Data(b"ab".to_vec()));
    assert!(first.is_whole() && second.is_whole());
    assert_eq!(poll(&mut second), Got::Data(b"ab".to_vec()));
    assert!(!first.is_whole() && second.is_whole());
    assert_eq!(poll(&mut first), Got::NotWhole);
    assert!(first.can_replay(), "it can be begun anew");
    assert_eq!(drain(&mut second), [Got::Data(b"cd".to_vec()), Got::End]);
}

#[test]
fn a_reader_that_waits_learns_that_it_lost_its_place() {
    let alarm = Arc::new(Alarm::default());
    let mut first = Script::new([Step::Pending, data(b"ab")]).body();
    let mut second = first.replay().unwrap();
    assert_eq!(
        poll_with(&mut first, &Waker::from(Arc::clone(&alarm))),
        Got::Pending
    );
    assert_eq!(alarm.times(), 0);
    assert_eq!(poll(&mut second), Got::Data(b"ab".to_vec()));
    assert_eq!(alarm.times(), 1, "or it would wait for ever");
    assert_eq!(poll(&mut first), Got::NotWhole);
}

#[test]
fn only_the_last_waker_is_kept() {
    let [old, new] = [Arc::new(Alarm::default()), Arc::new(Alarm::default())];
    let mut first = Script::new([Step::Pending, Step::Pending, Step::Pending, data(b"a")]).body();
    let mut second = first.replay().unwrap();
    let waker = Waker::from(Arc::clone(&old));
    poll_with(&mut first, &waker);
    poll_with(&mut first, &waker);
    assert_eq!(old.times(), 0, "waits still");
    drop(waker);
    assert_eq!(
        poll_with(&mut first, &Waker::from(Arc::clone(&new))),
        Got::Pending
    );
    assert_eq!(Arc::strong_count(&old), 1);
    poll(&mut second);
    assert_eq!(new.times(), 1);
}

#[test]
fn a_reader_that_comes_too_late_leaves_the_owner_in_peace() {
    let mut first = Script::new([data(b"abc"), Step::Pending, data(b"d")])
        .body()
        .replay_limit(2);
    let mut second = first.replay().unwrap();
    let alarm = Arc::new(Alarm::default());
    let waker = Waker::from(Arc::clone(&alarm));
    assert_eq!(poll_with(&mut first, &waker), Got::Data(b"abc".to_vec()));
    assert_eq!(poll_with(&mut first, &waker), Got::Pending);
    assert_eq!(poll(&mut second), Got::NotWhole);
    assert_eq!(alarm.times(), 0);
    assert!(first.is_whole());
    assert_eq!(drain(&mut first), [Got::Data(b"d".to_vec()), Got::End]);
    assert_eq!(poll(&mut second), Got::NotWhole);
}

#[test]
fn once_all_is_kept_readers_do_not_disturb_each_other() {
    let mut first = Script::new([data(b"ab")]).body();
    let mut second = first.replay().unwrap();
    let mut third = first.replay().unwrap();
    assert_eq!(poll(&mut first), Got::Data(b"ab".to_vec()));
    assert_eq!(poll(&mut first), Got::End);
    assert_eq!(poll(&mut second), Got::Data(b"ab".to_vec()));
    assert_eq!(poll(&mut third), Got::Data(b"ab".to_vec()));
    assert!(first.is_whole() && second.is_whole() && third.is_whole());
    assert_eq!((poll(&mut second), poll(&mut third)), (Got::End, Got::End));
}
