use std::fmt;
use std::sync::Arc;

use http::{HeaderName, Method};
use serde::Serialize;
use serde_json::Value;

use super::check::{self, Check};
use super::redaction::boundary;
use super::{Call, Reply, Times};
use crate::query;
use crate::template::Values;
use crate::template::matching::{Found, Pattern, QueryToken, decode};
use crate::{ArrayStyle, BaseUri, Endpoint, Payload};

/// A request that is expected, and what becomes of it.
///
/// Method and path must be those of the expectation, and so must the query: a parameter that is not
/// named here makes another request, unless there is [`any_query`](Self::any_query). Headers and
/// body are looked at as far as the expectation speaks of them.
///
/// The first call gets the first [`reply`](Self::reply), and so on. Unless [`times`](Self::times)
/// says otherwise, as many calls are expected as there are replies, and one where there is none:
/// it is answered with an empty 200.
///
/// ```
/// use buttress::testing::{Expect, Reply};
///
/// let busy_at_first = Expect::get("/users/{id}{?fields}")
///     .path("id", 42)
///     .header("accept", "application/json")
///     .reply(Reply::status(503))
///     .reply(Reply::ok().json(&"Ada"));
/// # drop(busy_at_first);
/// ```
#[must_use = "nothing is expected until a mock is told"]
pub struct Expect {
    method: Method,
    pattern: Pattern,
    checks: Vec<Check>,
    query: Found,
    any_query: bool,
    times: Option<Times>,
    replies: Vec<Answer>,
}

#[derive(Clone)]
enum Answer {
    Fixed(Reply),
    Made(Arc<dyn Fn(&Call) -> Reply + Send + Sync>),
}

/// Why a call is not what was expected.
pub(super) enum Mismatch {
    /// It is about something else.
    Elsewhere,
    /// It has the method and the path, and these differences.
    Here(Vec<String>),
}

impl Expect {
    /// A request of this method and this [template](crate::Template). It is written as for the client:
    /// relative to the mock's [base URI](super::Mock::base_uri), or, where the mock has none, to the root of
    /// any host; or absolute.
    ///
    /// # Panics
    ///
    /// If `path` is no template.
    pub fn new(method: Method, path: impl AsRef<str>) -> Self {
        let path = path.as_ref();
        let pattern = Pattern::new(path).unwrap_or_else(|fault| panic!("{path:?}: {fault}"));
        Self {
            method,
            pattern,
            checks: Vec::new(),
            query: Vec::new(),
            any_query: false,
            times: None,
            replies: Vec::new(),
        }
    }

    /// A GET request.
    ///
    /// # Panics
    ///
    /// If `path` is no template.
    pub fn get(path: impl AsRef<str>) -> Self {
        Self::new(Method::GET, path)
    }

    /// A POST request.
    ///
    /// # Panics
    ///
    /// If `path` is no template.
    pub fn post(path: impl AsRef<str>) -> Self {
        Self::new(Method::POST, path)
    }

    /// A PUT request.
    ///
    /// # Panics
    ///
    /// If `path` is no template.
    pub fn put(path: impl AsRef<str>) -> Self {
        Self::new(Method::PUT, path)
    }

    /// A PATCH request.
    ///
    /// # Panics
    ///
    /// If `path` is no template.
    pub fn patch(path: impl AsRef<str>) -> Self {
        Self::new(Method::PATCH, path)
    }

    /// A DELETE request.
    ///
    /// # Panics
    ///
    /// If `path` is no template.
    pub fn delete(path: impl AsRef<str>) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// Any call of an [`Endpoint`], with whatever values and query.
    pub fn endpoint<E: Endpoint>() -> Self {
        const { crate::template::demand(E::PATH) };
        Self::new(E::METHOD, E::PATH).any_query()
    }

    /// This call of an [`Endpoint`] and no other: with its values, its query and its body. Forms of several parts are
    /// compared without their boundaries.
    ///
    /// # Panics
    ///
    /// If the values, the query or the body cannot be written. A stream and a file are such bodies, and so is a form
    /// with one: they are read once, by the client. Say [`endpoint`](Self::endpoint) of such a call, and
    /// [`when`](Self::when) about its body.
    pub fn call<E: Endpoint>(endpoint: &E) -> Self {
        let mut this = Self::new(E::METHOD, E::PATH);
        let names: Vec<_> = crate::Template::from_static(E::PATH)
            .names()
            .map(str::to_owned)
            .collect();
        let values = query::plain(&endpoint.path(), Values::default());
        for (name, value) in values.expect("values that can be written").iter() {
            let has_place = names.iter().any(|known| known == name) && !this.is_query(name);
            this = if has_place {
                this.path(name, value)
            } else {
                this.query(name, value)
            };
        }
        let style: ArrayStyle = E::OPTIONS.array_style();
        let query = query::query(&endpoint.query(), style).expect("a query that can be written");
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            this = this.query(&decode(name, true), decode(value, true));
        }
        this.payload(endpoint.body())
    }

    /// The value in the place of a name.
    pub fn path(self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.check(Check::Path(name.into(), value.to_string()))
    }

    /// A parameter of the query. Of one name, all values are given, in their order.
    pub fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// Lets parameters of the query pass that are not named here.
    pub fn any_query(mut self) -> Self {
        self.any_query = true;
        self
    }

    /// A header of this value; others of its name may stand beside it.
    ///
    /// # Panics
    ///
    /// If `name` is no header's name.
    pub fn header(self, name: &str, value: impl Into<String>) -> Self {
        self.check(Check::Header(header_name(name), value.into()))
    }

    /// A header, of whatever value.
    ///
    /// # Panics
    ///
    /// If `name` is no header's name.
    pub fn has_header(self, name: &str) -> Self {
        self.check(Check::HasHeader(header_name(name)))
    }

    /// The absence of a header.
    ///
    /// # Panics
    ///
    /// If `name` is no header's name.
    pub fn without_header(self, name: &str) -> Self {
        self.check(Check::WithoutHeader(header_name(name)))
    }

    /// A body that is this JSON, whatever its spaces and the order of its fields.
    ///
    /// # Panics
    ///
    /// If the value cannot be JSON.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        self.check(Check::Json(json(value)))
    }

    /// A body of JSON that has at least the fields of this object, at any depth. Lists are compared
    /// whole.
    ///
    /// # Panics
    ///
    /// If the value cannot be JSON.
    pub fn json_part<T: Serialize + ?Sized>(self, value: &T) -> Self {
        self.check(Check::JsonPart(json(value)))
    }

    /// A body that is this form, in whatever order its names come.
    ///
    /// # Panics
    ///
    /// If the value cannot be a form.
    pub fn form<T: Serialize + ?Sized>(self, value: &T) -> Self {
        let form = query::form(value, ArrayStyle::default()).expect("a value that can be a form");
        self.check(Check::Form(check::form(&form)))
    }

    /// A body of exactly these bytes; none, where there are none.
    pub fn body(self, body: impl Into<bytes::Bytes>) -> Self {
        self.check(Check::Body(body.into()))
    }

    /// Something else that must be true of the call; `what` says it in messages.
    pub fn when(
        self,
        what: impl Into<String>,
        holds: impl Fn(&Call) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.check(Check::When(what.into(), Arc::new(holds)))
    }

    /// How often: `3`, `1..=3`, `1..`, `..`; 0 for what must not happen. Calls beyond the last reply
    /// get the last one again.
    pub fn times(mut self, times: impl Into<Times>) -> Self {
        self.times = Some(times.into());
        self
    }

    /// What comes back; a second one is for the second call.
    pub fn reply(mut self, reply: Reply) -> Self {
        self.replies.push(Answer::Fixed(reply));
        self
    }

    /// The same, made of the call.
    ///
    /// ```
    /// use buttress::testing::{Call, Expect, Reply};
    ///
    /// let echo = Expect::post("/echo").reply_with(|call: &Call| Reply::ok().body(call.body().clone()));
    /// # drop(echo);
    /// ```
    pub fn reply_with(mut self, make: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        self.replies.push(Answer::Made(Arc::new(make)));
        self
    }

    pub(super) fn expected(&self) -> Times {
        let usual = Times::from(self.replies.len().max(1));
        self.times.unwrap_or(usual)
    }

    /// The reply to the call that comes after `count` others.
    pub(super) fn reply_to(&self, count: usize) -> impl FnOnce(&Call) -> Reply + use<> {
        let answer = self.replies.get(count).or(self.replies.last()).cloned();
        move |call| match answer {
            None => Reply::ok(),
            Some(Answer::Fixed(reply)) => reply,
            Some(Answer::Made(make)) => make(call),
        }
    }

    /// The values of the path, where the call is what is expected.
    pub(super) fn matches(&self, call: &Call, base: Option<&BaseUri>) -> Result<Found, Mismatch> {
        if self.method != call.method() {
            return Err(Mismatch::Elsewhere);
        }
        let values = self.values(call, base).ok_or(Mismatch::Elsewhere)?;
        let mut faults = check::query(self.pattern.query(), &self.query, self.any_query, call);
        for check in &self.checks {
            faults.extend(check.fault(call, &values));
        }
        if faults.is_empty() {
            Ok(values)
        } else {
            Err(Mismatch::Here(faults))
        }
    }

    /// The values of the path, where it is of this template, whatever else is not as expected.
    pub(super) fn values(&self, call: &Call, base: Option<&BaseUri>) -> Option<Found> {
        self.pattern.path_of(call.uri(), base)
    }

    fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    fn is_query(&self, name: &str) -> bool {
        let mut tokens = self.pattern.query().iter();
        tokens.any(|token| matches!(token, QueryToken::Any(any) if any == name))
    }

    /// # Panics
    ///
    /// If the body cannot be written.
    fn payload(self, payload: Payload) -> Self {
        let content_type = payload.content_type().and_then(|of| of.to_str().ok());
        let is_json = content_type.is_some_and(|of| of.starts_with("application/json"));
        let boundary = content_type
            .filter(|of| of.starts_with("multipart/"))
            .and_then(boundary);
        let content = payload.into_parts().content;
        let body = content.expect("a body that can be written");
        // A stream is read once only, and the client needs it.
        let body = body.as_bytes().expect(
            "a body that lies in memory; of a stream or a file, expect the `endpoint`, and what is true `when` it comes",
        );
        let body = bytes::Bytes::copy_from_slice(body);
        match (boundary, is_json.then(|| serde_json::from_slice(&body))) {
            (Some(boundary), _) => self.check(Check::Parts(body, boundary)),
            (None, Some(Ok(value))) => self.check(Check::Json(value)),
            (None, _) => self.body(body),
        }
    }
}

fn json<T: Serialize + ?Sized>(value: &T) -> Value {
    serde_json::to_value(value).expect("a value that can be JSON")
}

fn header_name(name: &str) -> HeaderName {
    HeaderName::try_from(name).expect("a header's name")
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.pattern.as_str())
    }
}

impl fmt::Debug for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expect")
            .field("request", &format_args!("{self}"))
            .field("times", &self.expected())
            .finish_non_exhaustive()
    }
}
