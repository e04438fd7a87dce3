use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use futures_util::future::{maybe_done, try_maybe_done};

use super::Callable;
use crate::{Client, Error};

/// Tuples of up to eight things to [call](Callable).
pub trait Calls {
    /// A tuple of results.
    type Ends: Send;

    /// A tuple of what the calls brought.
    type Values: Send;

    /// Makes all calls at once.
    fn all(self, client: &Client) -> impl Future<Output = Self::Ends> + Send;

    /// Makes all calls at once, and ends with the first failure.
    fn try_all(self, client: &Client) -> impl Future<Output = Result<Self::Values, Error>> + Send;
}

/// Calls in a tuple, in the making; see [`Client::batch`].
#[must_use = "nothing is sent before it is awaited"]
pub struct Batch<C> {
    client: Client,
    calls: C,
}

impl<C: Calls> Batch<C> {
    pub(super) fn new(client: &Client, calls: C) -> Self {
        Self {
            client: client.clone(),
            calls,
        }
    }

    /// The end of each call: a tuple of results, in its order.
    ///
    /// # Cancellation
    ///
    /// Dropping the future cancels all calls.
    pub async fn all(self) -> C::Ends {
        self.calls.all(&self.client).await
    }

    /// What all calls brought: a tuple, in its order; or the first failure, at once, when the others
    /// are cancelled.
    ///
    /// # Errors
    ///
    /// The first that came, whichever call it was.
    ///
    /// # Cancellation
    ///
    /// As [`all`](Self::all).
    pub async fn try_all(self) -> Result<C::Values, Error> {
        self.calls.try_all(&self.client).await
    }
}

impl<C> fmt::Debug for Batch<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").finish_non_exhaustive()
    }
}

const ENDED: &str = "every call has ended";

macro_rules! tuples {
    ($(($($call:ident),+))*) => {$(
        impl<$($call: Callable),+> Calls for ($($call,)+) {
            type Ends = ($(Result<$call::Output, Error>,)+);
            type Values = ($($call::Output,)+);

            // Named after their types, as macros cannot count.
            #[allow(non_snake_case)]
            fn all(self, client: &Client) -> impl Future<Output = Self::Ends> + Send {
                let ($($call,)+) = self;
                $(let mut $call = maybe_done($call.begin(client));)+
                async move {
                    poll_fn(|cx| {
                        let mut has_ended = true;
                        $(has_ended &= Pin::new(&mut $call).poll(cx).is_ready();)+
                        if has_ended { Poll::Ready(()) } else { Poll::Pending }
                    })
                    .await;
                    ($(Pin::new(&mut $call).take_output().expect(ENDED),)+)
                }
            }

            #[allow(non_snake_case)]
            fn try_all(self, client: &Client) -> impl Future<Output = Result<Self::Values, Error>> + Send {
                let ($($call,)+) = self;
                $(let mut $call = try_maybe_done($call.begin(client));)+
                async move {
                    poll_fn(|cx| {
                        let mut has_ended = true;
                        $(match Pin::new(&mut $call).poll(cx)? {
                            Poll::Ready(()) => {}
                            Poll::Pending => has_ended = false,
                        })+
                        if has_ended { Poll::Ready(Ok(())) } else { Poll::Pending }
                    })
                    .await?;
                    Ok(($(Pin::new(&mut $call).take_output().expect(ENDED),)+))
                }
            }
        }
    )*};
}

tuples! {
    (A)
    (A, B)
    (A, B, C)
    (A, B, C, D)
    (A, B, C, D, E)
    (A, B, C, D, E, F)
    (A, B, C, D, E, F, G)
    (A, B, C, D, E, F, G, H)
}
