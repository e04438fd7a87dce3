//! The bodies that the layers put around those of a request and a response.

mod clocks;
mod response;
mod upload;
mod watch;

pub use self::response::ResponseBody;
pub use self::upload::UploadBody;
