//! Many calls at once: in order, each with its own type and its own end.
//!
//! ```
//! use buttress::{Client, Endpoint, NoContent};
//! # use buttress_testkit::{Scripted, Step};
//! # use http::Method;
//! # struct Name { id: u64 }
//! # impl Endpoint for Name {
//! #     const METHOD: Method = Method::GET;
//! #     const PATH: &'static str = "/users/{id}/name";
//! #     type Ok = String;
//! #     type Err = NoContent;
//! #     fn path(&self) -> impl serde::Serialize { [("id", self.id)] }
//! # }
//! # struct Count;
//! # impl Endpoint for Count {
//! #     const METHOD: Method = Method::GET;
//! #     const PATH: &'static str = "/users/count";
//! #     type Ok = u64;
//! #     type Err = NoContent;
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = Scripted::new([Step::answer(|call| {
//! #     let is_name = call.uri.path().ends_with("name");
//! #     http::Response::new(if is_name { "\"Ada\"" } else { "3" }.into())
//! # })]);
//! # let client = Client::builder().base_uri("http://h").build_over(server)?;
//! // Different types: a tuple. One failure does not touch the others.
//! let (name, count) = client.batch((Name { id: 1 }, Count)).all().await;
//! assert_eq!((name?.body().as_str(), *count?.body()), ("Ada", 3));
//!
//! // The same type: anything that can be iterated, four at a time.
//! let names = client.batch_of((1..=10).map(|id| Name { id })).concurrency(4);
//! // The first failure ends it all.
//! let names: Vec<_> = names.try_all().await?;
//! assert_eq!(names.len(), 10);
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::iter::Fuse;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::stream::{FuturesOrdered, FuturesUnordered, StreamExt};

use crate::endpoint::EndpointCall;
use crate::{Client, Endpoint, Error, RequestBuilder, Response};

mod tuple;

pub use self::tuple::{Batch, Calls};

/// How many calls of an iterator are under way at once, unless set.
const CONCURRENCY: usize = 16;

/// What a batch can call: an [`Endpoint`], which is given away as by [`Client::call`]; one
/// [with something changed](EndpointCall); or a [`RequestBuilder`], whose end is a response of any status.
pub trait Callable {
    /// What a call brings.
    type Output: Send + 'static;

    /// The call, which nothing has been sent of.
    fn begin(self, client: &Client) -> BoxFuture<'static, Result<Self::Output, Error>>;
}

impl<E> Callable for E
where
    E: Endpoint,
    E::Ok: Send + 'static,
{
    type Output = Response<E::Ok>;

    fn begin(self, client: &Client) -> BoxFuture<'static, Result<Self::Output, Error>> {
        client.owned(self).boxed()
    }
}

impl<E> Callable for EndpointCall<E>
where
    E: Endpoint,
    E::Ok: Send + 'static,
{
    type Output = Response<E::Ok>;

    fn begin(self, _: &Client) -> BoxFuture<'static, Result<Self::Output, Error>> {
        self.boxed()
    }
}

impl Callable for RequestBuilder {
    type Output = Response;

    fn begin(self, _: &Client) -> BoxFuture<'static, Result<Response, Error>> {
        Box::pin(self.send())
    }
}

impl Client {
    /// Calls everything in a tuple, all at once. What comes back has its order and its types.
    ///
    /// A tuple has up to eight parts, [`Endpoint`]s, [`EndpointCall`]s and [`RequestBuilder`]s mixed as you
    /// like.
    pub fn batch<C: Calls>(&self, calls: C) -> Batch<C> {
        Batch::new(self, calls)
    }

    /// Calls everything that an iterator gives, so many at a time. What comes back has its order.
    ///
    /// The iterator is asked for the next call when there is room for one.
    pub fn batch_of<I, T>(&self, calls: I) -> BatchOf<I::IntoIter, T>
    where
        I: IntoIterator<Item: Callable<Output = T>>,
    {
        BatchOf {
            client: self.clone(),
            calls: calls.into_iter(),
            concurrency: CONCURRENCY,
            output: PhantomData,
        }
    }
}

/// Calls from an iterator, in the making; see [`Client::batch_of`].
#[must_use = "nothing is sent before it is awaited"]
pub struct BatchOf<I, T> {
    client: Client,
    calls: I,
    concurrency: usize,
    // Said here and not found by way of the iterator: the compiler could not tell of a future that holds
    // `<I::Item as Callable>::Output` whether it can be sent, where the iterator borrows.
    output: PhantomData<fn() -> T>,
}

impl<I, T> BatchOf<I, T>
where
    I: Iterator<Item: Callable<Output = T>>,
{
    /// How many calls are under way at once: 16 unless set. 0 counts as 1.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// The end of each call, in their order.
    ///
    /// # Cancellation
    ///
    /// Dropping the future cancels all calls that are under way, and begins no other.
    pub async fn all(self) -> Vec<Result<T, Error>> {
        self.stream().collect().await
    }

    /// What all calls brought, in their order; or the first failure, at once, when the others that are
    /// under way are cancelled and no other is begun.
    ///
    /// # Errors
    ///
    /// The first that came, whichever call it was.
    ///
    /// # Cancellation
    ///
    /// As [`all`](Self::all).
    pub async fn try_all(self) -> Result<Vec<T>, Error> {
        let mut calls = self.calls.fuse().enumerate();
        // Not in order, so that a failure is seen before the calls ahead of it have ended.
        let mut running = FuturesUnordered::new();
        let mut ends = Vec::new();
        loop {
            while running.len() < self.concurrency {
                let Some((number, call)) = calls.next() else {
                    break;
                };
                running.push(numbered(number, call.begin(&self.client)));
            }
            match running.next().await {
                Some(end) => ends.push(end?),
                None => break,
            }
        }
        ends.sort_unstable_by_key(|(number, _)| *number);
        Ok(ends.into_iter().map(|(_, end)| end).collect())
    }

    /// The end of each call as soon as it and those ahead of it are there, in their order. Whoever takes them
    /// slowly slows the calls down: those that have ended and are not taken count as under way.
    pub fn stream(self) -> BatchStream<I, T> {
        BatchStream {
            client: self.client,
            calls: self.calls.fuse(),
            room: self.concurrency,
            running: FuturesOrdered::new(),
        }
    }
}

async fn numbered<T>(
    number: usize,
    call: BoxFuture<'static, Result<T, Error>>,
) -> Result<(usize, T), Error> {
    call.await.map(|end| (number, end))
}

impl<I, T> fmt::Debug for BatchOf<I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchOf")
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

/// The ends of a batch's calls, in their order; see [`BatchOf::stream`].
///
/// # Cancellation
///
/// Dropping it cancels all calls that are under way, and begins no other.
#[must_use = "nothing is sent before it is polled"]
pub struct BatchStream<I, T> {
    client: Client,
    calls: Fuse<I>,
    room: usize,
    running: FuturesOrdered<BoxFuture<'static, Result<T, Error>>>,
}

// The iterator is never pinned.
impl<I, T> Unpin for BatchStream<I, T> {}

impl<I, T> Stream for BatchStream<I, T>
where
    I: Iterator<Item: Callable<Output = T>>,
{
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while this.running.len() < this.room {
            let Some(call) = this.calls.next() else { break };
            this.running.push_back(call.begin(&this.client));
        }
        this.running.poll_next_unpin(cx)
    }
}

impl<I, T> fmt::Debug for BatchStream<I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchStream")
            .field("under_way", &self.running.len())
            .finish_non_exhaustive()
    }
}
