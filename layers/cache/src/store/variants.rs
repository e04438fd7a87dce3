use std::sync::Arc;

use super::Variant;

/// The responses that are stored under one key, the newest first.
#[derive(Clone, Debug, Default)]
pub struct Variants(Option<Arc<[Variant]>>);

impl Variants {
    /// More responses than this are not kept under a key.
    pub const MOST: usize = 32;

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_none()
    }

    const fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// The place of the response of this number.
    #[must_use]
    pub fn position(&self, id: u64) -> Option<usize> {
        self.iter().position(|variant| variant.id() == id)
    }

    /// With one more, and without those of these numbers; the oldest go where there are more than
    /// [so many](Self::MOST).
    #[must_use]
    pub fn with(&self, variant: Variant, replaces: &[u64]) -> Self {
        let new = variant.id();
        let kept = self
            .iter()
            .filter(|v| v.id() != new && !replaces.contains(&v.id()));
        let all = std::iter::once(variant).chain(kept.cloned());
        all.take(Self::MOST).collect()
    }

    /// Without those of these numbers.
    #[must_use]
    pub fn without(&self, ids: &[u64]) -> Self {
        let kept = self.iter().filter(|variant| !ids.contains(&variant.id()));
        kept.cloned().collect()
    }
}

impl std::ops::Deref for Variants {
    type Target = [Variant];

    fn deref(&self) -> &[Variant] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl FromIterator<Variant> for Variants {
    fn from_iter<I: IntoIterator<Item = Variant>>(variants: I) -> Self {
        let variants: Arc<[Variant]> = variants.into_iter().collect();
        Self((!variants.is_empty()).then_some(variants))
    }
}
