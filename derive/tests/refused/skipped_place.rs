use buttress_derive::Endpoint;

#[derive(Endpoint)]
#[endpoint(GET "/users/{id}")]
struct GetUser {
    #[endpoint(skip)]
    id: u64,
}

fn main() {}
