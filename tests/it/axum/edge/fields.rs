//! Which fields go on.

use buttress::proxy::Proxy;
use http::HeaderName;

use super::{plainly, sent};

/// Names by which a server is told where a request comes from, or what it wants in truth.
const SPOOFED: [&str; 33] = [
    "x-forwarded-for",
    "x_forwarded_for",
    "x-forwarded_for",
    "x_real_ip",
    "x-real-ip",
    "x-cluster-client-ip",
    "client-ip",
    "x-clientip",
    "x-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "fastly-client-ip",
    "x-original-forwarded-for",
    "x-envoy-external-address",
    "x-remote-ip",
    "x-remote-addr",
    "remote-addr",
    "x-appengine-user-ip",
    "x-azure-clientip",
    "forwarded",
    "x-forwarded-host",
    "x-forwarded-user",
    "x-forwarded-prefix",
    "x-original-host",
    "x-host",
    "x-http-host-override",
    "x-original-url",
    "x-rewrite-url",
    "x_original_url",
    "x-http-method-override",
    "x-method-override",
    "proxy",
    "remote_user",
];

#[tokio::test]
async fn no_spelling_of_a_spoofed_field_goes_on() {
    for name in SPOOFED {
        let call = sent(plainly, &[(name, "6.6.6.6"), ("x-request-id", "7")]).await;
        assert_eq!(call.header(name), None, "{name}");
        assert_eq!(call.header("x-request-id"), Some("7"));
    }
}

#[tokio::test]
async fn a_field_goes_on_where_it_is_kept_by_name() {
    for name in SPOOFED {
        let call = sent(
            |proxy| proxy.keep(HeaderName::from_static(name)),
            &[(name, "kept"), ("x_other", "goes"), ("x-host", "goes")],
        )
        .await;
        assert_eq!(call.headers.get_all(name).iter().next().unwrap(), "kept");
        assert_eq!(call.header("x_other"), None, "{name}");
    }
}

#[tokio::test]
async fn underscores_are_kept_where_they_are_said_to_be_harmless() {
    let fields = [("user_id", "7"), ("x_real_ip", "6.6.6.6")];
    let call = sent(Proxy::keep_underscores, &fields).await;
    assert_eq!(call.header("user_id"), Some("7"));
    assert_eq!(call.header("x_real_ip"), None, "one of the others");
    assert_eq!(sent(plainly, &fields).await.header("user_id"), None);

    let fields = [("x_role", "admin"), ("x_api_key", "s3cret")];
    let name = HeaderName::from_static("x-role");
    let both = |proxy: Proxy<_>| proxy.keep_underscores().leave_out(name);
    let call = sent(both, &fields).await;
    assert_eq!(call.header("x_role"), None, "one that is left out");
    assert_eq!(call.header("x_api_key"), None, "a key");
}

#[tokio::test]
async fn a_field_of_ones_own_is_left_out() {
    let name = HeaderName::from_static("x-role");
    let fields = [("x-role", "admin"), ("x-rolex", "stays")];
    let call = sent(|proxy| proxy.leave_out(name.clone()), &fields).await;
    assert_eq!(call.header("x-role"), None);
    assert_eq!(call.header("x-rolex"), Some("stays"));
    let both = |proxy: Proxy<_>| proxy.leave_out(name.clone()).keep(name.clone());
    let call = sent(both, &fields).await;
    assert_eq!(call.header("x-role"), Some("admin"), "the later counts");
}
