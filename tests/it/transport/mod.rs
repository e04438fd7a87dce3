//! What the transport says about each way in which a server can break.

mod connect;
mod hostile;
mod http1;
#[cfg(feature = "http2")]
mod http2;
mod proxy;
mod request;
mod settings;
#[cfg(feature = "http2")]
mod settings_http2;
mod tls;

use buttress::transport::{Proxy, ResponseBody, Transport, TransportBuilder};
use buttress_kernel::{Body, BoxError, Failure, Kind, Sent, TransportError};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::ServiceExt;

/// A transport that the environment cannot change.
fn builder() -> TransportBuilder {
    Transport::builder().proxy(Proxy::none())
}

fn transport() -> Transport {
    builder().build().unwrap()
}

async fn send(
    transport: &Transport,
    request: Request<Body>,
) -> Result<Response<ResponseBody>, BoxError> {
    transport.clone().oneshot(request).await
}

async fn get(
    transport: &Transport,
    uri: impl AsRef<str>,
) -> Result<Response<ResponseBody>, BoxError> {
    send(
        transport,
        Request::get(uri.as_ref()).body(Body::empty()).unwrap(),
    )
    .await
}

async fn post(
    transport: &Transport,
    uri: impl AsRef<str>,
) -> Result<Response<ResponseBody>, BoxError> {
    send(
        transport,
        Request::post(uri.as_ref())
            .body(Body::from("once"))
            .unwrap(),
    )
    .await
}

async fn whole(response: Response<ResponseBody>) -> Result<Bytes, TransportError> {
    Ok(response.into_body().collect().await?.to_bytes())
}

/// What went wrong, and whether it was sent.
fn verdict<T>(end: Result<T, impl Into<BoxError>>) -> (Kind, Sent) {
    let Err(error) = end else {
        panic!("it went well")
    };
    let error = error.into();
    let failure = Failure::of(&*error);
    (failure.kind(), failure.sent())
}

/// The error and its sources in words, as a log would have them.
fn words(error: &BoxError) -> String {
    let chain = Failure::of(&**error)
        .chain()
        .map(|link| format!("{link} / {link:?}"));
    chain.collect::<Vec<_>>().join(": ")
}
