//! The tagged envelope's shapes, exactly as they are on the wire.

use buttress::envelope::tagged::{
    Answer, Collection, CollectionMeta, Data, ErrorBody, Failure, Links, Null, Obstruction,
    OpaqueCursor, PageInfo, Resource, ResourceId, ServerParams, Single, ToMany, ToOne,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Reads what was written, and writes it again as it was.
fn same<T: Serialize + serde::de::DeserializeOwned>(document: &Value) -> T {
    let read: T = serde_json::from_value(document.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), *document);
    read
}

fn refused<T: serde::de::DeserializeOwned>(document: impl std::borrow::Borrow<Value>) -> String {
    let document = document.borrow();
    match serde_json::from_value::<T>(document.clone()) {
        Ok(_) => panic!("{document} is taken"),
        Err(error) => error.to_string(),
    }
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct User {
    name: String,
}

impl Resource for User {
    const TYPE: &'static str = "users";
}

fn pg() -> Value {
    json!({"size": 2, "nextCursor": "b", "prevCursor": null})
}

#[test]
fn ap01_four_shapes_are_told_apart_by_t() {
    type Any = Answer<u8>;
    let single = same::<Any>(&json!({"t": "single", "data": 1}));
    assert!(matches!(single, Answer::Single(single) if single.data == 1));
    let collection = same::<Any>(&json!({"t": "collection", "data": [1], "meta": {"pg": pg()}}));
    assert!(matches!(collection, Answer::Collection(list) if list.data == [1]));
    assert!(matches!(
        same::<Any>(&json!({"t": "null", "data": null})),
        Answer::Null(_)
    ));
    let error = json!({"t": "error", "error": {"title": "t", "status": 404, "detail": "d"}});
    assert!(matches!(same::<Any>(&error), Answer::Error(error) if error.error.status == 404));
    for wrong in [
        json!({"data": 1}),
        json!({"t": "Single", "data": 1}),
        json!({"t": 1}),
        json!([]),
    ] {
        assert!(refused::<Any>(wrong).contains("`t` is none of"));
    }
    assert!(refused::<Any>(json!({"t": "single", "data": "x"})).contains("expected u8"));
}

#[test]
fn ap01_a_shape_alone_insists_on_its_t() {
    assert!(refused::<Single<u8>>(json!({"t": "error", "data": 1})).contains("expected `single`"));
    assert!(refused::<Single<u8>>(json!({"data": 1})).contains("missing field `t`"));
    let list = json!({"t": "single", "data": [1], "meta": {"pg": pg()}});
    assert!(refused::<Collection<u8>>(list).contains("expected `collection`"));
    assert!(refused::<Null>(json!({"t": "single", "data": null})).contains("expected `null`"));
    assert!(
        refused::<Failure>(json!({"t": "null", "error": {"title": "", "status": 1, "detail": ""}}))
            .contains("expected `error`")
    );
}

#[test]
fn ap02_a_single_has_data_and_perhaps_included_and_meta() {
    let user: Single<User> = same(&json!({
        "t": "single", "data": {"name": "Ada"}, "included": [], "meta": {"a": 1}
    }));
    assert_eq!(user.data.name, "Ada");
    assert_eq!(user.included.unwrap().len(), 0);
    assert_eq!(user.meta.unwrap()["a"], 1);
    let alone: Single<u8> = same(&json!({"t": "single", "data": 1}));
    assert_eq!(alone, Single::new(1));
    refused::<Single<u8>>(json!({"t": "single"}));
    let nothing: Single<Option<u8>> = same(&json!({"t": "single", "data": null}));
    assert_eq!(nothing.data, None);
    assert!(refused::<Single<Option<u8>>>(json!({"t": "single"})).contains("missing field `data`"));
    assert!(refused::<Data<Option<u8>>>(json!({})).contains("missing field `data`"));
    assert_eq!(
        same::<Data<Option<u8>>>(&json!({"data": null})),
        Data::new(None)
    );
}

#[test]
fn ap03_a_collections_meta_is_the_callers_and_pg() {
    let list: Collection<u8> = same(&json!({
        "t": "collection", "data": [1, 2], "meta": {"pg": pg(), "took": 5}
    }));
    assert_eq!(list.meta.rest["took"], 5);
    assert_eq!(list.meta.pg.next_cursor, Some("b".into()));
    refused::<Collection<u8>>(json!({"t": "collection", "data": [1]}));
    refused::<Collection<u8>>(json!({"t": "collection", "data": [1], "meta": {}}));
    refused::<Collection<u8>>(json!({"t": "collection", "data": null, "meta": {"pg": pg()}}));

    #[derive(Debug, Deserialize, PartialEq, Serialize)]
    struct Took {
        took: u8,
    }
    let typed = json!({"t": "collection", "data": [], "meta": {"pg": pg(), "took": 5}});
    let typed: Collection<u8, Value, Took> = same(&typed);
    assert_eq!(typed.meta.rest, Took { took: 5 });
    let info = PageInfo {
        size: 2,
        next_cursor: Some("b".into()),
        ..PageInfo::default()
    };
    let made = Collection::<u8, Value, Took>::new(vec![], info.clone(), Took { took: 5 });
    assert_eq!(made, typed);
    let meta = CollectionMeta { pg: info, rest: () };
    assert_eq!(serde_json::to_value(meta).unwrap(), json!({"pg": pg()}));
}

#[test]
fn ap04_null_insists_on_null() {
    let nothing: Null = same(&json!({"t": "null", "data": null}));
    assert_eq!(nothing, Null::new());
    assert_eq!(
        same::<Null>(&json!({"t": "null", "data": null, "meta": {"a": 1}}))
            .meta
            .unwrap()["a"],
        1
    );
    refused::<Null>(json!({"t": "null"}));
    refused::<Null>(json!({"t": "null", "data": 0}));
    refused::<Null>(json!({"t": "null", "data": []}));
}

#[test]
fn ap05_an_error_has_title_code_status_detail_and_obstructions() {
    let document = json!({"t": "error", "error": {
        "title": "Bad Request", "code": "E1", "status": 400, "detail": "no",
        "obstructions": [{"code": "o", "text": "t", "data": {"n": 1}}]
    }, "meta": {"a": 1}});
    let failure: Failure = same(&document);
    assert_eq!(failure.error.code.as_deref(), Some("E1"));
    assert_eq!(failure.meta.unwrap()["a"], 1);
    let null =
        json!({"t": "error", "error": {"title": "t", "code": null, "status": 1, "detail": "d"}});
    let failure: Failure = serde_json::from_value(null).unwrap();
    assert_eq!(failure.error.code, None);
    for missing in ["title", "status", "detail"] {
        let mut body = document.clone();
        body["error"].as_object_mut().unwrap().remove(missing);
        assert!(refused::<Failure>(body).contains(missing));
    }
    let made = Failure::<Value>::new(ErrorBody {
        status: 404,
        ..ErrorBody::default()
    });
    let made = serde_json::to_value(made).unwrap();
    assert_eq!(
        made,
        json!({"t": "error", "error": {"title": "", "status": 404, "detail": ""}})
    );
}

#[test]
fn ap06_pg_keeps_its_nulls_and_takes_sort_or_none() {
    let both = json!({"size": 2, "nextCursor": null, "prevCursor": null});
    assert_eq!(same::<PageInfo>(&both).sort, None);
    let sorted = json!({"size": 0, "nextCursor": "n", "prevCursor": "p", "sort": "-a"});
    assert_eq!(same::<PageInfo>(&sorted).sort.as_deref(), Some("-a"));
    let null = json!({"size": 2, "nextCursor": null, "prevCursor": null, "sort": null});
    assert_eq!(serde_json::from_value::<PageInfo>(null).unwrap().sort, None);
    assert!(refused::<PageInfo>(json!({"size": 2, "prevCursor": null})).contains("nextCursor"));
    assert!(refused::<PageInfo>(json!({"size": 2, "nextCursor": null})).contains("prevCursor"));
    refused::<PageInfo>(json!({"size": -1, "nextCursor": null, "prevCursor": null}));
}

#[test]
fn ap07_w26_an_obstruction_has_data_or_params() {
    let data: Obstruction = same(&json!({"code": "c", "text": "t", "data": {"n": 1}}));
    let params = json!({"code": "c", "text": "t", "params": {"n": 1}});
    assert_eq!(serde_json::from_value::<Obstruction>(params).unwrap(), data);
    assert_eq!(
        same::<Obstruction>(&json!({"code": "c", "text": "t"})).data,
        None
    );
    let typed: Obstruction<Vec<u8>> = same(&json!({"code": "c", "text": "t", "data": [1]}));
    assert_eq!(typed.data, Some(vec![1]));
}

#[test]
fn ap08_each_part_has_a_type_of_its_own_and_a_default() {
    type Whole = Answer<User, User, Vec<u8>, String, Obstruction<u8>>;
    let single =
        json!({"t": "single", "data": {"name": "a"}, "included": [{"name": "b"}], "meta": [1]});
    assert!(matches!(same::<Whole>(&single), Answer::Single(_)));
    let error = json!({"t": "error", "error": {
        "title": "t", "status": 400, "detail": "d", "obstructions": [{"code": "c", "text": "t", "data": 7}]
    }, "meta": "m"});
    assert!(
        matches!(same::<Whole>(&error), Answer::Error(error) if error.meta.as_deref() == Some("m"))
    );
    assert!(matches!(
        same::<Answer>(&json!({"t": "single", "data": {}})),
        Answer::Single(_)
    ));
}

#[test]
fn ap09_an_identifier_insists_on_its_type() {
    let id: ResourceId<User> = same(&json!({"id": "7", "type": "users"}));
    assert_eq!((id.id.as_str(), id.clone()), ("7", ResourceId::new("7")));
    let error = refused::<ResourceId<User>>(json!({"id": "7", "type": "pets"}));
    assert!(error.contains("expected `users`"), "{error}");
    refused::<ResourceId<User>>(json!({"id": "7"}));
    refused::<ResourceId<User>>(json!({"id": 7, "type": "users"}));
}

#[test]
fn ap10_a_to_one_relation_is_null_only_where_it_may_be() {
    type One = ToOne<ResourceId<User>>;
    type Perhaps = ToOne<Option<ResourceId<User>>>;
    let id = json!({"id": "7", "type": "users"});
    let linked: One = same(&json!({"data": id, "links": {"self": "/users/7"}}));
    assert_eq!(
        linked.links,
        Some(Links {
            this: Some("/users/7".into())
        })
    );
    assert!(same::<Perhaps>(&json!({"data": id})).data.is_some());
    assert!(same::<Perhaps>(&json!({"data": null})).data.is_none());
    refused::<One>(json!({"data": null}));
    assert!(refused::<Perhaps>(json!({})).contains("missing field `data`"));
    assert!(
        same::<One>(&json!({"data": id, "links": {}}))
            .links
            .unwrap()
            .this
            .is_none()
    );
}

#[test]
fn ap11_a_to_many_relation_that_is_null_is_not_loaded() {
    let unloaded: ToMany<User> = same(&json!({"data": null, "links": {"self": "/x"}}));
    assert!(!unloaded.is_loaded());
    let none: ToMany<User> = same(&json!({"data": []}));
    assert!(none.is_loaded());
    assert_ne!(unloaded.data, none.data);
    let some: ToMany<User> =
        same(&json!({"data": [{"id": "1", "type": "users"}], "meta": {"pg": pg()}}));
    assert_eq!(some.meta.unwrap().pg.unwrap().size, 2);
    for meta in [
        json!({}),
        json!({"count": 3}),
        json!({"count": 3, "pg": pg()}),
    ] {
        let relation: ToMany<User> = same(&json!({"data": null, "meta": meta}));
        let told = relation.meta.unwrap();
        assert_eq!(told.pg.is_some(), meta.get("pg").is_some());
        assert_eq!(told.rest.get("count"), meta.get("count"));
    }
    assert!(refused::<ToMany<User>>(json!({})).contains("missing field `data`"));
}

#[test]
fn ap17_the_servers_end_has_names_of_its_own() {
    let asked =
        ServerParams::parse("pg%5Bsize%5D=25&pg[cursor]=bnVtOjY%3D&sort=-a%2C%2Bb").unwrap();
    assert_eq!(
        serde_json::to_value(&asked).unwrap(),
        json!({"__pg": {"size": 25, "cursor": "bnVtOjY="}, "__sort": "-a,+b"})
    );
    let bare = ServerParams::parse("pg[size]=1").unwrap();
    assert_eq!(
        serde_json::to_value(&bare).unwrap(),
        json!({"__pg": {"size": 1, "cursor": null}})
    );
    assert_eq!(ServerParams::parse("").unwrap(), ServerParams::default());
    assert_eq!(
        ServerParams::parse("pg[cursor]=&sort=").unwrap(),
        ServerParams::default()
    );
    assert_eq!(
        same::<ServerParams>(&json!({"__sort": "a"}))
            .sort
            .as_deref(),
        Some("a")
    );
    for wrong in ["pg[size]=x", "pg[size]=-1", "pg[size]="] {
        let error = ServerParams::parse(wrong).unwrap_err();
        assert!(error.to_string().contains("pg[size]"));
    }
}

#[test]
fn ap18_a_cursor_is_opaque_and_the_simplest_has_a_number() {
    let cursor = OpaqueCursor::numbered(6);
    assert_eq!(serde_json::to_value(&cursor).unwrap(), json!("bnVtOjY="));
    assert_eq!(cursor.number(), Some(6));
    assert_eq!(format!("{cursor:?}"), "OpaqueCursor(8 bytes)");
    let page = json!({"size": 1, "nextCursor": "bnVtOjY=", "prevCursor": null});
    let page: PageInfo = same(&page);
    assert_eq!(
        page.next_cursor.as_ref().and_then(OpaqueCursor::number),
        Some(6)
    );
    assert!(!format!("{page:?}").contains("bnVtOjY="), "ic71");
    // `num:`, `num:-1`, `num:+1`, `sum:6`, `num:99999999999999999999`
    let hostile = [
        "",
        "???",
        "bnVtOg==",
        "bnVtOi0x",
        "bnVtOisx",
        "c3VtOjY=",
        "bnVtOjk5OTk5OTk5OTk5OTk5OTk5OTk5",
    ];
    for other in hostile {
        assert_eq!(OpaqueCursor::from(other).number(), None, "{other}");
    }
}
