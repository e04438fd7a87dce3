//! Whose turn it is while a request's body is sent, and which limit runs meanwhile.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Phase;
use crate::idle::Idle;
use crate::rule::{self, Head, Rule, Total, Verdict};

/// Timers are no finer, and a check that asks to be asked again at once would spin.
const TICK: Duration = Duration::from_millis(1);

/// How far a request's body is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    stage: Stage,
    /// The peer's silence.
    idle: Idle,
    /// The source's own.
    dry: Option<Idle>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The transport has not asked yet: it connects, or waits for a connection.
    Unasked,
    /// It has; one clock runs while it is the peer's turn, the other while it is the caller's.
    Sending,
    /// Everything was taken, or nobody will take any more.
    Done(Instant),
}

impl Progress {
    /// The peer may be silent for `limit`, the source for as long as the head may take.
    pub(crate) fn new(limit: Duration, head: Option<Duration>) -> Self {
        let idle = Idle::new(limit);
        let (stage, dry) = (Stage::Unasked, head.map(Idle::new));
        Self { stage, idle, dry }
    }

    /// The transport asked, and the caller's own source has nothing yet.
    pub(crate) const fn starved(&mut self, now: Instant) {
        if !matches!(self.stage, Stage::Done(_)) {
            self.stage = Stage::Sending;
            self.idle.stop();
            if let Some(dry) = &mut self.dry {
                dry.start(now);
            }
        }
    }

    /// The transport asked and got a frame: until it asks again it is the peer's turn.
    pub(crate) const fn fed(&mut self, now: Instant) {
        if !matches!(self.stage, Stage::Done(_)) {
            self.stage = Stage::Sending;
            self.stop();
            self.idle.start(now);
        }
    }

    /// The body has ended, failed or was dropped.
    pub(crate) const fn done(&mut self, now: Instant) {
        if !matches!(self.stage, Stage::Done(_)) {
            self.stage = Stage::Done(now);
            self.stop();
        }
    }

    const fn stop(&mut self) {
        self.idle.stop();
        if let Some(dry) = &mut self.dry {
            dry.stop();
        }
    }

    /// Whether the source has nothing to give, as far as is known.
    fn is_dry(&self) -> bool {
        self.stage == Stage::Sending && !self.idle.is_running()
    }

    fn check(&mut self, head: &Wait, now: Instant) -> Verdict {
        match self.stage {
            Stage::Unasked => head.from(head.start, now).and(self.earliest(head, now)),
            Stage::Sending => match self.idle.check(Phase::RequestBody, now) {
                Verdict::Never => self.silence(now).and(self.earliest(head, now)),
                verdict => verdict,
            },
            Stage::Done(end) => head.from(end, now),
        }
    }

    fn silence(&mut self, now: Instant) -> Verdict {
        let dry = self.dry.as_mut();
        dry.map_or(Verdict::Never, |dry| dry.check(Phase::Source, now))
    }

    /// No limit runs, or one that stops when the transport asks. Whatever happens next, nothing
    /// runs out before this instant, so nobody needs to wake the one who checks before it.
    fn earliest(&self, head: &Wait, now: Instant) -> Verdict {
        let limit = self.idle.limit();
        let wait = head.limit.map_or(limit, |head| head.min(limit)).max(TICK);
        now.checked_add(wait).map_or(Verdict::Never, Verdict::Until)
    }
}

/// The wait for the head, with the upload's time taken out.
#[derive(Clone, Copy, Debug)]
struct Wait {
    limit: Option<Duration>,
    start: Instant,
}

impl Wait {
    fn from(&self, start: Instant, now: Instant) -> Verdict {
        self.limit
            .map_or(Verdict::Never, |limit| rule::attempt(start, limit, now))
    }
}

/// What the request's body tells the future of the response.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<Progress>>);

impl Shared {
    pub(crate) fn new(limit: Duration, head: Option<Duration>) -> Self {
        Self(Arc::new(Mutex::new(Progress::new(limit, head))))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Progress> {
        // Nothing panics under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Until the head of the response, with an upload on the way to it.
#[derive(Debug)]
pub(crate) struct Upload {
    limit: Option<Duration>,
    total: Option<Total>,
    start: Option<Instant>,
    progress: Shared,
}

impl Upload {
    pub(crate) const fn new(
        limit: Option<Duration>,
        total: Option<Total>,
        progress: Shared,
    ) -> Self {
        let start = None;
        Self {
            limit,
            total,
            start,
            progress,
        }
    }
}

impl Rule for Upload {
    fn check(&mut self, now: Instant) -> Verdict {
        let start = *self.start.get_or_insert(now);
        let head = Wait {
            limit: self.limit,
            start,
        };
        let total = self.total.map_or(Verdict::Never, |total| total.check(now));
        let mut progress = self.progress.lock();
        match total {
            Verdict::Expired(expiry) if progress.is_dry() => {
                Verdict::Expired(expiry.for_want_of_a_body())
            }
            total => total.and(progress.check(&head, now)),
        }
    }

    fn check_again(&mut self, now: Instant) -> Verdict {
        self.check(now)
    }
}

/// [`Upload`] where there is something to watch, otherwise [`Head`].
#[derive(Debug)]
pub(crate) enum MaybeUpload {
    Upload(Upload),
    Head(Head),
}

impl Rule for MaybeUpload {
    fn check(&mut self, now: Instant) -> Verdict {
        match self {
            Self::Upload(rule) => rule.check(now),
            Self::Head(rule) => rule.check(now),
        }
    }

    fn check_again(&mut self, now: Instant) -> Verdict {
        match self {
            Self::Upload(rule) => rule.check_again(now),
            Self::Head(rule) => rule.check_again(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use buttress_kernel::Deadline;
    use proptest::prelude::*;

    use super::*;
    use crate::error::Expiry;

    const HEAD: Duration = Duration::from_millis(700);
    const IDLE: Duration = Duration::from_millis(300);

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Event {
        Starved,
        Fed,
        Done,
    }

    fn origin() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn events() -> impl Strategy<Value = Vec<(u64, Event)>> {
        let event = prop_oneof![
            4 => Just(Event::Fed),
            2 => Just(Event::Starved),
            1 => Just(Event::Done),
        ];
        let pause = prop_oneof![0..5_u64, 1..299_u64, 298..303_u64, 600..703_u64];
        prop::collection::vec((pause, event), 0..30)
    }

    /// When a limit runs out and which, found by walking through the whole history.
    fn model(events: &[(u64, Event)]) -> Option<(u64, Phase)> {
        let mut now = 0;
        let mut end = Some((700, Phase::Head));
        for &(pause, event) in events {
            now += pause;
            if let Some(end) = end.filter(|&(end, _)| end <= now) {
                return Some(end);
            }
            let silent = end.is_some_and(|(_, phase)| phase == Phase::Source);
            end = match event {
                Event::Starved if silent => end,
                Event::Starved => Some((now + 700, Phase::Source)),
                Event::Fed => Some((now + 300, Phase::RequestBody)),
                Event::Done => return Some((now + 700, Phase::Head)),
            };
        }
        end
    }

    /// The same as the future sees it, which is woken by nobody and asks only when told to.
    fn asked_lazily(events: &[(u64, Event)]) -> Option<(u64, Phase)> {
        let origin = origin();
        let at = |now: u64| origin + Duration::from_millis(now);
        let shared = Shared::new(IDLE, Some(HEAD));
        let mut rule = Upload::new(Some(HEAD), None, shared.clone());
        let mut next = 0;
        let mut moved = 0;
        let mut coming = events.iter();
        let mut event = coming.next();
        loop {
            while let Some(&(pause, what)) = event {
                if moved + pause >= next {
                    break;
                }
                moved += pause;
                match what {
                    Event::Starved => shared.lock().starved(at(moved)),
                    Event::Fed => shared.lock().fed(at(moved)),
                    Event::Done => shared.lock().done(at(moved)),
                }
                event = coming.next();
            }
            match rule.check(at(next)) {
                Verdict::Until(then) => {
                    let then = u64::try_from((then - origin).as_millis()).expect("a short test");
                    assert!(then > next, "it would spin");
                    next = then;
                }
                Verdict::Expired(expiry) => return Some((next, expiry.phase())),
                Verdict::Never => return None,
            }
            if event.is_none() && next > moved + 10_000 {
                return None;
            }
        }
    }

    proptest! {
        #[test]
        fn a_stall_is_noticed_on_time_although_nobody_wakes_the_future(events in events()) {
            prop_assert_eq!(asked_lazily(&events), model(&events));
        }
    }

    #[test]
    fn what_comes_after_the_end_changes_nothing() {
        let start = origin();
        let mut progress = Progress::new(IDLE, Some(HEAD));
        progress.fed(start);
        progress.done(start);
        let done = progress;
        progress.fed(start + HEAD);
        progress.starved(start + HEAD);
        progress.done(start + HEAD);
        assert_eq!(progress.stage, done.stage);
        assert!(!progress.idle.is_running());
        assert!(!progress.dry.is_some_and(|dry| dry.is_running()));
    }

    #[test]
    fn a_total_that_ends_in_a_silence_of_the_source_is_the_sources() {
        let start = origin();
        let total = Total::new(Deadline::at(start + IDLE), start);
        let shared = Shared::new(IDLE, None);
        let mut rule = Upload::new(None, Some(total), shared.clone());
        shared.lock().starved(start);
        let mut end = |at| match rule.check(at) {
            Verdict::Expired(expiry) => Some((expiry.phase(), expiry.after())),
            Verdict::Until(_) | Verdict::Never => None,
        };
        assert_eq!(end(start), None);
        assert_eq!(end(start + IDLE), Some((Phase::Source, IDLE)));
        shared.lock().fed(start + IDLE);
        assert_eq!(end(start + IDLE), Some((Phase::Total, IDLE)));
    }

    #[test]
    fn the_total_goes_before_a_limit_that_ends_with_it() {
        let start = origin();
        let total = Total::new(Deadline::at(start + HEAD), start);
        let mut rule = Upload::new(Some(HEAD), Some(total), Shared::new(IDLE, Some(HEAD)));
        rule.check(start);
        let end = rule.check(start + HEAD);
        assert_eq!(end, Verdict::Expired(Expiry::new(Phase::Total, HEAD)));
    }
}
