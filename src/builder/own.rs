//! Layers of the user's own.

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::ClientBuilder;
use crate::client::{Erased, erase};

/// A layer of the user's, its type forgotten.
pub(crate) type Wrap = Box<dyn FnOnce(Erased) -> Erased + Send>;

impl ClientBuilder {
    /// Adds a layer outside everything: it sees each call once, with its URI absolute. Of several
    /// the first added is the outermost, so requests meet them in order and responses in reverse.
    ///
    /// Each such layer costs one box a call; a whole stack of your own
    /// ([`Client::from_service`](crate::Client::from_service)) costs none.
    ///
    /// ```
    /// use buttress::{Body, Client};
    /// use tower::util::MapRequestLayer;
    ///
    /// let client = Client::builder()
    ///     .layer(MapRequestLayer::new(|mut request: http::Request<Body>| {
    ///         request.headers_mut().insert("x-request-id", "7".parse().unwrap());
    ///         request
    ///     }))
    ///     .build()?;
    /// # let _ = client;
    /// # Ok::<_, buttress::InvalidClient>(())
    /// ```
    pub fn layer<L, R>(mut self, layer: L) -> Self
    where
        L: Layer<Erased> + Send + 'static,
        L::Service: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        R: http_body::Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        self.outer
            .push(Box::new(move |inner| erase(layer.layer(inner))));
        self
    }

    /// Adds a layer inside retry and outside the transport: it sees each attempt. Of several the first
    /// added is the outermost.
    pub fn attempt_layer<L, R>(mut self, layer: L) -> Self
    where
        L: Layer<Erased> + Send + 'static,
        L::Service: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        R: http_body::Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        self.attempt
            .push(Box::new(move |inner| erase(layer.layer(inner))));
        self
    }
}

/// The first layer that was added is the outermost, so the last one is put on first.
pub(super) fn wrap(service: Erased, layers: Vec<Wrap>) -> Erased {
    layers
        .into_iter()
        .rev()
        .fold(service, |inner, layer| layer(inner))
}
