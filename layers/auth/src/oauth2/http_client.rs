use std::fmt;
use std::future::Future;
use std::pin::Pin;

use buttress_kernel::{Body, BoxError};
use http::{Request, Response};
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use tower_service::Service;

use super::carry::{Carrier, carrier};
use super::not_granted::NotGranted;

/// Any service as the HTTP client of the `oauth2` crate, for the requests that only that crate makes:
/// introspection, revocation. Answers longer than 64 KiB are refused.
///
/// ```
/// use buttress_auth::oauth2::HttpClient;
/// use buttress_testkit::{Scripted, Step};
/// use oauth2::basic::BasicClient;
/// use oauth2::{ClientId, RevocationUrl, StandardRevocableToken, AccessToken};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let service = Scripted::new([Step::ok()]);
/// let client = BasicClient::new(ClientId::new("my-program".to_owned()))
///     .set_revocation_url(RevocationUrl::new("https://id.example.com/revoke".to_owned())?);
/// let token = AccessToken::new("2YotnFZFEjr1zCsicMWpAA".to_owned());
/// client
///     .revoke_token(StandardRevocableToken::AccessToken(token))?
///     .request_async(&HttpClient::new(service))
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct HttpClient(Carrier);

impl HttpClient {
    /// Sends through this service.
    #[must_use]
    pub fn new<S, R>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        R: http_body::Body + Send + 'static,
        R::Error: Into<BoxError>,
    {
        Self(carrier(service))
    }
}

impl<'c> AsyncHttpClient<'c> for HttpClient {
    type Error = NotGranted;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NotGranted>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        let answer = (self.0)(request.map(Body::from));
        Box::pin(async move {
            let mut answer = answer.await?;
            let mut response = Response::new(std::mem::take(&mut *answer.body));
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            Ok(response)
        })
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}
