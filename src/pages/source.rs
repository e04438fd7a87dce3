use std::mem;
use std::sync::Arc;

use buttress_kernel::{Body, BoxError, TransportError};
use bytes::Bytes;
use http::request::Parts;
use http::uri::Scheme;
use http::{HeaderMap, HeaderName, Request, StatusCode, Uri, header, response};

use super::astray::Rule;
use super::lost::Lost;
use super::walk::MAX_POSITION;
use super::{Arrived, Astray, Direction, FailedPage, Page, Paginator, Position};
use crate::base_uri::same_origin;
use crate::defaults::{ClientOnly, is_about_the_client};
use crate::error::Call;
use crate::{Client, Error, Response, StatusError};

type Read<T> = dyn Fn(&response::Parts, &Bytes) -> Result<Vec<T>, BoxError> + Send + Sync;
type Refine = dyn Fn(&response::Parts, StatusError) -> StatusError + Send + Sync;

/// A list: everything that is needed for asking for a page of it.
pub(super) struct Source<T> {
    pub(super) client: Client,
    /// The caller's request, with what the paginator adds to the first.
    pub(super) head: Parts,
    pub(super) body: Bytes,
    pub(super) paginator: Arc<dyn Paginator>,
    pub(super) read: Box<Read<T>>,
    pub(super) refine: Box<Refine>,
    pub(super) limit: u64,
    pub(super) any_origin: bool,
    /// Whether a 404 is a list with nothing in it.
    pub(super) optional: bool,
}

/// Which page is wanted.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) position: Position,
    pub(super) number: u32,
    pub(super) direction: Direction,
}

impl<T> Source<T> {
    /// # Errors
    ///
    /// Each names the page.
    pub(super) async fn fetch(self: Arc<Self>, wanted: Wanted) -> Result<Page<T>, Error> {
        let number = wanted.number;
        let failed = FailedPage::new(number, wanted.position.clone());
        let page = self.page(wanted).await;
        page.map_err(|error| error.on_page(failed))
    }

    async fn page(self: Arc<Self>, wanted: Wanted) -> Result<Page<T>, Error> {
        let request = self.request(&wanted.position)?;
        let uri = request.uri().clone();
        let (call, response) = self.client.clone().send(request).await?;
        let response = Response::new(call, response).limit(self.limit);
        // In the middle of a list a 404 is a page that is lost, not a list that is not there.
        let is_first = wanted.position == Position::default();
        if self.optional && is_first && response.status() == StatusCode::NOT_FOUND {
            return Ok(Page::absent(self, wanted.position));
        }
        let found_at = response.uri().clone();
        let read = |head: &response::Parts, body: &Bytes| {
            let items = (self.read)(head, body)?;
            let arrived = Arrived::new(&uri, head, body, items.len())
                .found_at(&found_at)
                .on_walk(wanted.number, wanted.direction);
            self.paginator.verify(&arrived)?;
            let around = self.paginator.neighbours(&arrived).map_err(Lost::new);
            Ok((items, around, body.clone()))
        };
        let read = response.read_as(read, &self.refine).await?;
        Ok(Page::new(Arc::clone(&self), wanted, read))
    }

    /// # Errors
    ///
    /// When the page is where it must not be asked for.
    fn request(&self, position: &Position) -> Result<Request<Body>, Error> {
        let aimed = aimed(self.head.clone(), &self.body, position, self.any_origin);
        let (mut head, body) = aimed.map_err(|fault| Error::new(self.call(), fault))?;
        if *position != Position::default() {
            make_another(&mut head);
        }
        let body = if body.is_empty() {
            Body::empty()
        } else {
            Body::from(body)
        };
        Ok(Request::from_parts(head, body))
    }

    pub(super) fn error(&self, fault: Astray) -> Error {
        Error::new(self.call(), fault.into())
    }

    pub(super) fn call(&self) -> Call {
        Call::at(self.head.method.clone(), self.head.uri.clone())
    }
}

/// A request, and its body, for a position in its list.
///
/// # Errors
///
/// When it must not be asked for there.
pub(super) fn aimed(
    mut head: Parts,
    body: &Bytes,
    position: &Position,
    any_origin: bool,
) -> Result<(Parts, Bytes), BoxError> {
    let uri = position.of(&head.uri);
    let Some(uri) = uri.filter(|_| position.len() <= MAX_POSITION) else {
        return Err(Astray::new(Rule::TooLong(position.len())).into());
    };
    if !same_origin(&head.uri, &uri) {
        let is_downgrade = is_https(&head.uri) && !is_https(&uri);
        if !any_origin || is_downgrade || !body.is_empty() {
            return Err(Astray::new(Rule::Elsewhere).into());
        }
        make_anonymous(&mut head);
    }
    head.uri = uri;
    let other = position.body_of(body).map_err(TransportError::request)?;
    let Some(other) = other else {
        return Ok((head, body.clone()));
    };
    // It was of the caller's own.
    head.headers.remove(header::CONTENT_LENGTH);
    Ok((head, other))
}

fn is_https(uri: &Uri) -> bool {
    uri.scheme() == Some(&Scheme::HTTPS)
}

/// Takes out what is of the caller's request alone, because another page is another request: under one name,
/// a cache would give the first page for each of them, and a server that knows keys would, too; and what
/// was known of the first page (RFC 9110 §13.1), or wanted of it (§14.2), says nothing of this one.
fn make_another(head: &mut Parts) {
    let is_of_first = |name: &HeaderName| {
        let name = name.as_str();
        name == "idempotency-key" || name == "range" || name.starts_with("if-")
    };
    let names: Vec<_> = head
        .headers
        .keys()
        .filter(|n| is_of_first(n))
        .cloned()
        .collect();
    for name in names {
        head.headers.remove(name);
    }
    if let Some(wishes) = head.extensions.get_mut::<buttress_cache::Override>() {
        *wishes = mem::take(wishes).without_key();
    }
}

/// Takes out whatever may be meant for one server alone: what is left says something about the client.
fn make_anonymous(head: &mut Parts) {
    let kept = |(name, value): &(&HeaderName, &http::HeaderValue)| {
        is_about_the_client(name) && !value.is_sensitive()
    };
    let headers: HeaderMap = head
        .headers
        .iter()
        .filter(kept)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    head.headers = headers;
    let extensions = &mut head.extensions;
    extensions.insert(buttress_auth::Override::without_auth());
    extensions.insert(ClientOnly);
}
