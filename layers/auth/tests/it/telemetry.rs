use buttress_auth::{Credential, Override};
use buttress_kernel::{Body, Explain, Trail};
use http::Request;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt;

use crate::secrets::Lines;
use crate::support::*;

pub(crate) fn listen() -> (Lines, DefaultGuard) {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(lines.clone());
    // It wants to hear of everything, so nothing is remembered as unwanted.
    crate::secrets::guard();
    (lines, tracing::subscriber::set_default(subscriber))
}

#[tokio::test(start_paused = true)]
async fn fetches_rejections_and_replays_are_events() {
    let (lines, _guard) = listen();
    let issuer = Issuer::new([Fetch::Token(secs(60)).after(ms(7)), Fetch::Endless]);
    assert_eq!(
        status(&over(&usual(&issuer), &Api::accepting(2))).await,
        200
    );
    assert_eq!(
        lines.own(),
        [
            "DEBUG message=fetching a token why=\"needed\"",
            "INFO message=a new token generation=1 life_s=59 took_ms=7",
            "DEBUG message=waited for a token wait_ms=7",
            "DEBUG message=a token was rejected status=401 generation=1",
            "DEBUG message=fetching a token why=\"rejected\"",
            "DEBUG message=sending it again status=401",
            "INFO message=a new token generation=2 took_ms=0",
            "DEBUG message=waited for a token wait_ms=0",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn failures_are_warnings_with_a_reason_and_without_the_causes_text() {
    let (lines, _guard) = listen();
    let issuer = Issuer::new([Fetch::FailFor(secs(9)), Fetch::End]);
    let tokens = usual(&issuer);
    send(&over(&tokens, &Api::accepting(1)), get())
        .await
        .unwrap_err();
    tokens.handle().refresh().await.unwrap_err();
    let lines = lines.own();
    let failed = "WARN message=no token could be fetched";
    assert_eq!(
        lines[1],
        format!("{failed} reason=\"failed\" failures=1 rest_ms=9000")
    );
    assert_eq!(
        lines[2],
        "DEBUG message=a request has no token reason=\"failed\""
    );
    assert_eq!(lines[3], "DEBUG message=fetching a token why=\"demanded\"");
    assert!(
        lines[4].starts_with(&format!("{failed} reason=\"ended\" failures=2")),
        "{lines:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_fetch_ahead_of_the_end_says_so() {
    let (lines, _guard) = listen();
    let issuer = Issuer::new([Fetch::Token(secs(100))]);
    let service = over(&usual(&issuer), &Api::accepting(1));
    status(&service).await;
    tokio::time::advance(secs(80)).await;
    status(&service).await;
    let ahead = "DEBUG message=fetching a token why=\"ahead\"".to_owned();
    assert!(lines.own().contains(&ahead), "{:?}", lines.own());
}

#[tokio::test(start_paused = true)]
async fn withheld_credentials_are_a_warning_without_user_info_path_or_query() {
    let (lines, _guard) = listen();
    let service = over(&usual(&Issuer::new([Fetch::Endless])), &Api::accepting(0));
    for uri in [
        "https://user:secret@evil.example:8443/path?token=secret",
        "http://api.example.com/",
        "/path?token=secret",
    ] {
        let request = Request::get(uri).body(Body::empty()).unwrap();
        send(&service, request).await.unwrap();
    }
    let withheld = "WARN message=credentials were withheld";
    assert_eq!(
        lines.own(),
        [
            format!(
                "{withheld} scheme=\"https\" host=\"evil.example\" port=8443 reason=\"another origin\""
            ),
            format!("{withheld} scheme=\"http\" host=\"api.example.com\" reason=\"not encrypted\""),
            format!("{withheld} reason=\"no authority\""),
        ]
    );
}

/// What the trail of a request says, on the response and on the kept clone alike.
async fn trail(
    service: &buttress_auth::Auth<buttress_testkit::Scripted>,
    mut request: Request<Body>,
) -> String {
    let explain = Explain::new();
    request.extensions_mut().insert(explain.clone());
    let end = send(service, request).await;
    if let Ok(response) = end {
        assert_eq!(response.extensions().get::<Trail>(), Some(&explain.trail()));
    }
    explain.trail().summary()
}

#[tokio::test(start_paused = true)]
async fn the_trail_says_what_became_of_a_request() {
    let issuer = Issuer::new([
        Fetch::Endless.after(ms(7)),
        Fetch::Endless.after(ms(5)),
        Fetch::Fail,
    ]);
    let api = Api::accepting(2);
    let service = over(&usual(&issuer), &api);
    assert_eq!(
        trail(&service, get()).await,
        "auth: waited 7 ms for a token; auth: 401, again with another token; \
         auth: waited 5 ms for a token"
    );
    assert_eq!(trail(&service, get()).await, "auth: token added");
    let own = || {
        request()
            .header("authorization", "own")
            .body(Body::empty())
            .unwrap()
    };
    assert_eq!(trail(&service, own()).await, "auth: kept the request's own");
    let off = request()
        .extension(Override::without_auth())
        .body(Body::empty())
        .unwrap();
    assert_eq!(trail(&service, off).await, "auth: off for this request");
    let elsewhere = Request::get("https://evil.example/")
        .body(Body::empty())
        .unwrap();
    let trail_of_other = trail(&service, elsewhere).await;
    assert_eq!(
        trail_of_other,
        "auth: no credentials: they are for other origins"
    );
    let fixed = Override::with(Credential::bearer("t").unwrap());
    let fixed = || request().extension(fixed.clone());
    let request = fixed().body(Body::empty()).unwrap();
    assert_eq!(trail(&service, request).await, "auth: credentials added");
    let request = fixed()
        .header("authorization", "own")
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        trail(&service, request).await,
        "auth: kept the request's own"
    );
    api.accept_from(9);
    assert_eq!(
        trail(&service, get()).await,
        "auth: token added; auth: 401, again with another token; auth: no credentials: failed"
    );
}
