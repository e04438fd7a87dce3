use http::{Extensions, Request};

/// How a layer that works over any request type reaches the extensions of those that have some.
///
/// Rust cannot ask a type parameter whether it happens to be an [`http::Request`], so a layer that
/// serves both has a parameter for the view: [`HttpRequest`], the usual one, or [`AnyRequest`].
///
/// ```
/// use buttress_kernel::{AnyRequest, HttpRequest, RequestView};
///
/// let request = http::Request::new(());
/// assert!(HttpRequest::extensions(&request).is_some());
/// assert!(AnyRequest::extensions(&"not HTTP at all").is_none());
/// ```
pub trait RequestView<Req> {
    /// The request's extensions, where it has any.
    fn extensions(request: &Req) -> Option<&Extensions>;
}

/// The view on an [`http::Request`]: overrides, deadline and trail are honoured.
#[derive(Clone, Copy, Debug, Default)]
pub struct HttpRequest;

impl<B> RequestView<Request<B>> for HttpRequest {
    fn extensions(request: &Request<B>) -> Option<&Extensions> {
        Some(request.extensions())
    }
}

/// The view on a request of any type: it has no extensions, so the layer's own settings hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnyRequest;

impl<Req> RequestView<Req> for AnyRequest {
    fn extensions(_: &Req) -> Option<&Extensions> {
        None
    }
}
