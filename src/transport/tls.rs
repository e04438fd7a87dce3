use std::fmt;
use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme};

use super::InvalidTransport;

/// The certificate authorities whose servers are trusted.
///
/// By default those of every feature that is on: Mozilla's with `webpki-roots`, the operating system's
/// with `native-roots`, the union with both.
///
/// ```
/// use buttress::transport::{Roots, Transport};
///
/// # let authority = rcgen::generate_simple_self_signed(["localhost".to_owned()])?.cert.pem();
/// // A private authority, and nobody else.
/// let roots = Roots::none().pem(authority);
/// let transport = Transport::builder().roots(roots).build()?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Roots {
    web: bool,
    native: bool,
    certificates: Vec<CertificateDer<'static>>,
    pems: Vec<Arc<[u8]>>,
}

impl Roots {
    /// Nobody: add certificates of your own.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            web: false,
            native: false,
            certificates: Vec::new(),
            pems: Vec::new(),
        }
    }

    /// Mozilla's list, as compiled in, and nobody else.
    #[cfg(feature = "webpki-roots")]
    #[must_use]
    pub const fn web() -> Self {
        let mut roots = Self::none();
        roots.web = true;
        roots
    }

    /// The operating system's list, read when the transport is built, and nobody else.
    #[cfg(feature = "native-roots")]
    #[must_use]
    pub const fn native() -> Self {
        let mut roots = Self::none();
        roots.native = true;
        roots
    }

    /// Adds an authority.
    #[must_use]
    pub fn certificate(mut self, certificate: CertificateDer<'static>) -> Self {
        self.certificates.push(certificate);
        self
    }

    /// Adds every authority of a PEM file.
    #[must_use]
    pub fn pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.pems.push(pem.as_ref().into());
        self
    }

    fn store(&self) -> Result<RootCertStore, InvalidTransport> {
        let mut store = RootCertStore::empty();
        #[cfg(feature = "webpki-roots")]
        if self.web {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        #[cfg(feature = "native-roots")]
        if self.native {
            // An operating system's list may hold what rustls cannot read; the rest is good.
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        for certificate in &self.certificates {
            store
                .add(certificate.clone())
                .map_err(InvalidTransport::certificate)?;
        }
        for pem in &self.pems {
            add_pem(&mut store, pem)?;
        }
        if store.is_empty() {
            return Err(InvalidTransport::no_roots());
        }
        Ok(store)
    }
}

impl Default for Roots {
    /// Everybody whose feature is on, so that a feature that another crate turns on takes no trust away.
    fn default() -> Self {
        Self {
            web: cfg!(feature = "webpki-roots"),
            native: cfg!(feature = "native-roots"),
            ..Self::none()
        }
    }
}

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roots")
            .field("web", &self.web)
            .field("native", &self.native)
            .field("added", &(self.certificates.len() + self.pems.len()))
            .finish()
    }
}

fn add_pem(store: &mut RootCertStore, pem: &[u8]) -> Result<(), InvalidTransport> {
    let before = store.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(InvalidTransport::certificate)?;
        store
            .add(certificate)
            .map_err(InvalidTransport::certificate)?;
    }
    if store.len() == before {
        return Err(InvalidTransport::certificate(
            "the PEM file holds no certificate",
        ));
    }
    Ok(())
}

/// TLS that trusts these roots and shows no certificate of its own.
pub(super) fn config(roots: &Roots) -> Result<ClientConfig, InvalidTransport> {
    // Named, because a process may have several providers and no default.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(InvalidTransport::tls)?;
    Ok(versions
        .with_root_certificates(roots.store()?)
        .with_no_client_auth())
}

/// The same configuration, offering these protocols.
pub(super) fn offering(config: &ClientConfig, protocols: &[&[u8]]) -> Arc<ClientConfig> {
    let mut config = config.clone();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Arc::new(config)
}

/// The same configuration for the way to a proxy: without ALPN, and without the certificate that says to servers who is
/// asking.
pub(super) fn for_proxy(config: &ClientConfig) -> Arc<ClientConfig> {
    let mut config = config.clone();
    config.alpn_protocols.clear();
    config.client_auth_cert_resolver = Arc::new(Nobody);
    Arc::new(config)
}

#[derive(Debug)]
struct Nobody;

impl ResolvesClientCert for Nobody {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

    use super::*;

    #[test]
    fn a_client_certificate_is_not_for_the_proxy() {
        let own = rcgen::generate_simple_self_signed(["me".to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_client_auth_cert(vec![own.cert.der().clone()], key)
            .unwrap();
        let identifies = |config: &ClientConfig| config.client_auth_cert_resolver.has_certs();
        assert!(identifies(&offering(&config, &[b"h2"])));
        let proxy = for_proxy(&config);
        assert!(!identifies(&proxy) && proxy.alpn_protocols.is_empty());
        let resolver = &proxy.client_auth_cert_resolver;
        assert!(resolver.resolve(&[], &[SignatureScheme::ED25519]).is_none());
    }
}
