//! Whole services written in endpoints: one resource, one vendor, one sign-in, one description.

use std::collections::BTreeMap;

use buttress::registry::{Definition, Parameter, Registry};
use buttress::{BoxError, Client, Endpoint, Error, ErrorKind, FromResponse, NoContent, Options};
use buttress_testkit::{Call, Scripted, Step};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::scripted;

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct User {
    id: u64,
    name: String,
}

/// What is sent is not what comes back.
#[derive(Debug, Serialize)]
struct NewUser {
    name: String,
    #[serde(skip)]
    remark: String,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Refusal {
    message: String,
    #[serde(default)]
    fields: BTreeMap<String, Vec<String>>,
}

#[derive(Endpoint)]
#[endpoint(GET "/users{?page,limit}", ok = Vec<User>, err = Refusal)]
struct List {
    page: u32,
    limit: u32,
}

#[derive(Endpoint)]
#[endpoint(GET "/users/{id}", ok = Option<User>, err = Refusal, options = Options::new().optional())]
struct Get {
    id: u64,
}

#[derive(Endpoint)]
#[endpoint(POST "/users", ok = User, err = Refusal)]
struct Create {
    #[endpoint(json)]
    user: NewUser,
}

#[derive(Endpoint)]
#[endpoint(PUT "/users/{id}", ok = User, err = Refusal)]
struct Update {
    id: u64,
    #[endpoint(json)]
    user: NewUser,
}

#[derive(Endpoint)]
#[endpoint(DELETE "/users/{id}", ok = Option<()>, err = Refusal, options = Options::new().optional())]
struct Remove {
    id: u64,
}

/// Why a user was not created.
#[derive(Debug, PartialEq)]
enum NotCreated {
    Invalid(BTreeMap<String, Vec<String>>),
    Taken(String),
    Other(ErrorKind),
}

impl From<Error> for NotCreated {
    fn from(error: Error) -> Self {
        let told = error.body::<Refusal>();
        match (error.status(), told) {
            (Some(StatusCode::BAD_REQUEST), Some(told)) => Self::Invalid(told.fields.clone()),
            (Some(StatusCode::CONFLICT), Some(told)) => Self::Taken(told.message.clone()),
            _ => Self::Other(error.kind()),
        }
    }
}

/// What users of the API see.
struct Users(Client);

impl Users {
    async fn list(&self, page: Option<u32>, limit: Option<u32>) -> Result<Vec<User>, Error> {
        let (page, limit) = (page.unwrap_or(1), limit.unwrap_or(20));
        Ok(self.0.call(List { page, limit }).await?.into_body())
    }

    async fn get(&self, id: u64) -> Result<Option<User>, Error> {
        Ok(self.0.call(Get { id }).await?.into_body())
    }

    async fn create(&self, name: &str) -> Result<User, NotCreated> {
        Ok(self.0.call(Create { user: new(name) }).await?.into_body())
    }

    async fn update(&self, id: u64, name: &str) -> Result<User, Error> {
        Ok(self
            .0
            .call(Update {
                id,
                user: new(name),
            })
            .await?
            .into_body())
    }

    async fn remove(&self, id: u64) -> Result<bool, Error> {
        let removed = self.0.call(Remove { id }).await?;
        Ok(removed.status() != StatusCode::NOT_FOUND)
    }
}

fn new(name: &str) -> NewUser {
    let remark = "ours alone".to_owned();
    NewUser {
        name: name.to_owned(),
        remark,
    }
}

fn users(steps: impl IntoIterator<Item = Step>) -> (Users, Scripted) {
    let (client, server) = scripted(steps);
    (Users(client), server)
}

fn line(call: &Call) -> String {
    let path = call.uri.path_and_query().unwrap();
    format!("{} {path}", call.method)
}

#[tokio::test]
async fn ic57_sp02_a_service_over_one_resource_is_five_endpoints() {
    let ada = || r#"{"id":7,"name":"Ada"}"#;
    let refused = r#"{"message":"taken","fields":{"name":["too short","odd"]}}"#;
    let (users, server) = users([
        Step::ok().body(format!("[{}]", ada())),
        Step::ok().body(ada()),
        Step::status(404).body(r#"{"message":"no user 8"}"#),
        Step::status(201).body(ada()),
        Step::status(400).body(refused),
        Step::status(409).body(refused),
        Step::status(502).body("<html>"),
        Step::ok().body(ada()),
        Step::status(204),
        Step::status(404),
    ]);
    let user = User {
        id: 7,
        name: "Ada".into(),
    };
    let listed = users.list(None, None).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&user));
    assert_eq!(users.get(7).await.unwrap(), Some(user.clone()));
    assert_eq!(users.get(8).await.unwrap(), None);
    assert_eq!(users.create("Ada").await.unwrap(), user);
    let fields = BTreeMap::from([("name".into(), vec!["too short".into(), "odd".into()])]);
    assert_eq!(
        users.create("").await.unwrap_err(),
        NotCreated::Invalid(fields)
    );
    let taken = NotCreated::Taken("taken".into());
    assert_eq!(users.create("Ada").await.unwrap_err(), taken);
    let other = users.create("Ada").await.unwrap_err();
    assert_eq!(other, NotCreated::Other(ErrorKind::Server));
    assert_eq!(users.update(7, "Ada").await.unwrap(), user);
    assert!(users.remove(7).await.unwrap());
    assert!(!users.remove(8).await.unwrap());
    let calls = server.calls();
    let lines: Vec<_> = calls.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "GET /v1/users?page=1&limit=20",
            "GET /v1/users/7",
            "GET /v1/users/8",
            "POST /v1/users",
            "POST /v1/users",
            "POST /v1/users",
            "POST /v1/users",
            "PUT /v1/users/7",
            "DELETE /v1/users/7",
            "DELETE /v1/users/8",
        ]
    );
}

#[tokio::test]
async fn bq38_what_is_sent_and_what_comes_back_have_types_of_their_own() {
    let (users, server) = users([
        Step::ok().body(r#"{"id":7,"name":"Ada","more":true}"#),
        Step::ok().body(r#"{"id":"seven","name":"Ada"}"#),
        Step::ok().body(r#"[{"id":1,"name":"a"},{"id":2}]"#),
    ]);
    assert_eq!(new("Ada").remark, "ours alone");
    users.create("Ada").await.unwrap();
    let sent = &server.calls()[0].body;
    assert_eq!(sent, r#"{"name":"Ada"}"#, "what is ours alone stays here");
    assert_eq!(
        users.create("Ada").await.unwrap_err(),
        NotCreated::Other(ErrorKind::Decode)
    );
    let error = users.list(None, None).await.unwrap_err();
    assert!(error.to_string().contains("at `[1]`"), "{error}");
}

#[tokio::test]
async fn w10_w11_types_are_the_endpoints_own_wherever_it_is_called() {
    for base in [
        "http://h",
        "http://h/",
        "http://h/v1",
        "http://h/a/b/users/7",
    ] {
        let server = Scripted::new([Step::ok().body(r#"{"id":"seven","name":"Ada"}"#)]);
        let client = Client::builder().base_uri(base).build_over(server).unwrap();
        let error = client.call(Get { id: 7 }).await.unwrap_err();
        assert!(error.is_decode(), "{base}: {error}");
        let changed = client
            .endpoint(&Get { id: 7 })
            .with(|request| request.header("x-a", "b"));
        assert!(changed.send().await.unwrap_err().is_decode(), "{base}");
    }
}

/// What a payments vendor says, by the status that it says it with.
#[derive(Clone, Debug, PartialEq)]
enum Declined {
    Malformed(String),
    WrongKey,
    Card(String),
    TooFast,
    Other(u16),
}

impl FromResponse for Declined {
    fn from_response(head: &http::response::Parts, body: &Bytes) -> Result<Self, BoxError> {
        let told = || -> Result<String, BoxError> {
            let body: Value = FromResponse::from_response(head, body)?;
            let message = body["error"]["message"].as_str();
            Ok(message.ok_or("no message")?.to_owned())
        };
        Ok(match head.status.as_u16() {
            400 => Self::Malformed(told()?),
            401 => Self::WrongKey,
            402 => Self::Card(told()?),
            429 => Self::TooFast,
            other => Self::Other(other),
        })
    }
}

#[derive(Endpoint)]
#[endpoint(POST "/charges", ok = Value, err = Declined, options = Options::new().retry(1))]
struct Charge;

#[tokio::test]
async fn ic64_a_vendors_errors_become_ones_own_by_their_status() {
    let told = r#"{"error":{"message":"no"}}"#;
    for (status, body, expected) in [
        (400, told, Some(Declined::Malformed("no".into()))),
        (401, "", Some(Declined::WrongKey)),
        (402, told, Some(Declined::Card("no".into()))),
        (429, "slow down", Some(Declined::TooFast)),
        (503, "<html>", Some(Declined::Other(503))),
        // It broke its own rule, which hides neither the status nor what it said.
        (402, "<html>", None),
    ] {
        let (client, _) = scripted([Step::status(status).body(body)]);
        let error = client.call(Charge).await.unwrap_err();
        assert_eq!(error.body::<Declined>(), expected.as_ref(), "{status}");
        assert_eq!(error.status().unwrap(), status);
    }
}

/// How a sign-in goes on.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "next", rename_all = "snake_case")]
enum SignedIn {
    Done { token: String },
    Mail,
    Code { state: String },
}

#[derive(Endpoint)]
#[endpoint(POST "/session", ok = SignedIn, err = Refusal)]
struct SignIn {
    #[endpoint(json)]
    secret: Value,
}

#[derive(Endpoint)]
#[endpoint(GET "/session")]
struct Probe;

#[derive(Endpoint)]
#[endpoint(DELETE "/session")]
struct SignOut;

#[tokio::test]
async fn ap30_the_ends_of_a_sign_in_are_one_type_and_its_refusal_another() {
    let (client, server) = scripted([
        Step::ok().body(r#"{"next":"mail"}"#),
        Step::ok().body(r#"{"next":"code","state":"s1"}"#),
        Step::status(422).body(r#"{"message":"wrong code"}"#),
        Step::ok().body(r#"{"next":"done","token":"t"}"#),
        Step::status(204),
        Step::status(204),
        Step::status(401),
    ]);
    let sign_in = |secret| client.call(SignIn { secret });
    let end = sign_in(json!({"mail": "a@b"})).await.unwrap();
    assert_eq!(end.into_body(), SignedIn::Mail);
    let end = sign_in(json!({"password": "p"})).await.unwrap().into_body();
    let SignedIn::Code { state } = end else {
        panic!("{end:?}")
    };
    let code = |code| json!({"state": &state, "code": code});
    let refused = sign_in(code(0)).await.unwrap_err();
    assert_eq!(refused.body::<Refusal>().unwrap().message, "wrong code");
    let end = sign_in(code(1)).await.unwrap().into_body();
    assert_eq!(end, SignedIn::Done { token: "t".into() });
    client.call(Probe).await.unwrap();
    let _: buttress::Response<NoContent> = client.call(SignOut).await.unwrap();
    assert!(client.call(Probe).await.unwrap_err().is_unauthorized());
    assert_eq!(server.calls()[3].body, r#"{"code":1,"state":"s1"}"#);
}

/// Endpoints from a description that is read at run time.
fn described(document: &Value) -> Result<Registry, BoxError> {
    let mut registry = Registry::new();
    for (path, methods) in document["paths"].as_object().ok_or("no paths")? {
        for (method, operation) in methods.as_object().ok_or("no methods")? {
            let method: Method = method.to_ascii_uppercase().parse()?;
            let mut definition = Definition::new(method, path)?;
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().ok_or("no name")?.to_owned();
                let mut own = Parameter::new(name);
                if parameter["required"] == true {
                    own = own.required();
                }
                if let Some(default) = parameter["schema"]["default"].as_u64() {
                    own = own.default(default.to_string());
                }
                definition = definition.parameter(own);
            }
            let name = operation["operationId"].as_str().ok_or("no operationId")?;
            registry.add(name.to_owned(), definition)?;
        }
    }
    Ok(registry)
}

#[tokio::test]
async fn ic56_endpoints_are_read_from_a_description_at_run_time() {
    let mut document = json!({"openapi": "3.1.0", "paths": {
        "/users": {"get": {"operationId": "list", "parameters": [
            {"name": "limit", "in": "query", "schema": {"type": "integer", "default": 20}},
            {"name": "since", "in": "query", "required": true},
        ]}},
        "/users/{id}": {"delete": {"operationId": "remove", "parameters": [
            {"name": "id", "in": "path", "required": true},
        ]}},
    }});
    let registry = described(&document).unwrap();
    let (client, server) = scripted([Step::ok()]);
    registry
        .request(&client, "list", &[("since", "may")])
        .send()
        .await
        .unwrap();
    registry
        .request(&client, "remove", &[("id", 7)])
        .send()
        .await
        .unwrap();
    let error = registry
        .request(&client, "list", &())
        .send()
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("no value was given for `since`"),
        "{error}"
    );
    let lines: Vec<_> = server.calls().iter().map(line).collect();
    assert_eq!(
        lines,
        ["GET /v1/users?limit=20&since=may", "DELETE /v1/users/7"]
    );
    // A description that names two things alike is refused.
    document["paths"]["/users/{id}"]["delete"]["operationId"] = json!("list");
    assert!(
        described(&document)
            .unwrap_err()
            .to_string()
            .contains("called `list` already")
    );
}

#[tokio::test]
async fn w56_a_call_by_name_needs_no_values_where_its_endpoint_needs_none_and_changes_none() {
    let mut registry = Registry::new();
    let create = Definition::new(Method::POST, "/users{?notify}").unwrap();
    registry.add("create", create).unwrap();
    let (client, server) = scripted([Step::ok()]);
    let user = json!({"name": "Ada"});
    registry
        .request(&client, "create", &())
        .json(&user)
        .send()
        .await
        .unwrap();
    let values = BTreeMap::from([("notify", "yes")]);
    let before = values.clone();
    for _ in 0..2 {
        registry
            .request(&client, "create", &values)
            .json(&user)
            .send()
            .await
            .unwrap();
    }
    assert_eq!(values, before);
    let lines: Vec<_> = server.calls().iter().map(line).collect();
    let notified = "POST /v1/users?notify=yes";
    assert_eq!(lines, ["POST /v1/users", notified, notified]);
    assert!(
        server
            .calls()
            .iter()
            .all(|call| call.body == r#"{"name":"Ada"}"#)
    );
}
