use buttress_derive::Endpoint;

#[derive(Endpoint)]
#[endpoint(GET "/teams/{team}/{group}/users/{id}{?page}")]
struct GetUser {
    team: String,
    user_id: u64,
}

fn main() {}
