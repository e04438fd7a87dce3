use std::time::Duration;

/// The limits of a [`TimeoutLayer`](crate::TimeoutLayer), before any override.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) head: Option<Duration>,
    pub(crate) body_idle: Option<Duration>,
    pub(crate) upload_idle: Option<Duration>,
}

/// Other limits for one request; put it into the request's extensions.
///
/// A limit that is not named here stays the layer's own. `None` lifts a limit, and a limit of zero
/// is a limit of zero. Overrides concern [`TimeoutLayer`](crate::TimeoutLayer) alone; the total has
/// its own, [`TotalOverride`](crate::TotalOverride).
///
/// A request that [nobody waits for](buttress_kernel::Background) has the longer limit, the layer's or
/// its own.
///
/// ```
/// use std::time::Duration;
/// use buttress_timeout::Override;
///
/// let mut request = http::Request::post("https://example.com/files").body("…")?;
/// request.extensions_mut().insert(
///     Override::new().head(Duration::from_secs(120)).body_idle(None),
/// );
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Override {
    head: Choice,
    body_idle: Choice,
    upload_idle: Choice,
}

impl Override {
    /// Every limit as the layer has it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The limit of one attempt until the response's head.
    #[must_use]
    pub fn head(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.head = Choice::Instead(limit.into());
        self
    }

    /// The limit between two frames of the response's body.
    #[must_use]
    pub fn body_idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.body_idle = Choice::Instead(limit.into());
        self
    }

    /// The limit between two takings from the request's body. It needs a layer that watches uploads
    /// ([`TimeoutLayer::upload_idle`](crate::TimeoutLayer::upload_idle), with `None` if need be),
    /// since that changes the body's type; another layer cannot honour it.
    #[must_use]
    pub fn upload_idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.upload_idle = Choice::Instead(limit.into());
        self
    }

    pub(crate) const fn over(self, limits: Limits) -> Limits {
        Limits {
            head: self.head.over(limits.head),
            body_idle: self.body_idle.over(limits.body_idle),
            upload_idle: self.upload_idle.over(limits.upload_idle),
        }
    }

    /// Where nobody waits: what takes longer than usual takes its time, but one caller's hurry is his own.
    pub(crate) fn beside(self, limits: Limits) -> Limits {
        Limits {
            head: self.head.beside(limits.head),
            body_idle: self.body_idle.beside(limits.body_idle),
            upload_idle: self.upload_idle.beside(limits.upload_idle),
        }
    }
}

/// The longer of two limits, where there are two.
pub(crate) fn longer(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.zip(other).map(|(one, other)| one.max(other))
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Choice {
    #[default]
    Layer,
    Instead(Option<Duration>),
}

impl Choice {
    const fn over(self, layer: Option<Duration>) -> Option<Duration> {
        match self {
            Self::Layer => layer,
            Self::Instead(limit) => limit,
        }
    }

    fn beside(self, layer: Option<Duration>) -> Option<Duration> {
        match self {
            Self::Layer => layer,
            Self::Instead(limit) => longer(limit, layer),
        }
    }
}
