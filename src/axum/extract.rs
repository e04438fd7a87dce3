use std::convert::Infallible;

use axum_core::extract::{FromRef, FromRequestParts};
use http::request::Parts;

use crate::forward::{Forward, Forwarded};

/// As an extractor it reads what the application's state says in a [`Forward`]; it never fails.
///
/// ```
/// use axum::{Router, extract::{FromRef, State}, routing::get};
/// use buttress::{Client, Error};
/// use buttress::forward::{Forward, Forwarded};
///
/// #[derive(Clone)]
/// struct App {
///     users: Client,
///     forward: Forward,
/// }
///
/// impl FromRef<App> for Client {
///     fn from_ref(app: &App) -> Self {
///         app.users.clone()
///     }
/// }
///
/// impl FromRef<App> for Forward {
///     fn from_ref(app: &App) -> Self {
///         app.forward.clone()
///     }
/// }
///
/// async fn me(State(users): State<Client>, forwarded: Forwarded) -> Result<String, Error> {
///     let me = users.with(&forwarded).get("/users/me").send().await?;
///     me.error_for_status().await?.text().await
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = App {
///     users: Client::builder().base_uri("https://users.internal").build()?,
///     forward: Forward::new().cookie("session")?.trace_context(),
/// };
/// let router: Router = Router::new().route("/me", get(me)).with_state(app);
/// # let _ = router;
/// # Ok(())
/// # }
/// ```
impl<S> FromRequestParts<S> for Forwarded
where
    Forward: FromRef<S>,
    S: Sync,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Forward::from_ref(state).read(&parts.headers, &parts.extensions))
    }
}
