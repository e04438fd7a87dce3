use buttress_derive::Endpoint;

#[derive(Endpoint)]
#[endpoint(FETCH "/users/{id}", okay = Vec<String>, ok = u8, ok = u8)]
struct GetUser {
    #[endpoint(xml)]
    id: u64,
    #[endpoint(json)]
    one: u8,
    #[endpoint(form)]
    two: u8,
}

#[derive(Endpoint)]
#[endpoint(GET "/users/{id}", crate = "not a path")]
struct Elsewhere {
    id: u64,
}

fn main() {}
