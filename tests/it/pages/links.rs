//! `Link` headers, and where they may lead.

use buttress::pages;
use buttress_testkit::{Call, Scripted, Step};

use super::{asked, scripted, served, served_with};

fn linked(link: &str) -> Step {
    Step::ok().header("link", link).body("[1]")
}

#[tokio::test]
async fn a_link_is_resolved_against_the_page_and_followed_as_it_is() {
    let (client, server) = scripted([
        linked(r#"<?page=2>; rel="last next""#).header("x-total-count", "3"),
        linked("<../v2/users%2Fx?page=3&q=a%20b#frag>; REL=Next; title=\"x, <y>; rel=next\""),
        linked("</elsewhere>; rel=prev, </about>; rel=next; anchor=\"/other\""),
    ]);
    let request = client
        .get("/users")
        .query(&[("q", "a b")])
        .header("x-tenant", "7");
    let mut items = request
        .paginate(pages::Link::new().size(1))
        .allow_equal_pages()
        .items::<u8>();
    let mut all = Vec::new();
    items.collect_into(&mut all).await.unwrap();
    assert_eq!((all.len(), items.total()), (3, Some(3)));
    assert_eq!(
        asked(&server),
        [
            "/v1/users?q=a%20b&limit=1",
            "/v1/users?page=2",
            "/v2/users%2Fx?page=3&q=a%20b"
        ]
    );
    for call in server.calls() {
        assert_eq!(
            call.header("x-tenant"),
            Some("7"),
            "the request stays what it was"
        );
    }
}

#[tokio::test]
async fn several_headers_and_an_anchor_at_the_page_itself_are_understood() {
    let step = linked("<a>; rel=prev").header(
        "link",
        "<b>; rel=next; anchor=\"/v1/x?limit=1\", <c>; rel=previous",
    );
    let (client, _) = scripted([step]);
    let list = client.get("/x").paginate(pages::Link::new().size(1));
    let page = list.first::<u8>().await.unwrap();
    assert_eq!(
        page.next_position().unwrap().to_string(),
        "http://api.example/v1/b"
    );
    assert_eq!(
        page.prev_position().unwrap().to_string(),
        "http://api.example/v1/a"
    );
}

#[tokio::test]
async fn a_link_that_is_no_uri_is_an_error_and_a_total_that_is_no_number_is_none() {
    for link in [
        "<ftp://h/>; rel=next",
        "</a\\b>; rel=next",
        "<//u:p@h/>; rel=next",
    ] {
        let (client, _) = scripted([linked(link)]);
        let list = client.get("/x").paginate(pages::Link::new());
        let page = list.first::<u8>().await.unwrap();
        assert!(page.next().await.unwrap_err().is_decode(), "{link}");
    }
    let (client, _) = scripted([Step::ok().header("x-total", "many").body("[]")]);
    let page = client
        .get("/x")
        .paginate(pages::Link::new())
        .first::<u8>()
        .await
        .unwrap();
    assert_eq!(page.total(), None);
}

fn leads_to(next: &'static str) -> impl Fn(&Call) -> (Vec<(&'static str, String)>, String) {
    move |call| match call.uri.path() {
        "/v1/x" => (
            vec![("link", format!("<{next}>; rel=next"))],
            "[1]".to_owned(),
        ),
        _ => (vec![], "[2]".to_owned()),
    }
}

#[tokio::test]
async fn a_page_at_another_origin_is_refused_unless_allowed() {
    for next in [
        "https://api.example/y",
        "http://api.example:81/y",
        "http://api.example.evil/y",
        "//evil/y",
    ] {
        let (client, server) = served(leads_to(next));
        let mut items = client.get("/x").paginate(pages::Link::new()).items::<u8>();
        assert_eq!(items.next().await.unwrap().unwrap(), 1);
        let error = items.next().await.unwrap().unwrap_err();
        assert!(
            error.is_astray() && error.to_string().contains("any_origin"),
            "{error}"
        );
        assert!(error.sent().is_provably_unsent());
        assert_eq!(server.calls().len(), 1, "{next}");
    }
}

async fn elsewhere(server: &Scripted, client: &buttress::Client) -> Call {
    let request = client
        .get("http://api.example/v1/x")
        .header("authorization", "Bearer s3cret")
        .header("x-secret", "s3cret")
        .header("accept", "application/json");
    let mut all = Vec::new();
    let list = request.paginate(pages::Link::new()).any_origin();
    list.items::<u8>().collect_into(&mut all).await.unwrap();
    assert_eq!(all, [1, 2]);
    let call = server.calls().remove(1);
    assert_eq!(call.uri, "http://other.example/y");
    call
}

#[tokio::test]
async fn another_origin_sees_no_credentials_and_no_header_of_ones_own() {
    let (client, server) = served_with(leads_to("http://other.example/y"), |builder| {
        builder
            .header("x-api-key", "s3cret")
            .header("x-tenant", "s3cret")
    });
    let call = elsewhere(&server, &client).await;
    let sent = format!("{:?}", call.headers);
    assert!(
        !sent.contains("s3cret") && !sent.contains("Sensitive"),
        "{sent}"
    );
    assert_eq!(call.header("accept"), Some("application/json"));
    assert_eq!(call.headers.len(), 1, "{sent}");
}

#[tokio::test]
async fn another_origin_sees_no_default_of_a_client_without_a_home() {
    let server = Scripted::new([
        linked("<http://other.example/y>; rel=next"),
        Step::ok().body("[2]"),
    ]);
    let builder = buttress::Client::builder()
        .retry(None)
        .header("x-tenant", "s3cret");
    let builder = builder.header("user-agent", "export/1");
    let client = builder.build_over(server.collecting()).unwrap();
    let call = elsewhere(&server, &client).await;
    assert_eq!(server.calls()[0].header("x-tenant"), Some("s3cret"));
    assert_eq!(call.header("x-tenant"), None);
    assert_eq!(call.header("user-agent"), Some("export/1"));
}

#[tokio::test]
async fn not_even_when_the_other_origin_is_the_clients_own() {
    let credential = buttress::Credential::bearer("s3cret").unwrap();
    let origins = buttress::auth::Origins::only("http://other.example").unwrap();
    let (client, server) = served_with(leads_to("http://other.example/y"), |builder| {
        let layer = buttress::AuthLayer::new(credential, origins);
        builder
            .base_uri("http://other.example")
            .auth(layer)
            .header("x-api-key", "s3cret")
    });
    let call = elsewhere(&server, &client).await;
    let sent = format!("{:?}", call.headers);
    assert!(
        !sent.contains("s3cret") && !sent.contains("Sensitive"),
        "{sent}"
    );
}
