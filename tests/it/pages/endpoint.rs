//! Pages of an endpoint, and of lists in envelopes.

use buttress::envelope::Pointers;
use buttress::{Endpoint, Options, pages};
use buttress_testkit::Step;
use http::Method;
use serde::{Deserialize, Serialize};

use super::{asked, scripted};

struct Users {
    team: &'static str,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Refusal {
    reason: String,
}

impl Endpoint for Users {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/teams/{team}/users";
    const OPTIONS: Options = Options::new().optional().limit(64);
    type Ok = Vec<u8>;
    type Err = Refusal;

    fn path(&self) -> impl Serialize {
        [("team", self.team)]
    }

    fn query(&self) -> impl Serialize {
        [("active", true)]
    }
}

#[tokio::test]
async fn ap25_an_endpoint_is_read_page_by_page_with_its_options_and_errors() {
    let (client, server) = scripted([
        Step::ok()
            .header("link", "<?after=2>; rel=next")
            .body("[1,2]"),
        Step::status(403).body(r#"{"reason":"not yours"}"#),
    ]);
    let list = client
        .endpoint(&Users { team: "a/b" })
        .paginate(pages::Link::new());
    let mut all = Vec::<u8>::new();
    let error = list.items::<u8>().collect_into(&mut all).await.unwrap_err();
    assert_eq!(all, [1, 2]);
    assert_eq!(
        error.body(),
        Some(&Refusal {
            reason: "not yours".into()
        })
    );
    assert_eq!(
        asked(&server),
        [
            "/v1/teams/a%2Fb/users?active=true",
            "/v1/teams/a%2Fb/users?after=2"
        ]
    );
}

#[tokio::test]
async fn sp19_a_page_that_is_gone_from_the_middle_is_an_error() {
    let (client, _) = scripted([
        Step::ok()
            .header("link", "<?after=2>; rel=next")
            .body("[1]"),
        Step::status(404),
    ]);
    let list = client
        .endpoint(&Users { team: "a" })
        .paginate(pages::Link::new());
    let mut all = Vec::<u8>::new();
    let error = list.items::<u8>().collect_into(&mut all).await.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(all, [1]);
}

#[tokio::test]
async fn sp19_a_list_that_need_not_be_there_has_no_items() {
    let (client, _) = scripted([Step::status(404)]);
    let list = client
        .endpoint(&Users { team: "a" })
        .paginate(pages::Link::new());
    let page = list.first::<u8>().await.unwrap();
    assert_eq!((page.items().len(), page.status().as_u16()), (0, 404));
    assert!(page.headers().is_none() && page.next().await.unwrap().is_none());
}

#[tokio::test]
async fn the_limit_of_an_endpoint_holds_for_each_page() {
    let (client, _) = scripted([Step::ok().body(format!("[{}1]", "1,".repeat(32)))]);
    let list = client
        .endpoint(&Users { team: "a" })
        .paginate(pages::Link::new());
    assert!(list.first::<u8>().await.unwrap_err().is_too_large());
}

#[tokio::test]
async fn w53_what_a_request_says_of_absence_and_limits_holds_for_its_pages() {
    let big = format!("[{}1]", "1,".repeat(32));
    let (client, _) = scripted([
        Step::status(404),
        Step::ok().body(big.clone()),
        Step::ok().body(big.clone()),
        Step::ok().body(big),
    ]);
    let list = client.get("/l").optional().paginate(pages::Link::new());
    assert_eq!(list.first::<u8>().await.unwrap().status(), 404);
    let small = || client.get("/l").limit(8).paginate(pages::Link::new());
    assert!(small().first::<u8>().await.unwrap_err().is_too_large());
    let page = small().limit(100).first::<u8>().await.unwrap();
    assert_eq!(page.items().len(), 33);
    // What one call of an endpoint says goes before what the endpoint says.
    let call = client.endpoint(&Users { team: "a" });
    let list = call
        .with(|request| request.limit(100))
        .paginate(pages::Link::new());
    assert_eq!(list.first::<u8>().await.unwrap().items().len(), 33);
}

#[tokio::test]
async fn ic65_items_come_out_of_an_envelope_and_so_does_an_error() {
    let envelope = Pointers::new()
        .content("/result/rows".parse().unwrap())
        .flag("/ok".parse().unwrap())
        .message("/why".parse().unwrap());
    let (client, _) = scripted([
        Step::ok().body(r#"{"ok":true,"result":{"rows":[1]},"nextCursor":"a"}"#),
        Step::ok().body(r#"{"ok":false,"why":"too late"}"#),
        Step::status(500).body(r#"{"ok":false,"why":"broken"}"#),
        Step::ok().body(r#"{"ok":true,"result":{}}"#),
        Step::ok().body(r#"{"ok":true,"result":{"rows":{}}}"#),
    ]);
    let list = || {
        client
            .get("/l")
            .paginate(pages::Cursor::new())
            .envelope(envelope.clone())
    };
    let mut all = Vec::<u8>::new();
    let error = list()
        .items::<u8>()
        .collect_into(&mut all)
        .await
        .unwrap_err();
    assert_eq!(all, [1]);
    assert_eq!(error.api().unwrap().message(), Some("too late"));
    assert_eq!(error.page().unwrap().number(), 2);
    let error = list().first::<u8>().await.unwrap_err();
    assert!(error.is_server());
    assert_eq!(error.api().unwrap().message(), Some("broken"));
    let error = list().first::<u8>().await.unwrap_err();
    assert!(error.is_decode());
    let error = list().first::<u8>().await.unwrap_err();
    assert!(
        error.is_decode() && error.to_string().contains("expected a sequence"),
        "{error}"
    );
}
