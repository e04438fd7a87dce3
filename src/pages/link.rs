use std::borrow::Cow;

use buttress_kernel::BoxError;
use http::{HeaderMap, HeaderName, header};

use super::reference::resolve;
use super::sized;
use super::{Arrived, Neighbours, Paginator, Position};
use crate::Pointer;

mod parse;

pub use self::parse::LinkValue;

/// Pages that name their neighbours in `Link` headers
/// ([RFC 8288](https://www.rfc-editor.org/rfc/rfc8288)): `Link: </users?after=9>; rel="next"`.
///
/// `next`, `prev` (or `previous`) and `last` are followed as they are, relative ones from the URI of the
/// page; a link with an `anchor` elsewhere is about something else. What the first request asked for is
/// in them because the server puts it there. A `next` at another origin is refused unless
/// [`any_origin`](super::Paging::any_origin) allows it.
///
/// ```
/// use buttress::{Client, pages};
///
/// # fn repositories(client: &Client) -> pages::Items<serde_json::Value> {
/// client
///     .get("/orgs/{org}/repos")
///     .path("org", "tower-rs")
///     .paginate(pages::Link::new().size_name("per_page").size(100))
///     .items()
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Link {
    size_name: Option<Cow<'static, str>>,
    size: Option<u64>,
    items: Pointer,
}

/// Where servers tell the number of all items.
const TOTALS: [HeaderName; 2] = [
    HeaderName::from_static("x-total-count"),
    HeaderName::from_static("x-total"),
];

impl Link {
    /// Of as many items as the server likes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many items a page shall have; not sent unless set. With 0 the list is refused before anything is
    /// asked for.
    #[must_use]
    pub const fn size(mut self, items: u64) -> Self {
        self.size = Some(items);
        self
    }

    /// The parameter with the number of items: `limit` unless set.
    #[must_use]
    pub fn size_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.size_name = Some(name.into());
        self
    }

    /// Where the items are: the document itself unless set.
    #[must_use]
    pub fn items(mut self, at: Pointer) -> Self {
        self.items = at;
        self
    }
}

impl Paginator for Link {
    fn items(&self) -> &Pointer {
        &self.items
    }

    fn first(&self) -> Position {
        let name = self.size_name.as_deref().unwrap_or("limit");
        Position::pairs(self.size.map(|size| (name, size.to_string())))
    }

    fn validate(&self) -> Result<(), BoxError> {
        let size_name = self.size_name.as_deref().unwrap_or("limit");
        sized::check(self.size, size_name, &[])
    }

    fn neighbours(&self, page: &Arrived<'_>) -> Result<Neighbours, BoxError> {
        let links: Vec<_> = LinkValue::all(page.headers()).collect();
        let to = |rel| target(&links, rel, page);
        let prev = to("prev").or_else(|| to("previous"));
        let (next, prev) = page.ways(to("next").transpose(), prev.transpose())?;
        Ok(Neighbours::none()
            .next(next)
            .prev(prev)
            .last(to("last").and_then(Result::ok))
            .total(total(page.headers())))
    }
}

/// Where the first link of this relation leads that is about the page.
fn target(
    links: &[LinkValue],
    rel: &str,
    page: &Arrived<'_>,
) -> Option<Result<Position, BoxError>> {
    let about_page = |link: &&LinkValue| {
        let anchor = link.anchor().map(|anchor| resolve(page.base(), anchor));
        anchor.is_none_or(|anchor| anchor.as_ref() == Some(page.base()))
    };
    let mut links = links.iter().filter(|link| link.is(rel));
    let link = links.find(about_page)?;
    let uri = resolve(page.base(), link.target());
    Some(uri.map(Position::uri).ok_or_else(|| {
        let told = "the target of the link is no URI of http or https";
        format!("{told}: rel=`{rel}`").into()
    }))
}

/// A hint, and so one that is no number is passed over.
fn total(headers: &HeaderMap) -> Option<u64> {
    let told = TOTALS.iter().find_map(|name| headers.get(name));
    told?.to_str().ok()?.trim().parse().ok()
}

/// All values of the header, however many lines it has.
fn lines(headers: &HeaderMap) -> impl Iterator<Item = Cow<'_, str>> {
    let lines = headers.get_all(header::LINK).into_iter();
    lines.map(|line| text(line.as_bytes()))
}

/// Bytes that are no UTF-8 are encoded, so that a target stays what it is.
fn text(line: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(line) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let encoded = line.iter().map(|byte| match byte {
                0x80.. => format!("%{byte:02X}"),
                _ => char::from(*byte).into(),
            });
            encoded.collect::<String>().into()
        }
    }
}
