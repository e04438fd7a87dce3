use buttress_auth::{AuthLayer, Credential, Origins, Override};
use buttress_kernel::{Body, Partition};
use buttress_testkit::{Scripted, Step};
use http::Request;
use tower::{Layer, ServiceExt};

use crate::support::*;

fn with(extension: Override) -> Request<Body> {
    request().extension(extension).body(Body::empty()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn ic23_a_request_can_go_without_auth() {
    let issuer = Issuer::new([Fetch::Endless]);
    let api = Api::accepting(2);
    let key = Credential::api_key("x-api-key", "k").unwrap();
    let service = layer(usual(&issuer).and(key)).layer(api.server.clone());
    let response = send(&service, with(Override::without_auth()))
        .await
        .unwrap();
    assert_eq!(response.status(), 401, "and its rejection is the answer");
    let call = api.server.calls().remove(0);
    assert_eq!(
        (call.header("authorization"), call.header("x-api-key")),
        (None, None)
    );
    assert_eq!(issuer.fetches(), 0);
}

#[tokio::test(start_paused = true)]
async fn ic23_an_empty_authorization_of_the_request_stays() {
    let server = Scripted::new([Step::ok()]);
    let service = layer(Credential::bearer("t").unwrap()).layer(server.clone());
    let request = request().header("authorization", "").body(Body::empty());
    send(&service, request.unwrap()).await.unwrap();
    assert_eq!(server.calls()[0].header("authorization"), Some(""));
}

#[tokio::test(start_paused = true)]
async fn a_request_can_have_other_credentials_of_either_sort() {
    let issuer = Issuer::new([Fetch::Endless]);
    let api = Api::accepting(2);
    let service = layer(Credential::api_key("x-api-key", "k").unwrap());
    let service = service.layer(api.server.clone());
    let fixed = Override::with(Credential::bearer(secret(9)).unwrap());
    assert_eq!(send(&service, with(fixed)).await.unwrap().status(), 200);
    let dynamic = Override::with(usual(&issuer));
    assert_eq!(send(&service, with(dynamic)).await.unwrap().status(), 200);
    assert_eq!(api.carried(), [9, 1, 2], "with its own replay");
    assert!(
        api.server
            .calls()
            .iter()
            .all(|call| call.header("x-api-key").is_none())
    );
}

#[tokio::test(start_paused = true)]
async fn other_credentials_are_bound_to_the_same_origins() {
    let server = Scripted::new([Step::ok()]);
    let service = layer(Credential::bearer("a").unwrap()).layer(server.clone());
    let other = Override::with(Credential::bearer("b").unwrap());
    let request = Request::get("https://evil.example/").extension(other);
    send(&service, request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(server.calls()[0].header("authorization"), None);
}

#[tokio::test(start_paused = true)]
async fn whose_credentials_they_are_is_told_inwards_on_demand() {
    let partition = async |layer: AuthLayer, request: Request<Body>| {
        let server = Scripted::new([Step::ok()]);
        layer.layer(server.clone()).oneshot(request).await.unwrap();
        server.calls()[0].extensions.get::<Partition>().cloned()
    };
    let ours = Partition::named("ours");
    let plain = layer(Credential::bearer("a").unwrap());
    let named = plain.clone().partition(ours.clone());
    assert_eq!(partition(plain, get()).await, None);
    assert_eq!(partition(named.clone(), get()).await, Some(ours));

    let own = Partition::named("own");
    let with_own = request()
        .extension(own.clone())
        .body(Body::empty())
        .unwrap();
    assert_eq!(partition(named.clone(), with_own).await, Some(own));

    let other = Override::with(Credential::bearer("b").unwrap());
    assert_eq!(
        partition(named.clone(), with(other)).await,
        None,
        "not theirs"
    );
    let elsewhere = Request::get("https://evil.example/")
        .body(Body::empty())
        .unwrap();
    assert_eq!(partition(named, elsewhere).await, None);
    let _ = Origins::any();
}

#[tokio::test(start_paused = true)]
async fn a_request_can_have_its_own_replaced_or_kept() {
    let credential = Credential::bearer("t").unwrap();
    let key = Credential::api_key("x-api-key", "k").unwrap();
    let both = || credential.clone().and(key.clone());
    let own = |extension: Override| {
        let request = request()
            .header("authorization", "own")
            .header("x-api-key", "own");
        request.extension(extension).body(Body::empty()).unwrap()
    };
    let replaced = ("Bearer t", "k");
    let kept = ("own", "own");
    for (of_layer, of_request, expected) in [
        (false, Override::default(), kept),
        (true, Override::default(), replaced),
        (false, Override::default().overwrite(true), replaced),
        (true, Override::default().overwrite(false), kept),
        (false, Override::with(both()).overwrite(true), replaced),
        (true, Override::with(both()), replaced),
        (true, Override::without_auth().overwrite(true), kept),
    ] {
        let server = Scripted::new([Step::ok()]);
        let service = layer(both()).overwrite(of_layer).layer(server.clone());
        send(&service, own(of_request.clone())).await.unwrap();
        let call = server.calls().remove(0);
        let sent = ["authorization", "x-api-key"].map(|name| call.header(name).unwrap().to_owned());
        assert_eq!(
            (&*sent[0], &*sent[1]),
            expected,
            "{of_layer} {of_request:?}"
        );
    }
}
