//! What a request pays.

/// Finds how many tokens a request takes; any closure over the request is a `Cost`.
///
/// One that costs 0 goes at once. One that costs more than the bucket holds fails with
/// [`CostTooHigh`](crate::CostTooHigh), since it could wait for ever.
pub trait Cost<Req> {
    /// So many tokens.
    fn cost(&self, request: &Req) -> u32;
}

impl<Req, F: Fn(&Req) -> u32> Cost<Req> for F {
    #[inline]
    fn cost(&self, request: &Req) -> u32 {
        self(request)
    }
}

/// Each request takes one token.
#[derive(Clone, Copy, Debug, Default)]
pub struct One;

impl<Req> Cost<Req> for One {
    #[inline]
    fn cost(&self, _: &Req) -> u32 {
        1
    }
}
