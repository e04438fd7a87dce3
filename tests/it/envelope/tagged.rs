//! The tagged envelope over the wire: requests, answers, errors, what is included.

use buttress::envelope::Enveloped;
use buttress::envelope::tagged::{
    Answer, Collection, CollectionParams, Data, Document, FilterEncoding, Identified, Include,
    Null, Obstruction, Resource, Single, Sort, Tagged,
};
use buttress::{Client, Endpoint, ErrorKind, NoContent, Payload};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{answered, kind, opened};

fn query(parameters: &impl Serialize) -> String {
    let client = Client::builder().base_uri("http://h").build().unwrap();
    let request = client.get("/a").query(parameters).build().unwrap();
    request.uri().query().unwrap_or_default().to_owned()
}

#[test]
fn ap12_what_is_not_asked_for_is_not_sent() {
    assert_eq!(query(&CollectionParams::new()), "");
    let empty = CollectionParams::new()
        .cursor("")
        .sort(Sort::new())
        .include(Include::new());
    assert_eq!(query(&empty), "");
    let sort = Sort::from("-a,+b");
    let all = CollectionParams::default()
        .size(0)
        .cursor("c")
        .sort(sort)
        .include(Include::new().path("x"));
    let all = query(&all.filter((), FilterEncoding::Bracketed));
    assert_eq!(
        all,
        "pg%5Bsize%5D=0&pg%5Bcursor%5D=c&sort=-a%2C%2Bb&include=x"
    );
}

#[test]
fn ap13_keys_and_values_are_encoded_once() {
    let asked = CollectionParams::new().size(25).cursor("bnVtOjY=");
    assert_eq!(query(&asked), "pg%5Bsize%5D=25&pg%5Bcursor%5D=bnVtOjY%3D");
    let odd = CollectionParams::new().cursor("a&b\r\n%2f");
    assert_eq!(query(&odd), "pg%5Bcursor%5D=a%26b%0D%0A%252f");
}

#[test]
fn ap14_sort_is_a_list_with_signs() {
    let sort = Sort::new().descending("createdDate").ascending("name");
    assert_eq!(
        query(&CollectionParams::new().sort(sort)),
        "sort=-createdDate%2Cname"
    );
    assert_eq!(query(&CollectionParams::new().sort("+a")), "sort=%2Ba");
}

#[test]
fn ap15_include_is_a_list_of_paths() {
    let include = Include::new().path("pets.vet").path("address");
    assert_eq!(
        query(&CollectionParams::new().include(include)),
        "include=pets.vet%2Caddress"
    );
}

#[test]
fn ap16_w26_a_filter_is_written_in_brackets_or_as_json() {
    #[derive(Serialize)]
    struct Filter {
        age: u8,
        name: &'static str,
        pet: Pet,
    }
    #[derive(Serialize)]
    struct Pet {
        kind: &'static str,
    }
    let filter = || Filter {
        age: 0,
        name: "a&b",
        pet: Pet { kind: "dog" },
    };
    let in_brackets = CollectionParams::new().filter(filter(), FilterEncoding::Bracketed);
    assert_eq!(
        query(&in_brackets),
        "filter%5Bage%5D=0&filter%5Bname%5D=a%26b&filter%5Bpet%5D%5Bkind%5D=dog"
    );
    let as_json = CollectionParams::new().filter(filter(), FilterEncoding::Json);
    assert_eq!(
        query(&as_json),
        "filter=%7B%22age%22%3A0%2C%22name%22%3A%22a%26b%22%2C%22pet%22%3A%7B%22kind%22%3A%22dog%22%7D%7D"
    );
    let unwritable = std::collections::BTreeMap::from([(vec![1], 1)]);
    let unwritable = CollectionParams::new().filter(unwritable, FilterEncoding::Json);
    let client = Client::builder().base_uri("http://h").build().unwrap();
    assert!(
        client
            .get("/a")
            .query(&unwritable)
            .build()
            .unwrap_err()
            .is_request()
    );
}

#[derive(Debug, Deserialize, PartialEq)]
struct Pet {
    name: String,
}

impl Resource for Pet {
    const TYPE: &'static str = "pets";
}

#[test]
fn ap23_w29_included_resources_are_found_by_id_by_type_and_by_both() {
    let body = json!({"t": "single", "data": 1, "included": [
        {"id": "1", "type": "users", "name": "Ada"},
        {"id": "1", "type": "pets", "name": "Rex"},
        {"id": "2", "type": "pets", "name": "Tom"},
        {"odd": true},
    ]});
    let single: Single<u8> = serde_json::from_value(body).unwrap();
    let included = single.included();
    assert_eq!(included.as_slice().len(), 4);
    assert_eq!(included.by_id("1").unwrap().kind(), Some("users"));
    assert_eq!(included.get("pets", "1").unwrap()["name"], "Rex");
    assert_eq!(included.get("users", "2"), None);
    let pets: Vec<_> = included
        .by_type("pets")
        .filter_map(Identified::id)
        .collect();
    assert_eq!(pets, ["1", "2"]);
    assert_eq!(included.find::<Pet>("2").unwrap().unwrap().name, "Tom");
    assert_eq!(included.find::<Pet>("3").unwrap(), None);
    assert_eq!(included.all::<Pet>().unwrap().len(), 2);
    let absent: Single<u8> = Single::new(1);
    assert_eq!(absent.included().by_type("pets").count(), 0);
    assert!(absent.included().all::<Pet>().unwrap().is_empty());
}

#[test]
fn ap23_an_included_resource_that_is_no_such_thing_is_an_error() {
    let pg = json!({"size": 1, "nextCursor": null, "prevCursor": null});
    let body = json!({"t": "collection", "data": [], "meta": {"pg": pg}, "included": [{"id": "1", "type": "pets"}]});
    let list: Collection<u8> = serde_json::from_value(body).unwrap();
    list.included().find::<Pet>("1").unwrap_err();
    list.included().all::<Pet>().unwrap_err();
}

#[test]
fn ap23_ic71_what_is_wrong_with_an_included_resource_is_told_by_its_place_alone() {
    let body = json!({"t": "single", "data": 1, "included": [
        {"id": "1", "type": "users"},
        {"id": "2", "type": "pets", "name": ["s3cret"]},
        {"id": "3", "type": "pets"},
    ]});
    let single: Single<u8> = serde_json::from_value(body).unwrap();
    let error = single.included().find::<Pet>("2").unwrap_err();
    assert_eq!(error.path(), "included[1].name");
    assert_eq!(
        error.to_string(),
        "an included resource is not what was expected: at `included[1].name`, expected a string"
    );
    assert!(!format!("{error:?}").contains("s3cret"));
    let error = single.included().find::<Pet>("3").unwrap_err();
    assert_eq!(error.path(), "included[2]");
    assert!(
        error.to_string().ends_with("missing field `name`"),
        "{error}"
    );
    let error = single.included().all::<Pet>().unwrap_err();
    assert_eq!(error.path(), "included[1].name");
}

#[tokio::test]
async fn ap24_the_type_that_is_asked_for_decides_of_the_shape() {
    let single = json!({"t": "single", "data": {"name": "Rex"}});
    let pg = json!({"size": 1, "nextCursor": null, "prevCursor": null});
    let list = json!({"t": "collection", "data": [{"name": "Rex"}], "meta": {"pg": pg}});
    let null = json!({"t": "null", "data": null});
    assert_eq!(
        opened::<Pet>(&Tagged, 200, &single).await.unwrap().name,
        "Rex"
    );
    assert_eq!(
        opened::<Vec<Pet>>(&Tagged, 200, &list).await.unwrap().len(),
        1
    );
    opened::<()>(&Tagged, 200, &null).await.unwrap();
    assert_eq!(
        opened::<Option<Pet>>(&Tagged, 200, &null).await.unwrap(),
        None
    );
    assert_eq!(
        kind(opened::<Pet>(&Tagged, 200, &list).await),
        ErrorKind::Decode
    );
    assert_eq!(
        kind(opened::<Vec<Pet>>(&Tagged, 200, &single).await),
        ErrorKind::Decode
    );
    assert_eq!(
        kind(opened::<Pet>(&Tagged, 200, &null).await),
        ErrorKind::Decode
    );
    assert_eq!(
        kind(opened::<()>(&Tagged, 200, &json!({"t": "null"})).await),
        ErrorKind::Decode
    );
    assert!(opened::<Null>(&Document, 200, &null).await.is_ok());
    let any = opened::<Answer>(&Document, 200, &single).await.unwrap();
    assert!(matches!(any, Answer::Single(_)));
}

struct CreatePet {
    name: &'static str,
}

impl Endpoint for CreatePet {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/pets";
    type Ok = Enveloped<Pet, Tagged>;
    type Err = NoContent;

    fn body(&self) -> Payload {
        Payload::json(&Data::new(json!({"name": self.name})))
    }
}

#[tokio::test]
async fn ap24_ap25_an_endpoint_wraps_what_it_sends_and_unwraps_what_comes() {
    let server = buttress_testkit::Scripted::new([
        buttress_testkit::Step::status(201).body(r#"{"t":"single","data":{"name":"Rex"}}"#)
    ]);
    let builder = Client::builder().base_uri("http://h");
    let client = builder.build_over(server.collecting()).unwrap();
    let pet = client.call(CreatePet { name: "Rex" }).await.unwrap();
    assert_eq!(
        (pet.status().as_u16(), pet.body().name.as_str()),
        (201, "Rex")
    );
    assert_eq!(server.calls()[0].body, r#"{"data":{"name":"Rex"}}"#);
}

#[tokio::test]
async fn d06_sp19_a_404_is_none_in_an_envelope_where_it_is_asked_for() {
    let body = json!({"t": "error", "error": {"title": "x", "status": 404, "detail": "d"}});
    let client = answered(404, &body.to_string());
    let asked = || client.get("/pets/1").optional().send();
    let none = asked()
        .await
        .unwrap()
        .decode::<Enveloped<Option<Pet>, Tagged>>();
    assert_eq!(none.await.unwrap().into_body().into_inner(), None);
    let none = asked()
        .await
        .unwrap()
        .open::<Option<Pet>>(&Tagged)
        .await
        .unwrap();
    assert_eq!((none.status().as_u16(), none.body()), (404, &None));
    // What cannot be nothing, and what was not asked for, is an error as before.
    let error = asked()
        .await
        .unwrap()
        .open::<Pet>(&Tagged)
        .await
        .unwrap_err();
    assert_eq!(error.api().unwrap().message(), Some("d"));
    let error = asked()
        .await
        .unwrap()
        .decode::<Enveloped<Pet, Tagged>>()
        .await;
    assert!(error.unwrap_err().is_not_found());
    let response = client.get("/pets/1").send().await.unwrap();
    let error = response.open::<Option<Pet>>(&Tagged).await.unwrap_err();
    assert!(error.is_not_found());
}

#[tokio::test]
async fn ap05_ap26_an_error_is_raised_with_status_code_detail_and_obstructions() {
    let body = json!({"t": "error", "error": {
        "title": "Bad Request", "code": "E7", "status": 400, "detail": "No name",
        "obstructions": [{"code": "name", "text": "A pet needs a name", "params": {"min": 1}}]
    }});
    for status in [200, 400] {
        let error = answered(status, &body.to_string())
            .call(CreatePet { name: "" })
            .await
            .unwrap_err();
        assert!(error.is_validation(), "{error}");
        let told = error.api().unwrap();
        assert_eq!(told.status().unwrap().as_u16(), 400);
        assert_eq!(
            (told.code(), told.title()),
            (Some("E7"), Some("Bad Request"))
        );
        assert_eq!(told.message(), Some("No name"));
        let obstructions: Vec<Obstruction<Value>> = told.obstructions();
        assert_eq!(obstructions[0].code, "name");
        assert_eq!(obstructions[0].data, Some(json!({"min": 1})));
        assert!(told.obstructions::<u8>().is_empty());
    }
    let error = opened::<Single<Pet>>(&Document, 200, &body)
        .await
        .unwrap_err();
    assert!(error.is_validation());
}

#[tokio::test]
async fn ap05_an_error_without_obstructions_has_none() {
    let body =
        json!({"t": "error", "error": {"title": "t", "code": null, "status": 503, "detail": "d"}});
    let error = opened::<Pet>(&Tagged, 200, &body).await.unwrap_err();
    assert!(error.is_server());
    assert_eq!(error.api().unwrap().code(), None);
    assert!(error.api().unwrap().obstructions::<Value>().is_empty());
}
