use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use buttress_kernel::Explain;
use pin_project_lite::pin_project;

use super::clocks::Clocks;
use crate::error::Expiry;
use crate::rule::Total;
use crate::timer::{self, Timer};

pin_project! {
    /// The clocks of a body that somebody waits for, and their timer. Apart from the body, because a
    /// response is moved through every layer, and most bodies never need one.
    #[derive(Debug)]
    pub(super) struct Watch {
        #[pin]
        timer: Timer,
        clocks: Clocks,
        explain: Option<Explain>,
    }
}

impl Watch {
    #[inline(never)]
    pub(super) fn new(
        idle: Option<Duration>,
        total: Option<Total>,
        explain: Option<Explain>,
    ) -> Pin<Box<Self>> {
        let (timer, clocks) = (Timer::Unset, Clocks::new(idle, total));
        Box::pin(Self {
            timer,
            clocks,
            explain,
        })
    }

    /// The consumer waits. Ready when a limit ran out.
    pub(super) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Expiry> {
        let this = self.project();
        if this.clocks.begins() {
            this.clocks.wait(timer::now());
        }
        this.timer.poll(cx, this.clocks)
    }

    /// A frame came.
    pub(super) fn moved(self: Pin<&mut Self>) {
        self.project().clocks.moved();
    }

    /// Where to write down that a limit ran out.
    pub(super) const fn explain(&self) -> Option<&Explain> {
        self.explain.as_ref()
    }
}
