use buttress_derive::Endpoint;

#[derive(Endpoint)]
#[endpoint(POST "/users", okay = String)]
struct CreateUser;

#[derive(Endpoint)]
#[endpoint(POST "/users")]
struct UpdateUser {
    #[endpoint(xml)]
    user: String,
}

#[derive(Endpoint)]
#[endpoint(POST "/users", ok = u8, ok = u16)]
struct ReplaceUser;

fn main() {}
