use super::Position;

/// The page that an [`Error`](crate::Error) is about.
#[derive(Clone, Debug)]
pub struct FailedPage {
    number: u32,
    position: Position,
}

impl FailedPage {
    pub(super) const fn new(number: u32, position: Position) -> Self {
        Self { number, position }
    }

    /// Which page of the walk it is, counted from 1.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Where it is: hand it to [`Paging::start_at`](super::Paging::start_at) to go on from there.
    #[must_use]
    pub const fn position(&self) -> &Position {
        &self.position
    }
}
