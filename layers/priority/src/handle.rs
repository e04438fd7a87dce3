use std::sync::Arc;

use crate::error::InvalidLimit;
use crate::lane::Lane;
use crate::table::Table;

/// Looks at the limit from outside, and changes it while it is in use.
///
/// ```
/// use buttress_priority::PriorityLayer;
///
/// let layer = PriorityLayer::new(3)?;
/// let handle = layer.handle();
/// assert_eq!((handle.in_flight(), handle.waiting()), (0, 0));
/// handle.set_max_in_flight(10)?;
/// assert_eq!(handle.max_in_flight(), 10);
/// # Ok::<_, buttress_priority::InvalidLimit>(())
/// ```
#[derive(Clone, Debug)]
pub struct Handle(Arc<Table>);

impl Handle {
    pub(crate) const fn new(table: Arc<Table>) -> Self {
        Self(table)
    }

    /// How many requests of each key may be in flight.
    #[must_use]
    pub fn max_in_flight(&self) -> usize {
        self.0.most() as usize
    }

    /// Allows so many requests of each key in flight from now on. When it is raised, those who wait
    /// go at once; when it is lowered, those in flight stay so, and others go when enough are over.
    ///
    /// # Errors
    ///
    /// See [`PriorityLayer::new`](crate::PriorityLayer::new). The limit stays as it was then.
    pub fn set_max_in_flight(&self, most: usize) -> Result<(), InvalidLimit> {
        self.0.set_most(InvalidLimit::check(most)?);
        Ok(())
    }

    /// How many requests are in flight, over all keys, without those that
    /// [skipped](crate::Override::skip) the limit.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.sum(|lane| lane.in_flight() as usize)
    }

    /// How many requests wait, over all keys.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.sum(Lane::waiting)
    }

    /// How one key stands now. Where all requests share one limit, and for requests without a key,
    /// the key is empty.
    #[must_use]
    pub fn peek(&self, key: &str) -> Peek {
        let lane = self.0.get(key);
        Peek {
            in_flight: lane.as_ref().map_or(0, |lane| lane.in_flight() as usize),
            waiting: lane.as_ref().map_or(0, |lane| lane.waiting()),
        }
    }

    /// How many keys have a limit of their own in memory.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.0.keys()
    }
}

/// How one key stands, at the moment of asking.
#[derive(Clone, Copy, Debug)]
pub struct Peek {
    in_flight: usize,
    waiting: usize,
}

impl Peek {
    /// How many requests are in flight.
    #[must_use]
    pub const fn in_flight(self) -> usize {
        self.in_flight
    }

    /// How many requests wait.
    #[must_use]
    pub const fn waiting(self) -> usize {
        self.waiting
    }
}
