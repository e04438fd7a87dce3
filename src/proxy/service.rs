use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::{HeaderName, Request, Response};
use tower_service::Service;

use super::refusal::Refusal;
use super::settings::{Settings, Way};
use super::users::Users;
use super::via::Pseudonym;
use super::{InvalidVia, ResponseFuture, message, respond};
use crate::forward::{ClientAddress, Cookies, InvalidForward};
use crate::{BaseUri, Client, InvalidClient};

/// Passes requests on to one upstream, and every failure back as a response.
///
/// See the [module](crate::proxy) for what it changes, and what it refuses.
pub struct Proxy<S = Client> {
    stack: S,
    settings: Arc<Settings>,
    /// Why the stack will not become ready; the answer to the next call.
    broken: Option<BoxError>,
}

impl Proxy {
    /// Passes requests on to the client's base URI, through its whole stack.
    ///
    /// The client's default fields and its credentials take the place of those that a request has itself.
    ///
    /// # Errors
    ///
    /// When the client has no base URI.
    pub fn new(client: Client) -> Result<Self, InvalidClient> {
        let base = client.base_uri().cloned().ok_or_else(|| {
            InvalidClient::contradiction(
                "a proxy passes requests on to its client's base URI, and there is none; set one \
                 with `base_uri`"
                    .into(),
            )
        })?;
        let holdings = client.holdings().clone();
        Ok(Self::over(base, client).set(|settings| settings.holdings = holdings))
    }
}

impl<S> Proxy<S> {
    /// The same over a stack of your own: requests come there with URIs under `base`. What the stack adds to requests is
    /// not known here, so see to it that a stranger cannot say it himself: with
    /// [`AuthLayer::overwrite`](crate::AuthLayer::overwrite), and [`leave_out`](Self::leave_out) for fields.
    #[must_use]
    pub fn over(base: BaseUri, stack: S) -> Self {
        Self {
            stack,
            settings: Arc::new(Settings::new(base)),
            broken: None,
        }
    }

    /// Tells the upstream where requests come from, in one `X-Forwarded-For`. Unless set it is told nothing. What
    /// requests say themselves of their way is left out in either case, since anybody can write it; of a peer that is
    /// trusted `X-Forwarded-For` is read, and the fields that are [named](ClientAddress::keeping) stay.
    #[must_use]
    pub fn client_address(self, address: ClientAddress) -> Self {
        self.set(|settings| settings.way = Way::Known(address))
    }

    /// Passes what requests say of their way on as it comes: for a proxy that can be reached by programs of your own
    /// alone.
    #[must_use]
    pub fn keep_forwarded_fields(self) -> Self {
        self.set(|settings| settings.way = Way::AsSaid)
    }

    /// Passes the cookie of this name on, and lets the upstream set it. Others stay behind, in both directions.
    ///
    /// # Errors
    ///
    /// When no cookie can have the name.
    pub fn cookie(self, name: &str) -> Result<Self, InvalidForward> {
        Cookies::check(name)?;
        Ok(self.set(|settings| settings.cookies.add(name)))
    }

    /// Passes all cookies, whatever their names: only for an upstream that is a part of the same site. A client with a
    /// [default cookie](crate::ClientBuilder::cookie) sends that one in place of them all, unless `Cookie` is
    /// [kept](Self::keep).
    #[must_use]
    pub fn every_cookie(self) -> Self {
        self.set(|settings| settings.cookies = Cookies::All)
    }

    /// Passes a field of this name on, though it would be [left out](crate::proxy#what-is-left-out), is a
    /// [key](crate::proxy#who-asks-and-for-whom), or stands for one that the client has as a default. `Cookie` goes
    /// on as with [`every_cookie`](Self::every_cookie), in both directions; one alone goes on with
    /// [`cookie`](Self::cookie).
    #[must_use]
    pub fn keep(self, name: HeaderName) -> Self {
        self.set(|settings| settings.choose(name, true))
    }

    /// Leaves a field of this name out of requests, and out of their trailers.
    #[must_use]
    pub fn leave_out(self, name: HeaderName) -> Self {
        self.set(|settings| settings.choose(name, false))
    }

    /// Passes fields with `_` in their names on. They are left out unless this is set: programs behind CGI, WSGI, Rack or
    /// PHP read `X_Real_IP` as `X-Real-IP`, so such a name is a way around every rule about the other.
    #[must_use]
    pub fn keep_underscores(self) -> Self {
        self.set(|settings| settings.underscores = true)
    }

    /// Passes dot segments (`/a/../b`) on, where the base URI has no path that they could leave. They are refused where it
    /// has one, and unless this is set: who looks at paths in front of the proxy, a router say, sees another than the upstream.
    #[must_use]
    pub fn keep_dot_segments(self) -> Self {
        self.set(|settings| settings.dot_segments = true)
    }

    /// Calls itself by this name in `Via`: a random one unless set, which clones share. A request that has the name there
    /// already goes in a circle and is refused (508), so two proxies that stand one behind the other need two names.
    ///
    /// # Errors
    ///
    /// When the name is not made of letters, digits, `-`, `.`, `_` and `:`.
    pub fn via(self, name: &str) -> Result<Self, InvalidVia> {
        let name = Pseudonym::new(name)?;
        Ok(self.set(|settings| settings.via = name))
    }

    /// Whether the stack knows users by all cookies that pass, and the keys that are [kept](Self::keep): true unless set.
    /// A request with one of these has a [`Partition`](crate::Partition) made of them then, so that no cache gives one
    /// user's responses to another, and a 429 holds the one whom it answers. It divides shared caches too; with `false`
    /// nothing that is said in a request tells whose it is. Its key is random: a store that outlives this process does
    /// not know them again.
    ///
    /// A request that has a `Partition` already keeps it: where users are known by a field of another name, or are
    /// to be known again, insert one in a middleware of yours, such as
    /// [`Partition::named`](crate::Partition::named) with a user's number. A private cache knows users by their
    /// `Authorization` whatever is set here. Whoever is not known at all is
    /// [anyone](crate::Partition::anyone): for him a private cache does as a shared one.
    #[must_use]
    pub fn partition_by_cookies(self, partition: bool) -> Self {
        let cookies = if partition {
            Cookies::All
        } else {
            Cookies::None
        };
        self.set(|settings| settings.users.know_by(cookies))
    }

    /// The same by this cookie alone, and those that are named beside it: others, as those of an audience
    /// measurement, say nothing of what a user may see.
    ///
    /// # Errors
    ///
    /// When no cookie can have the name.
    pub fn partition_by_cookie(self, name: &str) -> Result<Self, InvalidForward> {
        Cookies::check(name)?;
        Ok(self.set(|settings| settings.users.know_by_cookie(name)))
    }

    /// Takes all requests for those of one user, as they are behind a command line or a program of one owner: what a
    /// private cache keeps of one is given to the next, cookies too.
    #[must_use]
    pub fn for_one_user(self) -> Self {
        self.set(|settings| settings.users = Users::One)
    }

    fn set(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.settings));
        self
    }
}

impl<S, B, R> Service<Request<B>> for Proxy<S>
where
    S: Service<Request<Body>, Response = Response<R>> + Clone,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.broken = ready!(self.stack.poll_ready(cx)).err().map(Into::into);
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if let Some(error) = self.broken.take() {
            return ResponseFuture::refused(respond(&*error));
        }
        match message::request(&self.settings, request) {
            Ok(request) => {
                let settings = Arc::clone(&self.settings);
                ResponseFuture::passed(self.stack.call(request), settings)
            }
            Err(refusal) => self.refuse(refusal),
        }
    }
}

impl<S: Clone> Proxy<S> {
    #[cold]
    fn refuse<F>(&mut self, refusal: Refusal) -> ResponseFuture<F> {
        // What readiness has taken goes to somebody who can use it.
        let fresh = self.stack.clone();
        self.stack = fresh;
        ResponseFuture::refused(refusal.into_response())
    }
}

impl<S: Clone> Clone for Proxy<S> {
    fn clone(&self) -> Self {
        Self {
            stack: self.stack.clone(),
            settings: Arc::clone(&self.settings),
            // Of the other's stack.
            broken: None,
        }
    }
}

impl<S> fmt::Debug for Proxy<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("base_uri", &self.settings.base.to_string())
            .finish_non_exhaustive()
    }
}
