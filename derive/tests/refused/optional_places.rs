use buttress_derive::Endpoint;

// What can be left out needs no field; what is left is `ext` and `group`.
#[derive(Endpoint)]
#[endpoint(GET "/users/{id}{/group}{.ext}{;lang,tone}{?page}{&size}{#part}")]
struct GetUser {
    id: u64,
}

fn main() {}
