//! Lists that come in pages, as one stream.
//!
//! A [`Paginator`] says how an API's pages hang together; it is given a page and says where the next one
//! is, and does nothing else. There are five, named for what a request says: a page's
//! [`Number`], an [`Offset`], a [`Cursor`] from the last page's body, the [`Link`] that the
//! server sent along, and the tagged envelope's [`Pg`]. One of your own is a function of a
//! page.
//!
//! ```
//! use buttress::{Client, pages};
//! use serde::Deserialize;
//! # use buttress_testkit::{Scripted, Step};
//!
//! #[derive(Deserialize)]
//! struct User { name: String }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = Scripted::new([
//! #     Step::ok().header("link", r#"</users?after=2>; rel="next""#).body(r#"[{"name":"Ada"},{"name":"Grace"}]"#),
//! #     Step::ok().body(r#"[{"name":"Edith"}]"#),
//! # ]);
//! # let client = Client::builder().base_uri("http://h").build_over(server)?;
//! let mut users = client
//!     .get("/users")
//!     .query(&[("team", "core")])
//!     .paginate(pages::Link::new())
//!     .items::<User>();
//! # let mut names = Vec::new();
//! while let Some(user) = users.next().await {
//!     println!("{}", user?.name);
//!     # names.push(());
//! }
//! # assert_eq!(names.len(), 3);
//! # Ok(())
//! # }
//! ```
//!
//! [`Items`] and [`Pages`] are streams; [`Page::next`] and [`Page::prev`] go one page at a time.
//! What the first request asked for besides, each of the next asks for, too: parameters,
//! headers, overrides.
//!
//! # When a list does not end
//!
//! A server may send a cursor back that it has sent before, or empty pages for ever. Such a list ends with
//! an [`Astray`] instead of going on:
//!
//! | guard | unless set |
//! | --- | --- |
//! | a position that was asked for already | always |
//! | a page that is the same as the one right before, byte for byte, and not empty | on; [`allow_equal_pages`](Paging::allow_equal_pages) |
//! | empty pages in a row that name a next one | [100](Paging::max_empty_pages) |
//! | pages in all | [10,000](Paging::max_pages) |
//! | a next page, or a paginator's first, at another origin | refused; [`any_origin`](Paging::any_origin) |
//! | a position of more than 8 KiB | always |
//!
//! # When a page fails
//!
//! What came before it has been yielded and stays so. The error says [which page](crate::Error::page) it
//! was, and its [`Position`] is where to [start](Paging::start_at) when going on, in this process or, written
//! down as text, in the next one.
//!
//! A page whose items can be read and that does not say where the list goes on is yielded like any other, and the
//! error comes behind it: what has arrived is not lost. To start at the error's position yields it again. What a
//! page says besides and nothing depends on, such as a total that is no number, is passed over.
//!
//! # Cancellation
//!
//! Dropping a stream cancels the request in flight, the one for the next page included.

mod arrived;
mod astray;
mod content;
mod cursor;
mod failed;
mod items;
mod link;
mod lost;
mod neighbours;
mod number;
mod offset;
mod page;
mod paging;
mod pg;
mod position;
mod reference;
mod sized;
mod source;
mod stream;
mod walk;

use buttress_kernel::BoxError;
use bytes::Bytes;
use http::response::Parts;

pub use self::arrived::{Arrived, Direction};
pub use self::astray::Astray;
pub use self::cursor::Cursor;
pub use self::failed::FailedPage;
pub use self::items::Items;
pub use self::link::{Link, LinkValue};
pub use self::neighbours::Neighbours;
pub use self::number::Number;
pub use self::offset::Offset;
pub use self::page::Page;
pub use self::paging::Paging;
pub use self::pg::{Pg, UnexpectedShape};
pub use self::position::{InvalidPosition, Position};
pub use self::stream::Pages;
use crate::Pointer;

/// How the pages of an API hang together. It decides and does nothing: no request is made in it.
///
/// ```
/// use buttress::pages::{Arrived, Neighbours, Paginator, Position};
/// use buttress::BoxError;
///
/// /// Each page says in a header of its own where the next one begins.
/// struct Sync;
///
/// impl Paginator for Sync {
///     fn neighbours(&self, page: &Arrived<'_>) -> Result<Neighbours, BoxError> {
///         let Some(token) = page.headers().get("x-sync-token") else {
///             return Ok(Neighbours::none());
///         };
///         Ok(Neighbours::none().next(Position::query(&[("since", token.to_str()?)])?))
///     }
/// }
/// ```
pub trait Paginator: Send + Sync + 'static {
    /// Where the items of a page are in its document; the document itself unless said otherwise.
    fn items(&self) -> &Pointer {
        &Pointer::ROOT
    }

    /// What the first request asks for, and with it all others, besides what the caller's does. The guards
    /// hold for it as for any other position.
    fn first(&self) -> Position {
        Position::default()
    }

    /// Whether its settings make sense. It is asked before anything is sent.
    ///
    /// # Errors
    ///
    /// When they do not. Nothing is sent, then, and the error [`is_request`](crate::Error::is_request).
    fn validate(&self) -> Result<(), BoxError> {
        Ok(())
    }

    /// Whether a response is a page at all.
    ///
    /// # Errors
    ///
    /// When it is none. An [`ApiError`](crate::ApiError) is told as one, and anything else as the cause
    /// of a [`DecodeError`](crate::DecodeError). A response of another status is asked for its
    /// `ApiError`, too.
    fn accepts(&self, head: &Parts, body: &Bytes) -> Result<(), BoxError> {
        let _ = (head, body);
        Ok(())
    }

    /// Whether the page is the one that was asked for.
    ///
    /// # Errors
    ///
    /// When it is not. Nothing of it is given out then, and the error becomes the cause of a
    /// [`DecodeError`](crate::DecodeError).
    fn verify(&self, page: &Arrived<'_>) -> Result<(), BoxError> {
        let _ = page;
        Ok(())
    }

    /// Where the pages around this one are.
    ///
    /// # Errors
    ///
    /// When the page says what cannot be. Its items are given out all the same, and behind them the
    /// error, as the cause of a [`DecodeError`](crate::DecodeError).
    fn neighbours(&self, page: &Arrived<'_>) -> Result<Neighbours, BoxError>;
}
