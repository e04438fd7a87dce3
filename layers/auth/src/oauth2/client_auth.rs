use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, header};
use oauth2::ClientId;
use oauth2::url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use super::form::Form;
#[cfg(feature = "jwt")]
use super::jwt::{Claims, JwtKey};
use super::not_granted::NotGranted;
use crate::InvalidCredential;
use crate::secret::{self, Secret};

/// How a client says who it is at the token endpoint.
///
/// ```
/// use buttress_auth::oauth2::ClientAuth;
///
/// let client = ClientAuth::basic("my-client", "7Fjfp0ZBr1KtDRbnfVdmIw")?;
/// assert!(!format!("{client:?}").contains("7Fjf"));
/// # Ok::<_, buttress_auth::InvalidCredential>(())
/// ```
#[derive(Clone)]
pub struct ClientAuth {
    id: ClientId,
    proof: Proof,
}

#[derive(Clone)]
enum Proof {
    Anonymous,
    None,
    Basic(HeaderValue),
    Post(Secret),
    #[cfg(feature = "jwt")]
    Signed {
        key: JwtKey,
        audience: Option<Box<str>>,
    },
}

impl ClientAuth {
    /// The secret in the `Authorization` header, which every server understands. Both are encoded as
    /// a form's values before, as
    /// [RFC 6749 §2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1) asks.
    ///
    /// # Errors
    ///
    /// If the id is empty, or one of them holds control characters.
    pub fn basic(
        id: impl Into<String>,
        secret: impl Into<String>,
    ) -> Result<Self, InvalidCredential> {
        let secret = checked(secret)?;
        let client = Self::public(id)?;
        let mut pair = Zeroizing::new(String::with_capacity(
            3 * (client.id.len() + secret.as_str().len()) + 1,
        ));
        pair.extend(byte_serialize(client.id.as_bytes()));
        pair.push(':');
        pair.extend(byte_serialize(secret.as_str().as_bytes()));
        let mut value = Zeroizing::new(b"Basic ".to_vec());
        let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        value.extend_from_slice(encoded.as_bytes());
        let proof = Proof::Basic(secret::sensitive(value)?);
        Ok(Self { proof, ..client })
    }

    /// The secret among the parameters, for servers that want it there.
    ///
    /// # Errors
    ///
    /// If the id is empty, or one of them holds control characters.
    pub fn post(
        id: impl Into<String>,
        secret: impl Into<String>,
    ) -> Result<Self, InvalidCredential> {
        let proof = Proof::Post(checked(secret)?);
        Ok(Self {
            proof,
            ..Self::public(id)?
        })
    }

    /// No secret: a client that cannot keep one, such as a program on somebody's machine.
    ///
    /// # Errors
    ///
    /// If the id is empty, or holds control characters.
    pub fn public(id: impl Into<String>) -> Result<Self, InvalidCredential> {
        let id = ClientId::new(id.into());
        secret::check(&id)?;
        Ok(Self {
            id,
            proof: Proof::None,
        })
    }

    /// Nothing at all, for servers to which an assertion says everything.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            id: ClientId::new(String::new()),
            proof: Proof::Anonymous,
        }
    }

    /// A token that the client signs for each request: `private_key_jwt`
    /// ([RFC 7523 §2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2)).
    ///
    /// # Errors
    ///
    /// If the id is empty, or holds control characters.
    #[cfg(feature = "jwt")]
    pub fn private_key_jwt(id: impl Into<String>, key: JwtKey) -> Result<Self, InvalidCredential> {
        let proof = Proof::Signed {
            key,
            audience: None,
        };
        Ok(Self {
            proof,
            ..Self::public(id)?
        })
    }

    /// Who the signed token is meant for, in place of the token endpoint's URI. Some servers want
    /// their issuer's. Without a [key](Self::private_key_jwt) there is nothing to address.
    #[cfg(feature = "jwt")]
    #[must_use]
    pub fn audience(mut self, whom: impl Into<Box<str>>) -> Self {
        if let Proof::Signed { audience, .. } = &mut self.proof {
            *audience = Some(whom.into());
        }
        self
    }

    pub(super) const fn id(&self) -> &ClientId {
        &self.id
    }

    /// Adds it to a request to `endpoint`.
    #[cfg_attr(not(feature = "jwt"), expect(unused_variables))]
    pub(super) fn apply(
        &self,
        form: &mut Form,
        headers: &mut HeaderMap,
        endpoint: &str,
        now: std::time::SystemTime,
    ) -> Result<(), NotGranted> {
        match &self.proof {
            Proof::Anonymous => {}
            Proof::None => form.push("client_id", &self.id),
            Proof::Basic(value) => drop(headers.insert(header::AUTHORIZATION, value.clone())),
            Proof::Post(secret) => {
                form.push("client_id", &self.id);
                form.push("client_secret", secret.as_str());
            }
            #[cfg(feature = "jwt")]
            Proof::Signed { key, audience } => {
                let claims =
                    Claims::new(&self.id, &self.id, audience.as_deref().unwrap_or(endpoint));
                let assertion = key.sign(&claims, now)?;
                form.push("client_id", &self.id);
                form.push(
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                );
                form.push("client_assertion", &assertion);
            }
        }
        Ok(())
    }
}

/// An empty secret is one that was not given.
fn checked(text: impl Into<String>) -> Result<Secret, InvalidCredential> {
    let text = Secret::new(text);
    secret::check(text.as_str())?;
    Ok(text)
}

impl fmt::Debug for ClientAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.proof {
            Proof::Anonymous => "anonymous",
            Proof::None => "none",
            Proof::Basic(_) => "basic",
            Proof::Post(_) => "post",
            #[cfg(feature = "jwt")]
            Proof::Signed { .. } => "private_key_jwt",
        };
        f.debug_struct("ClientAuth")
            .field("id", &self.id.as_str())
            .field("way", &way)
            .finish_non_exhaustive()
    }
}
