//! Which calls share a circuit, and how long it is kept.

use buttress_circuit_breaker::{CircuitOpen, State};
use buttress_kernel::key::{self, ByRoute, Header};
use buttress_kernel::{Body, Failure};
use buttress_testkit::{Scripted, Step};
use http::Request;
use tokio::time::advance;
use tower::{Layer, Service, ServiceExt};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn trap12_each_authority_has_a_circuit_of_its_own() {
    let layer = builder().build().unwrap();
    let (service, _) = over(&layer, [500]);
    statuses(&service, 5).await;
    assert_eq!(status(&service).await, 0);
    send(&service, get("https://elsewhere/")).await.unwrap();
    send(&service, get("https://api.example.com:8443/"))
        .await
        .unwrap();
    send(&service, get("http://api.example.com:443/"))
        .await
        .unwrap();
    for same in [
        "https://API.example.com/other",
        "https://api.example.com:443/",
        "http://api.example.com:80/",
        "https://user:secret@api.example.com/",
    ] {
        refused(send(&service, get(same)).await);
    }
}

#[tokio::test(start_paused = true)]
async fn one_service_keeps_its_circuits_apart() {
    let layer = builder().build().unwrap();
    let (mut service, _) = over(&layer, [500]);
    let uris = ["https://a/", "https://b/", "http://a:443/", "https://A/"];
    for round in 0..3 {
        for uri in uris {
            let ready: &mut Broken = ServiceExt::<Request<Body>>::ready(&mut service)
                .await
                .unwrap();
            let end = ready.call(get(uri)).await;
            // Two of the four are the same: five failures are there in the third round.
            let refuses = round == 2 && uri == "https://A/";
            assert_eq!(end.is_err(), refuses, "{uri} in round {round}");
        }
    }
    assert_eq!(layer.handle().circuits(), 3);
}

#[tokio::test(start_paused = true)]
async fn one_service_keeps_circuits_of_other_keys_apart() {
    let key = Header("x-tenant".parse().unwrap());
    let layer = builder().key(key).build().unwrap();
    let mut service = layer.layer(Scripted::new([Step::ok()]));
    for tenant in ["blue", "red", "blue", "green", "green"] {
        let mut request = api();
        let headers = request.headers_mut();
        headers.insert("x-tenant", tenant.parse().unwrap());
        let ready = ServiceExt::<Request<Body>>::ready(&mut service);
        ready.await.unwrap().call(request).await.unwrap();
    }
    assert_eq!(layer.handle().circuits(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_port_that_one_scheme_implies_is_another_server_under_another_scheme() {
    for uris in [
        ["https://a:443/", "http://a:443/"],
        ["https://a:443/", "ftp://a:443/"],
        ["http://a:80/", "https://a:80/"],
        ["http://a:80/", "ftp://a:80/"],
    ] {
        let layer = builder().build().unwrap();
        let (mut service, _) = over(&layer, [200]);
        for uri in [uris, uris].concat() {
            let ready: &mut Broken = ServiceExt::<Request<Body>>::ready(&mut service)
                .await
                .unwrap();
            ready.call(get(uri)).await.unwrap();
        }
        assert_eq!(layer.handle().circuits(), 2, "{uris:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_relative_request_is_known_by_its_host() {
    let layer = builder().build().unwrap();
    let (service, _) = over(&layer, [500]);
    statuses(&service, 5).await;
    let mut request = get("/a");
    request.headers_mut().insert("host", API.parse().unwrap());
    refused(send(&service, request).await);
}

#[tokio::test(start_paused = true)]
async fn anything_else_can_be_the_key() {
    let by_header = builder()
        .key(Header("x-tenant".parse().unwrap()))
        .build()
        .unwrap();
    let by_path = builder()
        .key(key::from_fn(|request: &Request<Body>| {
            request.uri().path().to_owned()
        }))
        .build()
        .unwrap();
    let by_route = builder().key(ByRoute).build().unwrap();
    let server = || Scripted::new([Step::status(500)]);
    let request = |name: &'static str| {
        let mut request = get(&format!("https://{API}/{name}"));
        request
            .headers_mut()
            .insert("x-tenant", name.parse().unwrap());
        request.extensions_mut().insert(key::Route(name.into()));
        request
    };
    macro_rules! keeps_apart {
        ($layer:expr, $key:expr) => {
            let service = $layer.layer(server());
            for _ in 0..5 {
                service.clone().oneshot(request("a")).await.unwrap();
            }
            let open = refused(service.clone().oneshot(request("a")).await);
            assert_eq!(open.key().as_str(), $key);
            service.oneshot(request("b")).await.unwrap();
        };
    }
    keeps_apart!(by_header, "a");
    keeps_apart!(by_path, "/a");
    keeps_apart!(by_route, "a");
}

#[tokio::test(start_paused = true)]
async fn trap4_all_services_of_a_layer_share_its_circuits() {
    let layer = builder().build().unwrap();
    let services: Vec<_> = [layer.clone(), layer.clone(), layer]
        .iter()
        .flat_map(|layer| {
            let service = layer.layer(Scripted::new([Step::status(500)]));
            [service.clone(), service]
        })
        .collect();
    for service in &services[..5] {
        assert_eq!(status(service).await, 500);
    }
    for service in &services {
        assert_eq!(status(service).await, 0);
    }
}

async fn visit(service: &Broken, hosts: std::ops::Range<u32>) {
    for host in hosts {
        send(service, get(&format!("https://host-{host}/")))
            .await
            .unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn circuits_that_nobody_uses_are_forgotten() {
    let layer = builder().idle_after(secs(100)).build().unwrap();
    let (service, _) = over(&layer, [200]);
    visit(&service, 0..500).await;
    assert_eq!(layer.handle().circuits(), 500);
    advance(secs(60)).await;
    visit(&service, 0..10).await;
    advance(secs(60)).await;
    // The first of all is known to every clone of the service, and stays.
    assert_eq!(layer.handle().circuits(), 10);
    advance(secs(100)).await;
    assert_eq!(layer.handle().circuits(), 1);
}

#[tokio::test(start_paused = true)]
async fn they_are_forgotten_though_only_one_is_called_again_and_again() {
    let layer = builder().idle_after(secs(100)).build().unwrap();
    let (mut service, _) = over(&layer, [200]);
    visit(&service, 0..500).await;
    for _ in 0..200 {
        advance(secs(3)).await;
        let ready: &mut Broken = ServiceExt::<Request<Body>>::ready(&mut service)
            .await
            .unwrap();
        ready.call(get("https://host-0/")).await.unwrap();
    }
    assert_eq!(
        layer.handle().states().len(),
        1,
        "which forgets nothing by itself"
    );
}

#[tokio::test(start_paused = true)]
async fn a_circuit_is_not_forgotten_while_it_is_open_set_or_in_use() {
    let layer = builder()
        .open_for(secs(500))
        .idle_after(secs(100))
        .build()
        .unwrap();
    let steps = [
        vec![Step::ok()],
        vec![Step::status(500); 5],
        vec![Step::hang()],
    ];
    let service = layer.layer(Scripted::new(steps.concat()));
    visit(&service, 0..1).await;
    for _ in 0..5 {
        send(&service, get("https://open/")).await.unwrap();
    }
    layer.handle().force_closed("set");
    let _call = begin(&service).await;
    advance(secs(450)).await;
    assert_eq!(layer.handle().circuits(), 4);
    assert_eq!(layer.handle().state("set"), State::ForcedClosed);
    advance(secs(150)).await;
    assert_eq!(layer.handle().circuits(), 3, "open for 500 s, idle for 100");
}

#[tokio::test(start_paused = true)]
async fn beyond_the_most_circuits_calls_pass_without_one() {
    // Eight a shard: the few circuits that the service itself remembers cannot fill one.
    let layer = builder()
        .max_keys(128)
        .idle_after(secs(60))
        .build()
        .unwrap();
    let (service, _) = over(&layer, [500]);
    visit(&service, 0..1_000).await;
    let kept = layer.handle().circuits();
    assert!(kept <= 128, "{kept}");
    let without = (0..1_000).map(|host| format!("host-{host}"));
    let known = layer.handle().states();
    let without: Vec<_> = without
        .filter(|host| known.iter().all(|(key, _)| key.as_str() != host))
        .collect();
    for _ in 0..10 {
        send(&service, get(&format!("https://{}/", without[0])))
            .await
            .unwrap();
    }
    advance(secs(120)).await;
    for _ in 0..5 {
        send(&service, get(&format!("https://{}/", without[1])))
            .await
            .unwrap();
    }
    let end = send(&service, get(&format!("https://{}/", without[1]))).await;
    let error = end.expect_err("there is room again");
    assert!(Failure::of(&*error).find::<CircuitOpen>().is_some());
}
