//! From settings to a client.

use std::sync::Arc;

use buttress_auth::{AuthLayer, Credentials, Origins};
use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use tower::ServiceExt;
use tower_layer::Layer;
use tower_service::Service;

use super::ClientBuilder;
use super::own::wrap;
use crate::client::{Holdings, erase};
#[cfg(feature = "decompression")]
use crate::decompression::DecompressionLayer;
use crate::defaults::DefaultHeadersLayer;
use crate::pipeline::{self, Layers};
use crate::progress;
use crate::redirect::RedirectLayer;
use crate::transport::TransportBuilder;
use crate::{BaseUri, Client, InvalidClient};

impl ClientBuilder {
    /// How connections are made and kept.
    pub fn transport(mut self, transport: TransportBuilder) -> Self {
        self.transport = transport;
        self
    }

    /// Builds the client over a transport.
    ///
    /// # Errors
    ///
    /// When a setting was wrong, when two contradict one another, or when the transport cannot be
    /// made (no certificate authority to trust, for instance). The error says which rule was broken.
    pub fn build(mut self) -> Result<Client, InvalidClient> {
        self.check()?;
        let transport = self.transport.build().map_err(InvalidClient::transport)?;
        Ok(self.over(transport))
    }

    /// Builds the client over a service of your own in the transport's place: one that counts, one
    /// that answers from a script, or another client.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), but for the transport's.
    pub fn build_over<S, R>(mut self, service: S) -> Result<Client, InvalidClient>
    where
        S: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        R: http_body::Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        self.check()?;
        Ok(self.over(service))
    }

    /// The first setting that was wrong, or the first two that contradict one another.
    fn check(&mut self) -> Result<(), InvalidClient> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let has_cookie = self.defaults.holds(&header::COOKIE);
        if has_cookie && !self.cookies.is_empty() {
            return Err(InvalidClient::contradiction(
                "cookies are set by `cookie` and by a default header `cookie`; use one of them"
                    .into(),
            ));
        }
        let homeless = self.defaults.homeless().filter(|_| self.base.is_none());
        let cookies = (!self.cookies.is_empty() && self.base.is_none()).then_some(&header::COOKIE);
        if let Some(name) = homeless.or(cookies) {
            return Err(InvalidClient::contradiction(format!(
                "the default header `{name}` is a credential, and without a base URI there is no \
                 origin that it belongs to; set one with `base_uri`"
            )));
        }
        self.bind_credentials()?;
        self.limits.check()?;
        match &self.circuit_breaker {
            Some(breaker) => self.limits.check_window(breaker),
            None => Ok(()),
        }
    }

    /// Makes a layer of credentials that are for the base URI's origin.
    fn bind_credentials(&mut self) -> Result<(), InvalidClient> {
        self.has_credentials = self.credentials.is_some() || self.auth.is_some();
        let origin = self.base.as_ref().map(ToString::to_string);
        let origin = origin.and_then(|base| Origins::only(base).ok());
        let Some(credentials) = self.credentials.take() else {
            // A request may bring its own.
            let bound = || origin.map(|origin| AuthLayer::new(Credentials::none(), origin));
            self.auth = self.auth.take().or_else(bound);
            return Ok(());
        };
        if self.auth.is_some() {
            return Err(InvalidClient::contradiction(
                "credentials are set by `credentials` and by `auth`; use one of them".into(),
            ));
        }
        let origin = origin.ok_or_else(|| {
            InvalidClient::contradiction(
                "credentials belong to an origin, and there is no base URI; set one with \
                 `base_uri`, or name the origins in a layer for `auth`"
                    .into(),
            )
        })?;
        self.auth = Some(AuthLayer::new(credentials, origin));
        Ok(())
    }

    fn over<S, R>(self, transport: S) -> Client
    where
        S: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        R: http_body::Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        let base = self.base.map(Arc::new);
        let binds_credentials = self.auth.is_some();
        let defaults = with_cookies(self.defaults, &self.cookies, base.as_deref());
        let holdings = Holdings {
            names: defaults.names().cloned().collect(),
            credentials: self.has_credentials,
        };
        let layers = Layers {
            defaults,
            limits: self.limits,
            cache: self.cache,
            retry: self.retry,
            auth: self.auth,
            retry_after: self.retry_after,
            rate_limit: self.rate_limit,
            priority: self.priority,
            circuit_breaker: self.circuit_breaker,
            idempotency: self.idempotency,
            redirects: RedirectLayer::new(self.redirects),
            fallback: self.fallback,
            #[cfg(feature = "decompression")]
            decompression: if self.decompression {
                DecompressionLayer::new()
            } else {
                DecompressionLayer::off()
            },
        };
        tracing::debug!(
            base_uri = base.as_ref().map(tracing::field::display),
            cache = layers.cache.is_some(),
            retry = layers.retry.is_some(),
            auth = layers.auth.is_some(),
            retry_after = layers.retry_after.is_some(),
            rate_limit = layers.rate_limit.is_some(),
            priority = layers.priority.is_some(),
            circuit_breaker = layers.circuit_breaker.is_some(),
            idempotency = layers.idempotency.is_some(),
            fallback = layers.fallback.is_some(),
            "client built",
        );
        // Where the bytes leave: below whatever signs or digests a body.
        let transport = transport.map_request(progress::count_upload);
        // Without layers of the user's the whole stack is erased once, at its top.
        let stack = if self.attempt.is_empty() {
            pipeline::standard(layers, transport)
        } else {
            let wrapped = wrap(erase(transport), self.attempt);
            pipeline::standard(layers, wrapped)
        };
        let stack = wrap(stack, self.outer);
        let stack = match self.observers {
            None => stack,
            Some(observers) => erase(observers.under(base.clone()).layer(stack)),
        };
        Client::over(base, stack, binds_credentials, holdings)
    }
}

fn with_cookies(
    defaults: DefaultHeadersLayer,
    cookies: &str,
    home: Option<&BaseUri>,
) -> DefaultHeadersLayer {
    let defaults = match home {
        Some(home) => defaults.home(home.clone()),
        None => defaults,
    };
    // Every cookie was checked when it was added, so together they are a header value.
    match HeaderValue::from_str(cookies) {
        Ok(mut value) if !cookies.is_empty() => {
            value.set_sensitive(true);
            defaults.header(header::COOKIE, value)
        }
        _ => defaults,
    }
}
