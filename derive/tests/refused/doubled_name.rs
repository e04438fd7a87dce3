use buttress_derive::Endpoint;

#[derive(Endpoint)]
#[endpoint(GET "/users/{id}")]
struct GetUser {
    id: u64,
    #[endpoint(rename = "id")]
    user: u64,
    page: u8,
    #[endpoint(rename = "page")]
    number: u8,
    #[endpoint(query, rename = "id")]
    version: u64,
}

fn main() {}
