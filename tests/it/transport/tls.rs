//! TLS: whom to trust, and what ALPN chooses.

use std::net::SocketAddr;
use std::sync::Arc;

use buttress::transport::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use buttress::transport::rustls::{self, ClientConfig, RootCertStore, ServerConfig};
use buttress::transport::{Connection, Roots, TransportBuilder};
use buttress_kernel::{Kind, Sent};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{builder, get, post, verdict, whole};

/// A TLS server on loopback under the name `tls.test`.
pub(super) struct Secure {
    pub(super) address: SocketAddr,
    pub(super) pem: String,
}

impl Secure {
    /// Offers these protocols, and hands each connection on.
    async fn start<F, Fut>(protocols: &[&str], connection: F) -> Self
    where
        F: Fn(TlsStream<TcpStream>) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = ()> + Send,
    {
        let own = rcgen::generate_simple_self_signed(["tls.test".to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = protocols
            .iter()
            .map(|protocol| protocol.as_bytes().to_vec())
            .collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (acceptor, connection) = (acceptor.clone(), connection.clone());
                tokio::spawn(async move {
                    if let Ok(tls) = acceptor.accept(tcp).await {
                        connection(tls).await;
                    }
                });
            }
        });
        let pem = own.cert.pem();
        Self { address, pem }
    }

    /// Answers with what it was asked.
    pub(super) async fn echo(protocols: &[&str]) -> Self {
        Self::start(protocols, |tls| async {
            let server = auto::Builder::new(TokioExecutor::new());
            server
                .serve_connection(TokioIo::new(tls), service_fn(echo))
                .await
                .ok();
        })
        .await
    }

    pub(super) fn builder(&self) -> TransportBuilder {
        let roots = Roots::none().pem(&self.pem);
        builder().roots(roots).addresses("tls.test", [self.address])
    }
}

pub(super) async fn echo(
    request: Request<Incoming>,
) -> Result<Response<String>, std::convert::Infallible> {
    let credentials = request.headers().get("proxy-authorization");
    Ok(Response::new(format!(
        "{:?} {} {credentials:?}",
        request.version(),
        request.uri()
    )))
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

async fn text(transport: &buttress::transport::Transport, uri: &str) -> String {
    let body = whole(get(transport, uri).await.unwrap()).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn a_certificate_of_nobody_we_trust_is_refused_unsent() {
    let server = Secure::echo(&[]).await;
    let other = rcgen::generate_simple_self_signed(["tls.test".to_owned()]).unwrap();
    let transport = server
        .builder()
        .roots(Roots::none().pem(other.cert.pem()))
        .build()
        .unwrap();
    assert_eq!(
        verdict(post(&transport, "https://tls.test/").await),
        (Kind::Connect, Sent::No)
    );
}

#[cfg(feature = "webpki-roots")]
#[tokio::test]
async fn the_web_does_not_vouch_for_a_certificate_of_our_own() {
    let server = Secure::echo(&[]).await;
    for roots in [Roots::web(), Roots::default()] {
        let transport = server.builder().roots(roots).build().unwrap();
        assert_eq!(
            verdict(post(&transport, "https://tls.test/").await),
            (Kind::Connect, Sent::No)
        );
    }
}

#[test]
fn the_default_is_to_trust_the_lists_of_all_features_that_are_on() {
    let (web, native) = (
        cfg!(feature = "webpki-roots"),
        cfg!(feature = "native-roots"),
    );
    let lists = format!("Roots {{ web: {web}, native: {native}, added: 0 }}");
    assert_eq!(format!("{:?}", Roots::default()), lists);
}

/// Run by the next test in a process of its own, whose environment it sets.
#[cfg(all(feature = "native-roots", target_os = "linux"))]
#[tokio::test]
#[ignore = "needs the environment of the test below"]
async fn in_an_environment_with_a_list_of_authorities() {
    let server = std::env::var("SERVER").unwrap().parse().unwrap();
    let transport = builder().addresses("tls.test", [server]).build().unwrap();
    println!("said {}", text(&transport, "https://tls.test/").await);
}

#[cfg(all(feature = "native-roots", target_os = "linux"))]
#[tokio::test]
async fn the_operating_systems_list_is_trusted_whatever_other_features_are_on() {
    let server = Secure::echo(&["http/1.1"]).await;
    let list = authority_file(&server);
    let child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "transport::tls::in_an_environment_with_a_list_of_authorities",
            "--ignored",
            "--nocapture",
        ])
        .env("SERVER", server.address.to_string())
        .env("SSL_CERT_FILE", &list)
        .env_remove("SSL_CERT_DIR")
        .output()
        .await
        .unwrap();
    std::fs::remove_file(list).unwrap();
    let said = String::from_utf8(child.stdout).unwrap();
    assert!(said.contains("said HTTP/1.1 /"), "{said}");
}

/// The server's authority in a file of its own.
#[cfg(all(feature = "native-roots", target_os = "linux"))]
fn authority_file(server: &Secure) -> std::path::PathBuf {
    let name = format!("buttress-{}-authority.pem", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, &server.pem).unwrap();
    path
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_unsent() {
    let server = Secure::echo(&[]).await;
    let transport = server
        .builder()
        .addresses("other.test", [server.address])
        .build()
        .unwrap();
    assert_eq!(
        verdict(post(&transport, "https://other.test/").await),
        (Kind::Connect, Sent::No)
    );
}

#[tokio::test]
async fn an_authority_can_be_given_as_der_or_within_a_whole_configuration() {
    use rustls::pki_types::{CertificateDer, pem::PemObject};

    let server = Secure::echo(&["http/1.1"]).await;
    let der = CertificateDer::from_pem_slice(server.pem.as_bytes()).unwrap();
    let mut store = RootCertStore::empty();
    store.add(der.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(store)
        .with_no_client_auth();
    let plain = builder().addresses("tls.test", [server.address]);
    for builder in [
        plain.clone().roots(Roots::none().certificate(der)),
        plain.tls(config),
    ] {
        let said = text(&builder.build().unwrap(), "https://tls.test/").await;
        assert!(said.starts_with("HTTP/1.1 /"), "{said}");
    }
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn alpn_chooses_among_the_versions_that_are_left() {
    let both: &[&str] = &["h2", "http/1.1"];
    for (offered, http1_only, http2_only, chosen) in [
        (both, false, false, "HTTP/2.0"),
        (both, true, false, "HTTP/1.1"),
        (both, false, true, "HTTP/2.0"),
        (&["http/1.1"], false, false, "HTTP/1.1"),
        (&[], false, false, "HTTP/1.1"),
    ] {
        let server = Secure::echo(offered).await;
        let builder = server
            .builder()
            .http1_only(http1_only)
            .http2_only(http2_only);
        let said = text(&builder.build().unwrap(), "https://tls.test/x").await;
        assert!(said.starts_with(chosen), "{offered:?}: {said}");
    }
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn a_server_without_http2_is_refused_unsent_where_nothing_else_will_do() {
    let server = Secure::echo(&["http/1.1"]).await;
    let transport = server.builder().http2_only(true).build().unwrap();
    assert_eq!(
        verdict(post(&transport, "https://tls.test/").await),
        (Kind::Connect, Sent::No)
    );
}

#[tokio::test]
async fn a_closing_alert_is_no_answer() {
    let server = Secure::start(&[], |mut tls| async move {
        let _ = tls.read_u8().await;
        let _ = tls.shutdown().await;
        let _ = tokio::io::copy(&mut tls, &mut tokio::io::sink()).await;
    })
    .await;
    let transport = server.builder().build().unwrap();
    assert_eq!(
        verdict(post(&transport, "https://tls.test/").await),
        (Kind::Transport, Sent::Maybe)
    );
}

#[tokio::test]
async fn a_response_tells_its_connection() {
    let server = Secure::echo(&[]).await;
    let transport = server.builder().build().unwrap();
    let response = get(&transport, "https://tls.test/").await.unwrap();
    let connection = response.extensions().get::<Connection>().unwrap();
    assert_eq!(connection.remote_address(), Some(server.address));
    assert_eq!(
        connection.local_address().unwrap().ip(),
        server.address.ip()
    );
}
