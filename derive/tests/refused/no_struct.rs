use buttress_derive::Endpoint;

#[derive(Endpoint)]
#[endpoint(GET "/users")]
enum GetUser {
    One,
    All,
}

#[derive(Endpoint)]
#[endpoint(GET "/users/{id}")]
struct GetTuple(u64);

fn main() {}
