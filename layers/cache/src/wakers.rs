use std::task::Waker;

/// Whoever waits for the same thing. Each has a seat, and leaves it when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Wakers {
    seats: Vec<Seat>,
    free: Vec<usize>,
}

#[derive(Debug)]
enum Seat {
    Free,
    Taken(Option<Waker>),
}

impl Wakers {
    /// A seat of one's own.
    pub(crate) fn sit(&mut self) -> usize {
        let seat = Seat::Taken(None);
        if let Some(at) = self.free.pop() {
            self.seats[at] = seat;
            return at;
        }
        self.seats.push(seat);
        self.seats.len() - 1
    }

    pub(crate) fn leave(&mut self, at: usize) {
        self.seats[at] = Seat::Free;
        self.free.push(at);
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.seats.len() - self.free.len()
    }

    /// This one waits now.
    pub(crate) fn wait(&mut self, at: usize, waker: &Waker) {
        if let Seat::Taken(waiting) = &mut self.seats[at] {
            match waiting {
                Some(waiting) => waiting.clone_from(waker),
                None => *waiting = Some(waker.clone()),
            }
        }
    }

    /// All that wait, to be woken once the lock around this is free.
    #[must_use]
    pub(crate) fn take(&mut self) -> Vec<Waker> {
        let seats = self.seats.iter_mut();
        let wakers = seats.filter_map(|seat| match seat {
            Seat::Taken(waiting) => waiting.take(),
            Seat::Free => None,
        });
        wakers.collect()
    }
}

pub(crate) fn wake(wakers: Vec<Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}
