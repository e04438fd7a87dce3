//! Responses that name their shape.
//!
//! Each is a JSON object whose `t` says which of four it is:
//!
//! | `t` | the rest | |
//! | --- | --- | --- |
//! | `single` | `data`, `included`?, `meta`? | [`Single`] |
//! | `collection` | `data` (a list), `included`?, `meta` with [`pg`](PageInfo) | [`Collection`] |
//! | `null` | `data` (`null`), `meta`? | [`Null`] |
//! | `error` | `error`, `meta`? | [`Failure`] |
//!
//! [`Tagged`] is the [envelope](super::Envelope) for what only wants `data`; [`Document`] is the one for
//! whoever wants all of it. Both make an [`Error`](crate::Error) of an `error`, whatever the status.
//!
//! ```
//! use buttress::envelope::tagged::{Document, Single, Tagged};
//! use buttress::{BoxError, Client};
//! use serde::Deserialize;
//! # use buttress_testkit::{Scripted, Step};
//!
//! #[derive(Deserialize)]
//! struct User { name: String }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! # let ada = r#"{"t":"single","data":{"name":"Ada"},"included":[{"type":"pets","id":"1"}]}"#;
//! # let refused = r#"{"t":"error","error":{"title":"Not found","status":404,"detail":"No user 8"}}"#;
//! # let server = Scripted::new([Step::ok().body(ada), Step::ok().body(ada), Step::ok().body(refused)]);
//! # let client = Client::builder().base_uri("http://h").build_over(server)?;
//! let user = client.get("/users/7").send().await?.open::<User>(&Tagged).await?;
//! assert_eq!(user.body().name, "Ada");
//!
//! let user = client.get("/users/7").send().await?.open::<Single<User>>(&Document).await?;
//! assert!(user.body().included().get("pets", "1").is_some());
//!
//! let error = client.get("/users/8").send().await?.open::<User>(&Tagged).await.unwrap_err();
//! assert!(error.is_not_found());
//! assert_eq!(error.api().unwrap().message(), Some("No user 8"));
//! # Ok(())
//! # }
//! ```

use buttress_kernel::BoxError;
use bytes::Bytes;
use http::response::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{ApiError, Envelope};
use crate::Pointer;

mod answer;
mod failure;
mod included;
mod marks;
mod opaque_cursor;
mod page_info;
mod params;
mod relations;
mod server;
mod shapes;
mod sort;

pub use self::answer::Answer;
pub use self::failure::{ErrorBody, Failure, Obstruction};
pub use self::included::{Identified, Included, UnexpectedResource};
pub use self::opaque_cursor::OpaqueCursor;
pub use self::page_info::{CollectionMeta, PageInfo};
pub use self::params::{CollectionParams, FilterEncoding};
pub use self::relations::{Links, RelationMeta, Resource, ResourceId, ToMany, ToOne};
pub use self::server::{InvalidParams, ServerPage, ServerParams};
pub use self::shapes::{Collection, Data, Null, Single};
pub use self::sort::{Include, Sort};

/// What `meta` holds, unless it has a type.
pub type Meta = Map<String, Value>;

static DATA: Pointer = Pointer::from_static("/data");
static TAG: Pointer = Pointer::from_static("/t");

/// The envelope of which only `data` is wanted: an object, a list, or `()` for a `null`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tagged;

impl Envelope for Tagged {
    fn error(&self, _: &Parts, body: &Bytes) -> Option<ApiError> {
        failure::told(body)
    }

    fn content<T: DeserializeOwned>(&self, _: &Parts, body: &Bytes) -> Result<T, BoxError> {
        match TAG.find::<String>(body)?.as_deref() {
            Some("single" | "collection" | "null") => {
                DATA.find(body)?.ok_or_else(|| super::missing(&DATA))
            }
            _ => Err("the document's `t` names none of the four shapes".into()),
        }
    }
}

/// The envelope of which all is wanted: a [`Single`], a [`Collection`], a [`Null`] or an [`Answer`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Document;

impl Envelope for Document {
    fn error(&self, head: &Parts, body: &Bytes) -> Option<ApiError> {
        Tagged.error(head, body)
    }
}
