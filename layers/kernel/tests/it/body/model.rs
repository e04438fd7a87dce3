//! Readers of one stream, polled, copied and dropped in any order, against a model that knows all
//! of the stream from the start.

use buttress_kernel::{Body, Replay};
use http_body::Body as _;
use proptest::prelude::*;

use super::script::{Got, Script, Step, poll, trailers};

/// What a stream will do.
#[derive(Clone, Debug)]
struct Plan {
    frames: Vec<Option<Vec<u8>>>,
    end: End,
    limit: usize,
    exact: bool,
    tells_end: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Plain,
    Trailers,
    Fail,
}

#[derive(Clone, Debug)]
enum Act {
    Poll(usize),
    Replay(usize),
    Drop(usize),
}

impl Plan {
    fn whole(&self) -> Vec<u8> {
        self.frames.iter().flatten().flatten().copied().collect()
    }

    fn body(&self) -> Body {
        let frames = self
            .frames
            .iter()
            .cloned()
            .map(|frame| frame.map_or(Step::Pending, Step::Data));
        let end = match self.end {
            End::Plain => None,
            End::Trailers => Some(Step::Trailers(trailers())),
            End::Fail => Some(Step::Fail),
        };
        let mut script = Script::new(frames.chain(end));
        script.tells_end = self.tells_end;
        let script = if self.exact {
            script.exact(self.whole().len() as u64)
        } else {
            script
        };
        script.body().replay_limit(self.limit)
    }
}

/// A reader with what it has sent so far.
struct Reader {
    body: Body,
    sent: Vec<u8>,
    trailers: bool,
    turn: Option<usize>,
    /// It got an error, or its end.
    over: bool,
}

impl Reader {
    fn new(body: Body) -> Self {
        Self {
            body,
            sent: Vec::new(),
            trailers: false,
            turn: None,
            over: false,
        }
    }
}

/// How much of the stream has been taken, by whom.
struct World {
    plan: Plan,
    whole: Vec<u8>,
    readers: Vec<Reader>,
    turns: usize,
    /// Bytes taken from the stream, by anybody.
    taken: usize,
    finished: bool,
    failed: bool,
}

impl World {
    fn outgrown(&self) -> bool {
        self.taken > self.plan.limit
    }

    fn can_begin(&self) -> bool {
        !self.failed && !self.outgrown()
    }

    fn allows(&self, turn: Option<usize>) -> bool {
        let owns = turn == Some(self.turns);
        !self.failed
            && if self.outgrown() {
                owns
            } else {
                self.finished || owns || turn.is_none()
            }
    }

    fn act(&mut self, act: &Act) {
        let (Act::Poll(n) | Act::Replay(n) | Act::Drop(n)) = *act;
        if self.readers.is_empty() {
            return;
        }
        let n = n % self.readers.len();
        match act {
            Act::Poll(_) => self.poll(n),
            Act::Replay(_) => {
                let second = self.readers[n].body.replay();
                assert_eq!(second.is_some(), self.can_begin());
                self.readers.extend(second.map(Reader::new));
            }
            Act::Drop(_) => drop(self.readers.swap_remove(n)),
        }
        self.check();
    }

    fn poll(&mut self, n: usize) {
        if self.readers[n].over {
            return;
        }
        if self.readers[n].turn.is_none() && self.can_begin() {
            self.turns += 1;
            self.readers[n].turn = Some(self.turns);
        }
        let allowed = self.allows(self.readers[n].turn);
        let got = poll(&mut self.readers[n].body);
        assert_eq!(got == Got::NotWhole, !allowed, "{got:?}");
        let reader = &mut self.readers[n];
        match got {
            Got::Data(data) => {
                reader.sent.extend(data);
                self.taken = self.taken.max(reader.sent.len());
                assert!(self.whole.starts_with(&reader.sent));
            }
            Got::Trailers(_) => {
                assert!(
                    !reader.trailers && self.plan.end == End::Trailers && reader.sent == self.whole
                );
                reader.trailers = true;
                self.finished = true;
            }
            Got::End => {
                assert_eq!(reader.sent, self.whole, "never in part");
                assert_eq!(reader.trailers, self.plan.end == End::Trailers);
                assert!(self.plan.end != End::Fail);
                self.finished = true;
                reader.over = true;
            }
            Got::Failed => {
                assert_eq!(self.plan.end, End::Fail);
                self.failed = true;
                reader.over = true;
            }
            Got::NotWhole => reader.over = true,
            Got::Pending => assert!(self.plan.frames.contains(&None)),
        }
    }

    fn check(&self) {
        for reader in &self.readers {
            let allowed = self.allows(reader.turn);
            assert_eq!(reader.body.is_whole(), allowed);
            assert_eq!(reader.body.can_replay(), self.can_begin());
            let sent_all =
                reader.sent == self.whole && reader.trailers == (self.plan.end == End::Trailers);
            assert!(!reader.body.is_end_stream() || sent_all && self.plan.end != End::Fail);
            let (left, hint) = (
                (self.whole.len() - reader.sent.len()) as u64,
                reader.body.size_hint(),
            );
            assert!(hint.lower() <= left && hint.upper().is_none_or(|upper| upper >= left));
            let known = self.plan.exact || self.finished && !self.outgrown();
            assert_eq!(hint.exact(), (allowed && known).then_some(left));
        }
    }
}

fn plans() -> impl Strategy<Value = Plan> {
    let frame = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..12).prop_map(Some),
        1 => Just(None),
    ];
    let end = prop_oneof![3 => Just(End::Plain), 2 => Just(End::Trailers), 1 => Just(End::Fail)];
    (
        prop::collection::vec(frame, 0..8),
        end,
        1..60_usize,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(frames, end, limit, exact, tells_end)| Plan {
            frames,
            end,
            limit,
            exact,
            tells_end,
        })
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        8 => (0..4_usize).prop_map(Act::Poll),
        2 => (0..4_usize).prop_map(Act::Replay),
        1 => (0..4_usize).prop_map(Act::Drop),
    ];
    prop::collection::vec(act, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4 * ProptestConfig::default().cases, ..ProptestConfig::default() })]

    #[test]
    fn every_reader_sends_the_whole_or_fails(plan in plans(), acts in acts()) {
        let mut first = plan.body();
        let whole = plan.whole();
        let Some(second) = first.replay() else {
            prop_assert!(plan.exact && whole.len() > plan.limit);
            return Ok(());
        };
        let mut world = World {
            plan, whole, readers: vec![Reader::new(first), Reader::new(second)],
            turns: 0, taken: 0, finished: false, failed: false,
        };
        world.check();
        for act in &acts {
            world.act(act);
        }
        // Whoever owns the stream in the end comes to the end of it.
        let owner = world.readers.iter().position(|reader| world.allows(reader.turn));
        for _ in 0..40 {
            owner.into_iter().for_each(|owner| world.act(&Act::Poll(owner)));
        }
        prop_assert!(owner.is_none_or(|owner| world.readers[owner].over));
    }
}
