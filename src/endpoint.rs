use std::fmt;
use std::marker::PhantomData;

use buttress_kernel::BoxError;
use futures_core::future::BoxFuture;
use http::Method;
use http::response::Parts;
use serde::Serialize;

use crate::template::Draft;
use crate::{Client, Error, FromResponse, Payload, RequestBuilder, Response, StatusError};

#[cfg(feature = "derive")]
pub mod derived;
mod options;

pub use self::options::{Options, Tags};

/// One operation of an API: what is sent, where to, and what comes back.
///
/// A value of the type is one call, its fields the values that the call needs. A path that is no template
/// ends the build (though not a `cargo check`, which does not go that far); what is missing in
/// [`path`](Self::path) is told before anything is sent.
///
/// ```
/// use buttress::{Client, Endpoint, NoContent};
/// use http::Method;
/// use serde::{Deserialize, Serialize};
/// # use buttress_testkit::{Scripted, Step};
///
/// #[derive(Deserialize)]
/// struct User { name: String }
///
/// struct GetUser { id: u64 }
///
/// impl Endpoint for GetUser {
///     const METHOD: Method = Method::GET;
///     const PATH: &'static str = "/users/{id}";
///     type Ok = User;
///     type Err = NoContent;
///
///     fn path(&self) -> impl Serialize {
///         [("id", self.id)]
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = Scripted::new([Step::ok().body(r#"{"name":"Ada"}"#)]);
/// # let client = Client::builder().base_uri("http://h").build_over(server)?;
/// let user = client.call(GetUser { id: 42 }).await?;
/// assert_eq!(user.status(), 200);
/// assert_eq!(user.body().name, "Ada");
/// # Ok(())
/// # }
/// ```
pub trait Endpoint {
    /// The method.
    const METHOD: Method;

    /// The path under the client's base URI, as a [`Template`](crate::Template).
    const PATH: &'static str;

    /// What every call of this endpoint wants otherwise than its client.
    const OPTIONS: Options = Options::new();

    /// What a success holds: anything that JSON can be read into, or [`NoContent`](crate::NoContent),
    /// [`Text`](crate::Text), [`Binary`](crate::Binary), or a [`FromResponse`] of yours; an
    /// [`Optional`](crate::Optional) of any of them, where a 404 is an answer.
    type Ok: FromResponse;

    /// What an error's body holds, whatever its status; one that differs by status is an enum that is
    /// [`FromResponse`]. [`Error::body`] has it, where the body came whole; [`NoContent`](crate::NoContent) expects nothing.
    type Err: FromResponse + Send + Sync + 'static;

    /// The values of the path's places: a struct, a map, or a list of pairs.
    fn path(&self) -> impl Serialize {}

    /// The query: a struct, a map, or a list of pairs; what is `None` is left out.
    fn query(&self) -> impl Serialize {}

    /// The body.
    fn body(&self) -> Payload {
        Payload::none()
    }

    /// The body of a call that is given away, by [`Client::call`] or to a [batch](Client::batch): for what can be
    /// sent once only, such as a stream or a form with one.
    ///
    /// Where this is what you implement, let [`body`](Self::body) be [`Payload::once`]: calls that only
    /// look at the endpoint, those of [`Client::endpoint`] and [`Client::poll`], are refused then. They
    /// would go without a body else.
    fn into_body(self) -> Payload
    where
        Self: Sized,
    {
        self.body()
    }

    /// Checks the call before anything else is asked of it.
    ///
    /// # Errors
    ///
    /// When it must not be sent. Nothing is, then, and the error
    /// [`is_request`](Error::is_request): it never looks like a server's 400.
    fn validate(&self) -> Result<(), BoxError> {
        Ok(())
    }
}

/// A call of an endpoint in the making; see [`Client::endpoint`].
#[must_use = "nothing is sent before `send` is awaited"]
pub struct EndpointCall<E> {
    request: RequestBuilder,
    endpoint: PhantomData<fn() -> E>,
}

impl Client {
    /// Calls an endpoint.
    ///
    /// # Errors
    ///
    /// When no response came, when it is no success (the error then has its
    /// [status](Error::status) and its typed [body](Error::body)), and when its body is not what the
    /// endpoint says; before anything is sent, when the request cannot be built.
    ///
    /// # Cancellation
    ///
    /// Dropping the future cancels the call.
    pub async fn call<E: Endpoint>(&self, endpoint: E) -> Result<Response<E::Ok>, Error> {
        self.owned(endpoint).send().await
    }

    /// A call that keeps nothing of the endpoint's value while it waits.
    pub(crate) fn owned<E: Endpoint>(&self, endpoint: E) -> EndpointCall<E> {
        let mut request = self.described(&endpoint);
        if !request.is_blamed() {
            request.carry(endpoint.into_body());
        }
        EndpointCall::of(request)
    }

    /// A call of an endpoint with something changed for this once.
    ///
    /// ```
    /// # use buttress::{Client, Endpoint, Error};
    /// # async fn run<E: Endpoint>(client: &Client, export: E) -> Result<(), Error> {
    /// let patiently = client.endpoint(&export).with(|request| request.timeout(None));
    /// patiently.send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn endpoint<E: Endpoint>(&self, endpoint: &E) -> EndpointCall<E> {
        let mut request = self.described(endpoint);
        if !request.is_blamed() {
            request.carry(endpoint.body());
        }
        EndpointCall::of(request)
    }

    /// A call without its body, which is not asked for where there is a fault already.
    fn described<E: Endpoint>(&self, endpoint: &E) -> RequestBuilder {
        const { crate::template::demand(E::PATH) };
        let draft = const { Draft::fixed(E::PATH) };
        let mut request = RequestBuilder::drafted(self.clone(), E::METHOD, draft);
        if let Err(fault) = endpoint.validate() {
            request.blame(fault);
            return request;
        }
        request.place(&endpoint.path());
        request.ask(&endpoint.query(), E::OPTIONS.array_style());
        request
    }
}

impl<E: Endpoint> EndpointCall<E> {
    fn of(request: RequestBuilder) -> Self {
        let request = if const { E::OPTIONS.is_plain() } {
            request
        } else {
            E::OPTIONS.apply(request)
        };
        Self {
            request,
            endpoint: PhantomData,
        }
    }

    /// Changes the request: a header, a limit, anything that a [`RequestBuilder`] can.
    pub fn with(mut self, change: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        self.request = change(self.request);
        self
    }

    /// Reads a list page by page: see [`RequestBuilder::paginate`]. The endpoint's `Ok` is left aside,
    /// and what its pages hold is said by who reads them; its `Err` and its options hold for each page.
    /// With [`Options::optional`] a 404 is a page without items.
    #[cfg(feature = "json")]
    pub fn paginate(self, paginator: impl crate::Paginator) -> crate::pages::Paging {
        let paging = self.request.paginate(paginator);
        paging.said_by(typed::<E::Ok, E::Err>)
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    ///
    /// # Cancellation
    ///
    /// Dropping the future cancels the call.
    pub fn send(self) -> impl Future<Output = Result<Response<E::Ok>, Error>> + use<E> {
        // Not a future around this one: it would carry the request a second time.
        send::<E::Ok, E::Err>(self.request)
    }

    /// The same without the endpoint's own type, which may borrow what calls under way do not.
    pub(crate) fn boxed(self) -> BoxFuture<'static, Result<Response<E::Ok>, Error>>
    where
        E::Ok: Send + 'static,
    {
        Box::pin(send::<E::Ok, E::Err>(self.request))
    }
}

async fn send<T: FromResponse, R>(request: RequestBuilder) -> Result<Response<T>, Error>
where
    R: FromResponse + Send + Sync + 'static,
{
    let response = request.send().await?;
    if response.status().is_success() {
        return response.decode().await;
    }
    let response = if response.is_absent::<T>() {
        match response.absent() {
            Ok(absent) => return Ok(absent),
            Err(response) => *response,
        }
    } else {
        response
    };
    let (call, response, head) = response.refused().await;
    Err(Error::new(call, typed::<T, R>(&head, response).into()))
}

/// The error of a response that is no success, with its body as the endpoint declares it. A body that
/// is not is kept as bytes: a gateway's page must not hide the status.
fn typed<T: FromResponse, R>(head: &Parts, response: StatusError) -> StatusError
where
    R: FromResponse + Send + Sync + 'static,
{
    let response = T::refused(head, response);
    // A part of a body may well read like a whole one.
    if !response.is_whole() {
        return response;
    }
    match R::from_response(head, response.body()) {
        Ok(typed) => response.with_typed(typed),
        Err(_) => response,
    }
}

impl<E> fmt::Debug for EndpointCall<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointCall")
            .field("endpoint", &std::any::type_name::<E>())
            .field("request", &self.request)
            .finish()
    }
}
