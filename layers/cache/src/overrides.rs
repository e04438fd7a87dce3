use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Extensions, HeaderMap, Method, Request, Uri};

use crate::policy::{Mode, Wishes};
use crate::store::Tags;

/// What one request wants otherwise, carried in its extensions; also what a route, or all requests
/// of a layer, want.
///
/// ```
/// use std::time::Duration;
/// use buttress_cache::Override;
///
/// let mut request = http::Request::get("https://api.example.com/users/42").body(())?;
/// let wishes = Override::new().fresh_for(Duration::from_secs(30)).tag("users");
/// request.extensions_mut().insert(wishes);
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Override {
    mode: Option<Mode>,
    fresh_for: Option<Duration>,
    negative_for: Option<Duration>,
    key: Option<Arc<str>>,
    tags: Option<Tags>,
}

impl Override {
    /// Nothing otherwise yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            mode: None,
            fresh_for: None,
            negative_for: None,
            key: None,
            tags: None,
        }
    }

    /// How the request uses the cache.
    #[must_use]
    pub const fn mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Keeps the response fresh so long, whatever it says itself, if its status is below 400: for
    /// APIs that send no caching fields. A `no-store` is obeyed all the same.
    #[must_use]
    pub const fn fresh_for(mut self, time: Duration) -> Self {
        self.fresh_for = Some(time);
        self
    }

    /// The same for responses of status 400 and above, so that what is missing is not asked for
    /// again and again.
    #[must_use]
    pub const fn negative_for(mut self, time: Duration) -> Self {
        self.negative_for = Some(time);
        self
    }

    /// Stores the response under this name in place of its URI. The partition still counts.
    #[must_use]
    pub fn key(mut self, name: impl Into<Arc<str>>) -> Self {
        self.key = Some(name.into());
        self
    }

    /// Stores the response under its URI again.
    #[must_use]
    pub fn without_key(mut self) -> Self {
        self.key = None;
        self
    }

    /// Adds a tag to the response when it is stored, by which it can be
    /// [invalidated](crate::Handle::invalidate_tag).
    #[must_use]
    pub fn tag(mut self, tag: impl Into<Arc<str>>) -> Self {
        let tags = self.tags.as_deref().unwrap_or_default().iter().cloned();
        self.tags = Some(tags.chain([tag.into()]).collect());
        self
    }

    /// This, and where it says nothing, `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            mode: self.mode.or(other.mode),
            fresh_for: self.fresh_for.or(other.fresh_for),
            negative_for: self.negative_for.or(other.negative_for),
            key: self.key.or(other.key),
            tags: self.tags.or(other.tags),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.mode.is_none()
            && self.fresh_for.is_none()
            && self.negative_for.is_none()
            && self.key.is_none()
            && self.tags.is_none()
    }

    pub(crate) fn wishes(&self) -> Wishes {
        Wishes {
            mode: self.mode.unwrap_or_default(),
            fresh_for: self.fresh_for,
            negative_for: self.negative_for,
        }
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.key.as_deref()
    }

    pub(crate) const fn tags(&self) -> Option<&Tags> {
        self.tags.as_ref()
    }
}

/// A request's head, as a [route's closure](crate::CacheLayer::route) sees it.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    extensions: &'a Extensions,
}

impl<'a> Target<'a> {
    pub(crate) fn of<B>(request: &'a Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }

    /// The request's method.
    #[must_use]
    pub const fn method(&self) -> &'a Method {
        self.method
    }

    /// The request's URI.
    #[must_use]
    pub const fn uri(&self) -> &'a Uri {
        self.uri
    }

    /// The request's fields.
    #[must_use]
    pub const fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// The request's extensions, such as a [`Route`](buttress_kernel::key::Route).
    #[must_use]
    pub const fn extensions(&self) -> &'a Extensions {
        self.extensions
    }
}

impl fmt::Debug for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("method", self.method)
            .field("path", &self.uri.path())
            .finish_non_exhaustive()
    }
}
