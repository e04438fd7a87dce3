use buttress_derive::Endpoint;

#[derive(Endpoint)]
struct GetUser {
    id: u64,
}

fn main() {}
