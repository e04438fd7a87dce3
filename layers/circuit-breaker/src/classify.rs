use std::error::Error;

use buttress_kernel::{Classify, HttpClassify, Outcome};

/// What the end of a call of any kind means, where nothing is known about its answers: an answer is
/// a success, and an error is what [`HttpClassify`] makes of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ErrorClassify;

impl<Res> Classify<Res> for ErrorClassify {
    fn classify(&self, end: Result<&Res, &(dyn Error + 'static)>) -> Outcome {
        end.map_or_else(HttpClassify::error, |_| Outcome::Success)
    }
}
