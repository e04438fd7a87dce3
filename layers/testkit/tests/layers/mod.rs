//! Small correct layers.

mod quota;
mod retry_once;

pub(crate) use self::quota::QuotaLayer;
pub(crate) use self::retry_once::RetryOnceLayer;
