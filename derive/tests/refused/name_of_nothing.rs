use buttress_derive::Endpoint;

#[derive(Endpoint)]
#[endpoint(POST "/users")]
struct CreateUser {
    #[endpoint(json, rename = "user")]
    new: String,
    #[endpoint(rename = "remark", skip)]
    note: String,
    #[endpoint(rename = "")]
    nameless: String,
    #[endpoint(rename = "a", rename = "b")]
    two: String,
    #[endpoint(query, skip)]
    both: String,
}

fn main() {}
