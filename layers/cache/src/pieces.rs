//! A body's way into a store that takes it in pieces.

use std::sync::Arc;
use std::time::Duration;

use buttress_kernel::BoxError;
use bytes::{Buf, Bytes};
use tokio::time::Instant;

use crate::keep::Keep;
use crate::shared::Shared;
use crate::store::{NoRoom, Writer};
use crate::stream::{Fate, HeldUp, Next, Part, Sink};
use crate::telemetry;

/// So many bytes of what is stored already are written at once.
const PIECE: usize = 128 * 1024;

/// Why a response is not stored.
type Refusal = &'static str;

const FAILED: Refusal = "the store failed";

const NO_ROOM: Refusal = "no room";

/// Writes a body as it comes, and adds the response when that is whole, or as far as it can be completed
/// later.
///
/// # Cancellation
///
/// The response is not stored; its readers go on.
pub(crate) async fn file(mut keep: Box<Keep>, part: Part) {
    let mut filing = match Filing::begin(&keep) {
        Ok(filing) => filing,
        Err(refusal) => return keep.refuse(refusal),
    };
    let before = keep.before.take();
    match filing.run(&keep, before, part).await {
        Ok(Fate::Complete) => keep.put_written(filing.written, filing.writer, true),
        Ok(Fate::Cut) if keep.parts => keep.put_written(filing.written, filing.writer, false),
        Ok(Fate::Cut) => keep.refuse("cut off"),
        Ok(Fate::TooLong) => keep.too_long(),
        Err(refusal) => keep.refuse(refusal),
    }
}

struct Filing {
    shared: Arc<Shared>,
    writer: Option<Box<dyn Writer>>,
    written: u64,
    /// How long readers have waited for the store.
    waited: Duration,
}

impl Filing {
    fn begin(keep: &Keep) -> Result<Self, Refusal> {
        Ok(Self {
            shared: Arc::clone(&keep.shared),
            writer: Some(keep.shared.store.writer(&keep.key).ok_or(FAILED)?),
            written: 0,
            waited: Duration::ZERO,
        })
    }

    /// Writes all there is, and says how it ended.
    async fn run(
        &mut self,
        keep: &Keep,
        before: Option<(Bytes, u64)>,
        mut part: Part,
    ) -> Result<Fate, Refusal> {
        let (mut before, mut covered) = before.unwrap_or_default();
        while !before.is_empty() {
            self.write(before.split_to(before.len().min(PIECE))).await?;
        }
        loop {
            let mut piece = match part.next().await {
                Next::Piece(piece) => piece,
                Next::End(fate) => return Ok(fate),
                Next::GivenUp => return Err(NO_ROOM),
            };
            if keep.is_outdated() {
                return Err("out of date");
            }
            let length = piece.len();
            let skipped = usize::try_from(covered).map_or(length, |covered| covered.min(length));
            covered -= skipped as u64;
            piece.advance(skipped);
            if !piece.is_empty() {
                self.write(piece).await?;
            }
            if let Some((why, waited)) = part.filed(length) {
                self.be_patient(waited, why)?;
            }
        }
    }

    async fn write(&mut self, piece: Bytes) -> Result<(), Refusal> {
        let length = piece.len() as u64;
        let answer = self.writer.take().ok_or(FAILED)?.write(piece);
        let answer = self.shared.ask("write", answer).await;
        let refused = |error| self.shared.not_taken(&error);
        self.writer = Some(answer.map_err(refused)?);
        self.written += length;
        Ok(())
    }

    /// Readers have waited for the store, which they do not do for ever.
    fn be_patient(&mut self, waited: Duration, why: HeldUp) -> Result<(), Refusal> {
        self.waited += waited;
        if self.waited <= self.shared.settings.store_timeout {
            return Ok(());
        }
        if why == HeldUp::ByOthers {
            // Whoever has no room waits for each piece, however quick the store is.
            return Err(NO_ROOM);
        }
        let error = format!("readers had to wait for it for {:?} in all", self.waited);
        telemetry::store_failed("write", &*BoxError::from(error));
        Err(FAILED)
    }
}

impl Shared {
    /// The store has refused a response. Where others are in its way, those make room that lie still.
    pub(crate) fn not_taken(&self, error: &BoxError) -> Refusal {
        let Some(no_room) = NoRoom::of(&**error) else {
            return FAILED;
        };
        if matches!(no_room, NoRoom::Crowded) {
            self.room.make_in_store(Instant::now().into_std());
        }
        NO_ROOM
    }
}
