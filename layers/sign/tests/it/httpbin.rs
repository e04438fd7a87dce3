//! Digest against httpbin, a real server. Skipped where it is not installed.

use buttress_kernel::Body;
use buttress_sign::digest::{Digest, DigestLayer};
use buttress_testkit::peer::{Peer, Wire};
use http::Request;
use tower::{Layer, ServiceExt};

/// Without spaces: httpbin compares with a path that it has decoded.
const PASSWORD: &str = "CircleOfLife";

fn service(server: &Peer, password: &str) -> Digest<Wire> {
    let origin = server.base().parse().unwrap();
    DigestLayer::new(origin, "Mufasa", password)
        .unwrap()
        .layer(Wire)
}

async fn status(service: &Digest<Wire>, server: &Peer, path: &str, body: &'static str) -> u16 {
    let url = server.url(&format!("/digest-auth/{path}"));
    let request = Request::get(url).body(Body::from(body)).unwrap();
    service
        .clone()
        .oneshot(request)
        .await
        .unwrap()
        .status()
        .as_u16()
}

#[tokio::test]
async fn every_algorithm_and_protection_that_both_know_is_accepted_again_and_again() {
    let Some(server) = Peer::python("httpbin") else {
        return;
    };
    for qop in ["auth", "auth-int", "either"] {
        for algorithm in ["MD5", "SHA-256"] {
            let path = format!("{qop}/Mufasa/CircleOfLife/{algorithm}");
            let service = service(&server, PASSWORD);
            for body in ["", "", "a body", "another"] {
                assert_eq!(
                    status(&service, &server, &path, body).await,
                    200,
                    "{path} {body:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_asked_for_once() {
    let Some(server) = Peer::python("httpbin") else {
        return;
    };
    let service = service(&server, "another");
    for path in [
        "auth/Mufasa/CircleOfLife/MD5",
        "auth-int/Mufasa/CircleOfLife/SHA-256",
    ] {
        assert_eq!(status(&service, &server, path, "").await, 401, "{path}");
    }
}

#[tokio::test]
async fn an_algorithm_that_we_do_not_know_is_not_answered() {
    let Some(server) = Peer::python("httpbin") else {
        return;
    };
    let path = "auth/Mufasa/CircleOfLife/SHA-512";
    let service = service(&server, PASSWORD);
    assert_eq!(status(&service, &server, path, "").await, 401);
}
