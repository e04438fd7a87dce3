//! The device grant, with the clock paused.

use buttress_auth::oauth2::{ClientAuth, DeviceCode, DeviceSignIn, Problem};
use buttress_testkit::{Scripted, Step};
use tokio::time::Instant;

use crate::support::{endpoint, endpoint_of, form, granted, hidden, params, refused, secs};

fn begun(members: &str) -> Step {
    Step::ok().body(format!(
        r#"{{"device_code":"secret-device","user_code":"WDJB-MJHT",
            "verification_uri":"https://id.example.com/device"{members}}}"#
    ))
}

fn flow(server: &Scripted) -> DeviceCode {
    let endpoint = endpoint_of(server, ClientAuth::public("program").unwrap());
    DeviceCode::new(endpoint, "https://id.example.com/device/code").unwrap()
}

async fn begin(server: &Scripted) -> DeviceSignIn {
    flow(server).begin().await.unwrap()
}

/// When each question after the first request was asked, in seconds.
fn asked(server: &Scripted, since: Instant) -> Vec<u64> {
    let calls = server.calls();
    calls[1..]
        .iter()
        .map(|call| (call.at - since).as_secs())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_user_is_told_where_to_go_and_what_to_enter() {
    let members = r#","verification_uri_complete":"https://id.example.com/device?c=1","expires_in":1800,"interval":7"#;
    let server = Scripted::new([begun(members), granted("")]);
    let sign_in = flow(&server).scope("read write").begin().await.unwrap();
    hidden(&sign_in);
    assert_eq!(sign_in.user_code(), "WDJB-MJHT");
    assert_eq!(sign_in.verification_uri(), "https://id.example.com/device");
    assert_eq!(
        sign_in.verification_uri_complete(),
        Some("https://id.example.com/device?c=1")
    );
    assert_eq!(sign_in.time_left(), secs(1800));

    let since = Instant::now();
    let token = sign_in.wait().await.unwrap();
    assert_eq!(token.expose(), Some("secret-access"));
    assert_eq!(since.elapsed(), secs(7));
    let calls = server.calls();
    assert_eq!(calls[0].uri, "https://id.example.com/device/code");
    assert_eq!(
        form(&calls[0]),
        params([("client_id", "program"), ("scope", "read write")])
    );
    let expected = params([
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", "secret-device"),
        ("client_id", "program"),
    ]);
    assert_eq!(form(&calls[1]), expected);
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_at_the_interval_and_slower_after_slow_down() {
    let pending = || refused(400, "authorization_pending");
    let slow_down = || refused(400, "slow_down");
    let steps = [
        begun(""),
        pending(),
        slow_down(),
        pending(),
        slow_down(),
        granted(""),
    ];
    let server = Scripted::new(steps);
    let since = Instant::now();
    begin(&server).await.wait().await.unwrap();
    assert_eq!(asked(&server, since), [5, 10, 20, 30, 45]);
}

#[tokio::test(start_paused = true)]
async fn a_server_in_trouble_is_asked_less_often() {
    let steps = [
        begun(""),
        Step::status(503),
        Step::error(|| "broken"),
        Step::status(429).header("retry-after", "100"),
        granted(""),
    ];
    let server = Scripted::new(steps);
    let since = Instant::now();
    begin(&server).await.wait().await.unwrap();
    assert_eq!(asked(&server, since), [5, 15, 35, 135]);
}

#[tokio::test(start_paused = true)]
async fn a_user_who_refuses_ends_it() {
    let server = Scripted::new([begun(""), refused(400, "access_denied")]);
    let error = begin(&server).await.wait().await.unwrap_err();
    hidden(&error);
    assert_eq!(error.code(), Some("access_denied"));
    assert!(error.is_terminal());
}

#[tokio::test(start_paused = true)]
async fn an_expired_code_ends_it_whoever_notices_first() {
    let server = Scripted::new([begun(""), refused(400, "expired_token")]);
    let error = begin(&server).await.wait().await.unwrap_err();
    assert_eq!(error.problem(), Problem::Expired);

    let members = r#","expires_in":"13""#;
    let server = Scripted::new([begun(members), refused(400, "authorization_pending")]);
    let since = Instant::now();
    let error = begin(&server).await.wait().await.unwrap_err();
    assert_eq!(error.problem(), Problem::Expired);
    assert_eq!(asked(&server, since), [5, 10]);
    assert_eq!(since.elapsed(), secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_request_itself_ends_it() {
    for (status, code) in [(401, "invalid_client"), (400, "a_code_of_its_own")] {
        let server = Scripted::new([begun(""), refused(status, code)]);
        let error = begin(&server).await.wait().await.unwrap_err();
        assert_eq!(error.code(), Some(code));
    }
}

#[tokio::test(start_paused = true)]
async fn absurd_numbers_do_no_harm() {
    for members in [
        r#","expires_in":-5,"interval":-5"#,
        r#","expires_in":null,"interval":"soon""#,
        r#","expires_in":1e300,"interval":0"#,
    ] {
        let server = Scripted::new([begun(members), granted("")]);
        assert!(begin(&server).await.wait().await.is_ok(), "{members}");
    }
    let server = Scripted::new([begun(r#","interval":1e300"#)]);
    let error = begin(&server).await.wait().await.unwrap_err();
    assert_eq!(error.problem(), Problem::Expired);
}

#[tokio::test(start_paused = true)]
async fn a_beginning_that_fails_is_told() {
    let html = || Step::ok().body("<html>secret</html>");
    let no_code = || Step::ok().body(r#"{"user_code":"secret","verification_uri":"x"}"#);
    for (step, problem) in [
        (refused(401, "invalid_client"), Problem::Refused),
        (Step::status(500), Problem::Status),
        (html(), Problem::Malformed),
        (no_code(), Problem::Malformed),
    ] {
        let error = flow(&Scripted::new([step])).begin().await.unwrap_err();
        hidden(&error);
        assert_eq!(error.problem(), problem);
    }
    assert!(DeviceCode::new(endpoint(&Scripted::new([html()])), "http://id.example.com/").is_err());
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_dropped_asks_no_more() {
    let server = Scripted::new([begun(""), refused(400, "authorization_pending")]);
    let wait = begin(&server).await.wait();
    assert!(tokio::time::timeout(secs(12), wait).await.is_err());
    tokio::time::sleep(secs(60)).await;
    assert_eq!((server.calls().len(), server.in_flight()), (3, 0));
}
