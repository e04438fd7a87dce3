//! The server: users in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::api::User;

type Users = Arc<Mutex<BTreeMap<u64, User>>>;
type Refused = (StatusCode, Json<Value>);

/// Starts it and says where it is.
pub(crate) async fn start() -> std::io::Result<String> {
    let users = Router::new()
        .route("/users", get(list).post(create))
        .route("/users/{id}", get(find).put(update).delete(remove))
        .with_state(Users::default());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let uri = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, users).await });
    Ok(uri)
}

fn with<T>(users: &Users, act: impl FnOnce(&mut BTreeMap<u64, User>) -> T) -> T {
    act(&mut users.lock().unwrap_or_else(PoisonError::into_inner))
}

async fn list(
    State(users): State<Users>,
    Query(query): Query<BTreeMap<String, usize>>,
) -> Json<Vec<User>> {
    let limit = query.get("limit").copied().unwrap_or(20);
    let skipped = query
        .get("page")
        .map_or(0, |page| page.saturating_sub(1) * limit);
    Json(with(&users, |users| {
        users.values().skip(skipped).take(limit).cloned().collect()
    }))
}

async fn create(
    State(users): State<Users>,
    Json(body): Json<BTreeMap<String, String>>,
) -> Result<(StatusCode, Json<User>), Refused> {
    let name = body.get("name").cloned().unwrap_or_default();
    with(&users, |users| {
        if users.values().any(|user| user.name == name) {
            let message = format!("{name} is there already");
            return Err((StatusCode::CONFLICT, Json(json!({ "message": message }))));
        }
        let id = users.keys().last().map_or(1, |last| last + 1);
        let user = User { id, name };
        users.insert(id, user.clone());
        Ok((StatusCode::CREATED, Json(user)))
    })
}

async fn find(State(users): State<Users>, Path(id): Path<u64>) -> Result<Json<User>, StatusCode> {
    with(&users, |users| users.get(&id).cloned())
        .map(Json)
        .ok_or(StatusCode::NOT_FOUND)
}

async fn update(
    State(users): State<Users>,
    Path(id): Path<u64>,
    Json(user): Json<User>,
) -> StatusCode {
    with(&users, |users| users.insert(id, user));
    StatusCode::NO_CONTENT
}

async fn remove(State(users): State<Users>, Path(id): Path<u64>) -> StatusCode {
    match with(&users, |users| users.remove(&id)) {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    }
}
