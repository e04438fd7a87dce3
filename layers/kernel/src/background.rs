use http::Extensions;

/// Nobody waits for this request; carried in its extensions.
///
/// A request that a layer makes out of another one, to do something in the background, is about the same resource
/// and has the same credentials, so it carries the same extensions. But what one caller wished of his own call
/// does not hold for it: a limit on how long he would wait, how urgent he was, that he would rather fail than
/// wait, or do without retries. A layer that finds such wishes in extensions reads them by
/// [`wish`](Self::wish). What says whose a request is, or which response it gets, is no such wish.
///
/// ```
/// use buttress_kernel::Background;
/// use http::Extensions;
///
/// #[derive(Clone)]
/// struct Patience(u32);
///
/// let mut extensions = Extensions::new();
/// extensions.insert(Patience(50));
/// assert!(Background::wish::<Patience>(&extensions).is_some());
/// extensions.insert(Background);
/// assert!(Background::wish::<Patience>(&extensions).is_none());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Background;

impl Background {
    /// Whether the request with these extensions is one.
    #[must_use]
    pub fn is(extensions: &Extensions) -> bool {
        extensions.get::<Self>().is_some()
    }

    /// What a caller wishes of his own call, where somebody waits for it.
    #[inline]
    #[must_use]
    pub fn wish<T: Send + Sync + 'static>(extensions: &Extensions) -> Option<&T> {
        let wish = extensions.get::<T>()?;
        (!Self::is(extensions)).then_some(wish)
    }
}
