use std::error::Error;
use std::fmt;

use buttress_kernel::BoxError;

use crate::{InvalidHeader, InvalidUri};

/// A client cannot be built: a setting is wrong, or two contradict one another.
///
/// ```
/// use std::time::Duration;
/// use buttress::Client;
///
/// let error = Client::builder()
///     .timeout(Duration::from_secs(30))
///     .total(Duration::from_secs(10))
///     .build()
///     .unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the timeout of one attempt (30s) is above the total (10s), so it could never run out; lower it or raise the total",
/// );
/// ```
#[derive(Debug)]
pub struct InvalidClient {
    rule: String,
    source: Option<BoxError>,
}

impl InvalidClient {
    pub(crate) fn base_uri(source: InvalidUri) -> Self {
        Self::because("the base URI is invalid", source)
    }

    pub(crate) fn header(source: InvalidHeader) -> Self {
        Self::because("a default header is invalid", source)
    }

    pub(crate) fn transport(source: impl Into<BoxError>) -> Self {
        Self::because("the transport cannot be made", source)
    }

    /// The value is not told, since it may be a secret.
    pub(crate) fn cookie(name: &str) -> Self {
        let name = name.escape_debug();
        Self::contradiction(format!(
            "the cookie `{name}` has a name or a value with characters that cookies cannot hold"
        ))
    }

    pub(crate) fn contradiction(rule: String) -> Self {
        let source = None;
        Self { rule, source }
    }

    fn because(what: &str, source: impl Into<BoxError>) -> Self {
        let source = source.into();
        Self {
            rule: format!("{what}: {source}"),
            source: Some(source),
        }
    }
}

impl fmt::Display for InvalidClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rule)
    }
}

impl Error for InvalidClient {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // `Display` has told the source already, so what is behind it comes next.
        self.source.as_ref()?.source()
    }
}
