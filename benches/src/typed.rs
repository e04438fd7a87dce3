//! A typed call beside the same call by hand, through the same client.
//!
//! By hand means what a careful program does and no more: the URI is written in one piece, with the value
//! that is a text encoded, so that it cannot become part of the query; the status is looked at; the body
//! is collected up to a limit, the same as the typed call's; and the JSON is read. A body that is sent is
//! written as JSON into memory, with its content type. Both end with the same client, which adds the same
//! header and sends through the same layers.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress::{Client, Endpoint, NoContent, Payload};
use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt, Limited};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use tower_layer::Layer;
use tower_service::Service;

use crate::noop::Noop;

const BASE: &str = "https://api.example.com/v1";

/// As much of a body as a typed call reads, unless told otherwise.
const LIMIT: usize = 16 * 1024 * 1024;

/// Everything but what RFC 3986 has unreserved.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

const USER: &[u8] = br#"{"id":42,"name":"Ada Lovelace","email":"ada@example.com","teams":["red","blue"],"active":true}"#;

/// What the server answers.
#[derive(Debug, Deserialize)]
pub struct User {
    id: u64,
    name: String,
    email: String,
    teams: Vec<String>,
    active: bool,
}

impl User {
    /// Reads every field, so that none is left out.
    fn weight(&self) -> u64 {
        let texts = self.name.len() + self.email.len() + self.teams.len();
        self.id + texts as u64 + u64::from(self.active)
    }
}

/// `GET /users/{id}?expand=…`
struct GetUser {
    id: u64,
    expand: &'static str,
}

impl Endpoint for GetUser {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/users/{id}";
    type Ok = User;
    type Err = NoContent;

    fn path(&self) -> impl Serialize {
        [("id", self.id)]
    }

    fn query(&self) -> impl Serialize {
        [("expand", self.expand)]
    }
}

/// `POST /teams/{team}/users`
#[derive(Serialize)]
struct AddUser {
    #[serde(skip)]
    team: u64,
    name: &'static str,
    email: &'static str,
}

impl AddUser {
    const fn ada() -> Self {
        Self {
            team: 7,
            name: "Ada Lovelace",
            email: "ada@example.com",
        }
    }
}

impl Endpoint for AddUser {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/teams/{team}/users";
    type Ok = User;
    type Err = NoContent;

    fn path(&self) -> impl Serialize {
        [("team", self.team)]
    }

    fn body(&self) -> Payload {
        Payload::json(self)
    }
}

/// Makes the call through a client of its own, over a service that answers at once; what the harness
/// gives is passed over.
#[derive(Clone, Copy, Debug)]
pub enum Calls {
    /// By hand: the request built, the body collected, the JSON read.
    Raw,
    /// Through an endpoint.
    Typed,
    /// By hand, with a body of JSON.
    RawPost,
    /// Through an endpoint, with a body of JSON.
    TypedPost,
}

impl Layer<Noop> for Calls {
    type Service = Calling;

    fn layer(&self, _: Noop) -> Calling {
        let client = Client::builder()
            .base_uri(BASE)
            .header("accept", "application/json");
        let client = client.build_over(tower::service_fn(|_: Request<Body>| {
            let mut response = Response::new(Body::from(USER));
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            std::future::ready(Ok::<_, BoxError>(response))
        }));
        Calling {
            client: client.unwrap_or_else(|_| unreachable!("the settings are good")),
            calls: *self,
        }
    }
}

/// The service of [`Calls`].
#[derive(Clone, Debug)]
pub struct Calling {
    client: Client,
    calls: Calls,
}

impl Service<Request<Body>> for Calling {
    type Response = u64;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<u64, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        let client = self.client.clone();
        match self.calls {
            Calls::Raw => Box::pin(async move { raw(&client, 42, "teams").await }),
            Calls::Typed => Box::pin(async move { typed(&client, 42, "teams").await }),
            Calls::RawPost => Box::pin(async move { raw_post(&client, AddUser::ada()).await }),
            Calls::TypedPost => Box::pin(async move { typed_post(&client, AddUser::ada()).await }),
        }
    }
}

async fn raw(client: &Client, id: u64, expand: &str) -> Result<u64, BoxError> {
    let expand = utf8_percent_encode(expand, COMPONENT);
    let uri = format!("{BASE}/users/{id}?expand={expand}");
    let request = Request::get(uri).body(Body::empty())?;
    read(client.execute(request).await?).await
}

async fn raw_post(client: &Client, user: AddUser) -> Result<u64, BoxError> {
    let uri = format!("{BASE}/teams/{}/users", user.team);
    let json = HeaderValue::from_static("application/json");
    let request = Request::post(uri).header(header::CONTENT_TYPE, json);
    let request = request.body(Body::from(serde_json::to_vec(&user)?))?;
    read(client.execute(request).await?).await
}

async fn read(response: Response<Body>) -> Result<u64, BoxError> {
    if !response.status().is_success() {
        return Err("no success".into());
    }
    let body = Limited::new(response.into_body(), LIMIT).collect().await?;
    let body: Bytes = body.to_bytes();
    let user: User = serde_json::from_slice(&body)?;
    Ok(user.weight())
}

async fn typed(client: &Client, id: u64, expand: &'static str) -> Result<u64, BoxError> {
    let user = client.call(GetUser { id, expand }).await?;
    Ok(user.body().weight())
}

async fn typed_post(client: &Client, user: AddUser) -> Result<u64, BoxError> {
    let user = client.call(user).await?;
    Ok(user.body().weight())
}
