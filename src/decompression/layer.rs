use http::HeaderValue;
use tower_layer::Layer;

use super::Decompression;

/// Unpacks responses. See the [module](super).
#[derive(Clone, Debug)]
pub struct DecompressionLayer {
    accepted: Option<HeaderValue>,
}

impl DecompressionLayer {
    /// Asks for, and unpacks, every encoding that is compiled in.
    #[must_use]
    pub fn new() -> Self {
        let names = [
            (cfg!(feature = "zstd"), "zstd"),
            (cfg!(feature = "br"), "br"),
            (cfg!(feature = "gzip"), "gzip"),
            (cfg!(feature = "deflate"), "deflate"),
        ];
        let names = names.into_iter().filter(|(is_in, _)| *is_in);
        let names: Vec<_> = names.map(|(_, name)| name).collect();
        let accepted = HeaderValue::from_str(&names.join(", ")).ok();
        Self {
            accepted: accepted.filter(|value| !value.is_empty()),
        }
    }

    /// Does nothing.
    pub(crate) const fn off() -> Self {
        Self { accepted: None }
    }
}

impl Default for DecompressionLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for DecompressionLayer {
    type Service = Decompression<S>;

    fn layer(&self, inner: S) -> Decompression<S> {
        Decompression::new(inner, self.accepted.clone())
    }
}
