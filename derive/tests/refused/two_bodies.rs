use buttress_derive::Endpoint;

#[derive(Endpoint)]
#[endpoint(POST "/users")]
struct CreateUser {
    #[endpoint(json)]
    user: String,
    #[endpoint(form)]
    more: String,
}

fn main() {}
