use buttress_derive::Endpoint;

#[derive(Endpoint)]
#[endpoint(POST "/users")]
struct CreateUser {
    #[endpoint(json)]
    user: String,
    #[endpoint(form)]
    more: String,
}

#[derive(Endpoint)]
#[endpoint(POST "/users")]
struct UpdateUser {
    #[endpoint(body)]
    user: String,
    #[endpoint(into_body)]
    more: String,
}

fn main() {}
