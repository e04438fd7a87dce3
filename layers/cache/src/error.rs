use std::error::Error;
use std::fmt;
use std::sync::Arc;

use buttress_kernel::{BoxError, Facts, Kind, Sent};

/// A fetch that several requests waited for has failed. What happened is in the source chain, the
/// same for each of them.
#[derive(Clone, Debug)]
pub struct FetchFailed(Arc<Facts>);

impl FetchFailed {
    pub(crate) fn new(error: BoxError) -> Self {
        match error.downcast::<Self>() {
            Ok(shared) => *shared,
            Err(error) => Self(Arc::new(Facts::default().told(error))),
        }
    }
}

impl fmt::Display for FetchFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the fetch failed")?;
        self.0
            .behind()
            .map_or(Ok(()), |cause| write!(f, ": {cause}"))
    }
}

impl Error for FetchFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// A reader was so slow that the bytes which it needs are gone, and the store does not have them.
#[derive(Debug)]
pub(crate) struct FellBehind;

impl fmt::Display for FellBehind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body was read too slowly to be shared with others, try again")
    }
}

impl Error for FellBehind {}

/// The server answered 304, Not Modified, to a request that nothing stored goes with. What made the
/// cache ask is forgotten, so that trying again gets the whole response.
#[derive(Debug)]
pub struct Unmatched {
    facts: Facts,
}

impl Unmatched {
    pub(crate) fn new() -> Self {
        Self {
            facts: Facts::new(Kind::Transport).sent(Sent::Yes),
        }
    }
}

impl fmt::Display for Unmatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server says that a response has not changed which is not the stored one, try again")
    }
}

impl Error for Unmatched {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}

/// A setting of the layer makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSettings(pub(crate) &'static str);

impl fmt::Display for InvalidSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for InvalidSettings {}
