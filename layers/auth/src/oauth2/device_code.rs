use std::fmt;
use std::time::{Duration, Instant};

use http::StatusCode;
use oauth2::url::Url;
use serde::Deserialize;
use serde_json::Value;

use super::answer;
use super::endpoint::TokenEndpoint;
use super::form::{Form, Scopes};
use super::invalid::InvalidUrl;
use super::not_granted::{NotGranted, Problem};
use super::polling::{Heard, Polling};
use crate::Token;
use crate::secret::Secret;
use crate::tokens::now;

/// How long a code is good for if the server does not say.
const LIFE: Duration = Duration::from_secs(600);

/// Lets a user sign in on another device: the device grant
/// ([RFC 8628](https://www.rfc-editor.org/rfc/rfc8628)). For programs without a browser.
///
/// ```
/// use buttress_auth::oauth2::{ClientAuth, DeviceCode, TokenEndpoint};
/// use buttress_testkit::{Scripted, Step};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let http_client = Scripted::new([
/// #     Step::ok().body(r#"{"device_code":"GmRhmhcxhwAzkoEqiMEg",
/// #         "user_code":"WDJB-MJHT","verification_uri":"https://id.example.com/device","expires_in":1800}"#),
/// #     Step::status(400).body(r#"{"error":"authorization_pending"}"#),
/// #     Step::ok().body(r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer"}"#),
/// # ]);
/// let client = ClientAuth::public("my-program")?;
/// let endpoint = TokenEndpoint::new(http_client, "https://id.example.com/token", client)?;
/// let flow = DeviceCode::new(endpoint, "https://id.example.com/device/code")?.scope("read");
///
/// let sign_in = flow.begin().await?;
/// println!("Enter {} at {}", sign_in.user_code(), sign_in.verification_uri());
/// let token = sign_in.wait().await?;
/// assert_eq!(token.expose(), Some("2YotnFZFEjr1zCsicMWpAA"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct DeviceCode {
    endpoint: TokenEndpoint,
    url: Url,
    scopes: Scopes,
}

/// The endpoint's host alone: the parameters of its query are not for everybody.
impl fmt::Debug for DeviceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCode")
            .field("endpoint", &self.endpoint)
            .field("host", &self.url.host_str())
            .field("scopes", &self.scopes)
            .finish()
    }
}

#[derive(Deserialize)]
struct Fields {
    #[serde(deserialize_with = "answer::secret")]
    device_code: Option<Secret>,
    user_code: String,
    // As some servers called it before there was an RFC.
    #[serde(alias = "verification_url")]
    verification_uri: String,
    verification_uri_complete: Option<String>,
    #[serde(default)]
    expires_in: Value,
    #[serde(default)]
    interval: Value,
}

impl DeviceCode {
    /// Sign-ins that begin at this device authorization endpoint.
    ///
    /// # Errors
    ///
    /// If its URI is one that a [`TokenEndpoint`] could not have.
    pub fn new(endpoint: TokenEndpoint, url: &str) -> Result<Self, InvalidUrl> {
        Ok(Self {
            url: endpoint.sibling(url)?,
            endpoint,
            scopes: Scopes::NONE,
        })
    }

    /// Adds a scope to ask for, or several joined by spaces.
    #[must_use]
    pub fn scope(mut self, scope: &str) -> Self {
        self.scopes.add(scope);
        self
    }

    /// Asks for a code that the user has to enter.
    ///
    /// # Errors
    ///
    /// If the server gives none.
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the request.
    pub async fn begin(&self) -> Result<DeviceSignIn, NotGranted> {
        let asked = now();
        let mut form = Form::of("device_authorization");
        form.push_some("scope", self.scopes.as_str());
        let answer = self.endpoint.post(&self.url, form).await?;
        let sign_in = self.read(answer.status, &answer.body, asked);
        sign_in.map_err(|error| self.endpoint.with_delay(error, &answer))
    }

    fn read(
        &self,
        status: StatusCode,
        body: &[u8],
        asked: Instant,
    ) -> Result<DeviceSignIn, NotGranted> {
        let malformed = || NotGranted::new(Problem::Malformed).status_of(status);
        let fields: Fields = answer::json(status, body)?;
        let life = answer::life(&fields.expires_in).unwrap_or(LIFE);
        // Its clock and ours may differ in what they can say, never in an hour.
        let end = asked.checked_add(life).unwrap_or(asked + LIFE);
        Ok(DeviceSignIn {
            endpoint: self.endpoint.clone(),
            code: fields.device_code.ok_or_else(malformed)?,
            user_code: fields.user_code,
            uri: fields.verification_uri,
            uri_complete: fields.verification_uri_complete,
            polling: Polling::new(answer::life(&fields.interval), end),
        })
    }
}

/// A sign-in that somebody has to complete on another device.
pub struct DeviceSignIn {
    endpoint: TokenEndpoint,
    code: Secret,
    user_code: String,
    uri: String,
    uri_complete: Option<String>,
    polling: Polling,
}

impl DeviceSignIn {
    /// What the user has to enter. It comes from the server as it is: a terminal that shows it should
    /// leave control characters out.
    #[must_use]
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// Where he has to enter it.
    #[must_use]
    pub fn verification_uri(&self) -> &str {
        &self.uri
    }

    /// The same with the code in it, for a picture that a telephone can read.
    #[must_use]
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.uri_complete.as_deref()
    }

    /// How much time is left to do so.
    #[must_use]
    pub fn time_left(&self) -> Duration {
        self.polling.end().saturating_duration_since(now())
    }

    /// Asks until the user has signed in, has refused, or was too slow: at the server's interval, 5 s
    /// longer after each `slow_down`, twice as long after each failure.
    ///
    /// # Errors
    ///
    /// If he refused, if the code expired, or if the server refuses the request itself.
    ///
    /// # Cancellation
    ///
    /// Dropping the future stops asking.
    pub async fn wait(mut self) -> Result<Token, NotGranted> {
        let mut next = self.polling.first(now());
        while let Some(at) = next {
            tokio::time::sleep_until(at.into()).await;
            match self.endpoint.grant_now(self.form()).await {
                Ok(token) => return Ok(token),
                Err(error) => next = self.polling.next(heard(error)?, now()),
            }
        }
        Err(NotGranted::new(Problem::Expired))
    }

    fn form(&self) -> Form {
        let mut form = Form::grant("urn:ietf:params:oauth:grant-type:device_code");
        form.push("device_code", self.code.as_str());
        form
    }
}

/// What an error means for the waiting; it ends if that is nothing.
fn heard(error: NotGranted) -> Result<Heard, NotGranted> {
    match error.code() {
        Some("authorization_pending") => Ok(Heard::Pending),
        Some("slow_down") => Ok(Heard::SlowDown),
        Some("expired_token") => Err(NotGranted::new(Problem::Expired)),
        _ if error.is_retryable() => Ok(Heard::Trouble(error.retry_after())),
        _ => Err(error),
    }
}

impl fmt::Debug for DeviceSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceSignIn")
            .field("endpoint", &self.endpoint)
            .field("polling", &self.polling)
            .finish_non_exhaustive()
    }
}
