use std::fmt;

use http::{Method, Request};

use super::Stage;
use crate::template::matching;
use crate::{BaseUri, Endpoint, InvalidTemplate, Tags};

/// Which calls an observer is told of, and which of their stages.
///
/// ```
/// use buttress::observers::Pattern;
/// use http::Method;
///
/// let writes = Pattern::path("/users/{id}{/part}")?.method(Method::PUT).ends();
/// let trouble = Pattern::any().failures();
/// # drop((writes, trouble));
/// # Ok::<_, buttress::InvalidTemplate>(())
/// ```
#[derive(Clone)]
pub struct Pattern {
    path: Option<matching::Pattern>,
    method: Option<Method>,
    tag: Option<String>,
    stages: Stages,
}

#[derive(Clone, Copy, Debug)]
enum Stages {
    All,
    Ends,
    Failures,
}

impl Pattern {
    /// Every call.
    #[must_use]
    pub const fn any() -> Self {
        Self {
            path: None,
            method: None,
            tag: None,
            stages: Stages::All,
        }
    }

    /// Calls whose URI can be made from a [template](crate::Template), whatever they were made from: `/users/{id}` is
    /// true of `/users/me`, too. It lies under the client's base URI, or is absolute. The query does not
    /// count.
    ///
    /// # Errors
    ///
    /// When it is no template.
    pub fn path(template: impl AsRef<str>) -> Result<Self, InvalidTemplate> {
        Ok(Self {
            path: Some(matching::Pattern::new(template.as_ref())?),
            ..Self::any()
        })
    }

    /// Calls of an endpoint: of its method, and with a URI that its path can make.
    ///
    /// # Panics
    ///
    /// Never: an endpoint whose path is no template does not compile.
    #[must_use]
    pub fn endpoint<E: Endpoint>() -> Self {
        const { crate::template::demand(E::PATH) };
        let path = Self::path(E::PATH).expect("the compiler has checked it");
        path.method(E::METHOD)
    }

    /// Of these, the calls of one method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Of these, the calls that have this [tag](crate::Options::tags).
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// Only how they ended.
    #[must_use]
    pub const fn ends(mut self) -> Self {
        self.stages = Stages::Ends;
        self
    }

    /// Only that they failed: see [`Stage::is_failure`].
    #[must_use]
    pub const fn failures(mut self) -> Self {
        self.stages = Stages::Failures;
        self
    }

    pub(super) fn matches<B>(&self, request: &Request<B>, base: Option<&BaseUri>) -> bool {
        let method = self.method.as_ref();
        let path = self.path.as_ref();
        let tag = self.tag.as_deref();
        method.is_none_or(|method| method == request.method())
            && tag.is_none_or(|tag| {
                let tags = request.extensions().get::<Tags>();
                tags.is_some_and(|tags| tags.0.contains(&tag))
            })
            && path.is_none_or(|path| path.path_of(request.uri(), base).is_some())
    }

    pub(super) fn wants(&self, stage: Stage) -> bool {
        match self.stages {
            Stages::All => true,
            Stages::Ends => stage.is_end(),
            Stages::Failures => stage.is_failure(),
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pattern")
            .field("path", &self.path.as_ref().map(matching::Pattern::as_str))
            .field("method", &self.method)
            .field("tag", &self.tag)
            .field("stages", &self.stages)
            .finish()
    }
}
