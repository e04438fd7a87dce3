use buttress_derive::Endpoint;

#[derive(Endpoint)]
#[endpoint(GET "/users/{id:3}{/tags*}{?page}")]
struct GetUser {
    id: u64,
    tags: String,
}

fn main() {}
