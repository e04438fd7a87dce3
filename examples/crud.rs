//! A service over one resource: list, get, create, update, remove, against a server on loopback.
//!
//! ```text
//! cargo run --example crud
//! ```

#[path = "crud/api.rs"]
mod api;
#[path = "crud/server.rs"]
mod server;

use buttress::{BoxError, Client, NoContent};

use self::api::{CreateUser, GetUser, Refusal, User};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let client = Client::builder().base_uri(server::start().await?).build()?;

    let ada = client.call(CreateUser { name: "Ada" }).await?.into_body();
    client.call(CreateUser { name: "Grace" }).await?;
    println!("created: {ada:?}");

    match client.call(CreateUser { name: "Ada" }).await {
        Err(error) if error.is_conflict() => println!(
            "refused: {:?}",
            error.body::<Refusal>().map(|refusal| &refusal.message)
        ),
        end => return Err(format!("a second Ada: {end:?}").into()),
    }

    // What is asked for once needs no type of its own.
    let page = client.get("/users{?page,limit}").path("limit", 1);
    println!(
        "listed:  {:?}",
        page.send().await?.json::<Vec<User>>().await?
    );

    let renamed = User {
        name: "Ada L.".into(),
        ..ada
    };
    let update = client.put("/users/{id}").path("id", ada.id).json(&renamed);
    update.send().await?.decode::<NoContent>().await?;
    println!("updated: {:?}", client.call(GetUser(ada.id)).await?.body());

    let remove = client.delete("/users/{id}").path("id", ada.id);
    println!("removed: {}", remove.send().await?.status());
    println!("now:     {:?}", client.call(GetUser(ada.id)).await?.body());
    Ok(())
}
