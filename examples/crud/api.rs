//! The API: what is sent, and what comes back.

use buttress::{Endpoint, Options, Payload};
use http::Method;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) name: String,
}

/// What the server says when it refuses.
#[derive(Debug, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) message: String,
}

/// `None` where there is no such user.
pub(crate) struct GetUser(pub(crate) u64);

impl Endpoint for GetUser {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/users/{id}";
    const OPTIONS: Options = Options::new().optional();
    type Ok = Option<User>;
    type Err = Refusal;

    fn path(&self) -> impl Serialize {
        [("id", self.0)]
    }
}

#[derive(Serialize)]
pub(crate) struct CreateUser<'a> {
    pub(crate) name: &'a str,
}

impl Endpoint for CreateUser<'_> {
    const METHOD: Method = Method::POST;
    const PATH: &'static str = "/users";
    type Ok = User;
    type Err = Refusal;

    fn body(&self) -> Payload {
        Payload::json(self)
    }
}
