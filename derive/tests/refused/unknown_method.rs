use buttress_derive::Endpoint;

#[derive(Endpoint)]
#[endpoint(FETCH "/users/{id}")]
struct GetUser {
    id: u64,
}

fn main() {}
