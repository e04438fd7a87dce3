use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use buttress_kernel::BoxError;
use http::Method;
use serde::Serialize;

use crate::template::{
    InvalidParameter, InvalidTemplate, MissingParameters, Template, UnknownParameters,
};
use crate::{Client, Options, RequestBuilder, query};

/// An endpoint: method, template, parameters and options.
#[derive(Clone, Debug)]
pub struct Definition {
    method: Method,
    template: Template,
    parameters: Vec<Parameter>,
    options: Options,
}

impl Definition {
    /// An endpoint without parameters but those of its template, which are all required.
    ///
    /// # Errors
    ///
    /// When `template` is none.
    pub fn new(method: Method, template: &str) -> Result<Self, InvalidTemplate> {
        Ok(Self {
            method,
            template: template.parse()?,
            parameters: Vec::new(),
            options: Options::new(),
        })
    }

    /// Declares a parameter, or says more about one of the template's. The later of two of one name counts.
    #[must_use]
    pub fn parameter(mut self, parameter: Parameter) -> Self {
        self.parameters.retain(|known| known.name != parameter.name);
        self.parameters.push(parameter);
        self
    }

    /// What every call wants otherwise than its client.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// The method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// The template.
    #[must_use]
    pub const fn template(&self) -> &Template {
        &self.template
    }

    pub(super) fn request<T: Serialize + ?Sized>(
        &self,
        client: &Client,
        values: &T,
    ) -> RequestBuilder {
        let request = client.request(self.method.clone(), self.template.as_str());
        let request = self.options.apply(request);
        match self.sorted(values) {
            Ok(sorted) => request.paths(&sorted.places).query_text(&sorted.query),
            Err(fault) => request.blamed(fault),
        }
    }

    /// The values of the template's places, and those of the query.
    fn sorted<T: Serialize + ?Sized>(&self, values: &T) -> Result<Sorted, BoxError> {
        let given = self.given(values)?;
        let missing = self.missing(&given);
        if !missing.is_empty() {
            return Err(MissingParameters::of(missing).into());
        }
        let unknown = self.unknown(&given);
        if !unknown.is_empty() {
            return Err(UnknownParameters::of(unknown).into());
        }
        let defaults = self.parameters.iter().filter_map(|parameter| {
            let default = parameter.default.clone()?;
            let is_given = given.iter().any(|(name, _)| *name == parameter.name);
            (!is_given).then(|| (parameter.name.to_string(), default.into_owned()))
        });
        let defaults: Pairs = defaults.collect();
        for (name, value) in defaults.iter().chain(&given) {
            self.check(name, value)?;
        }
        let mut query = String::new();
        let (mut places, defaults) = self.apart(defaults);
        for (name, value) in defaults {
            query::push(&mut query, &name, &value);
        }
        let mut given_query = query::query(values, self.options.array_style())?;
        let (given_places, _) = self.apart(given);
        for (name, _) in &given_places {
            query::remove(&mut given_query, &query::name(name));
        }
        query::merge(&mut query, &given_query);
        places.extend(given_places);
        Ok(Sorted { places, query })
    }

    /// The values by the names of their parameters: a list's elements each by the name of the list.
    ///
    /// # Errors
    ///
    /// When a list was given for a place of the template, which has room for one value.
    fn given<T: Serialize + ?Sized>(&self, values: &T) -> Result<Pairs, BoxError> {
        let given = query::listed(values, self.options.array_style())?;
        let given = given.iter();
        let mut given: Pairs = given
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        for (name, _) in &mut given {
            if self.declared(name).is_some() || self.has_place(name) {
                continue;
            }
            let list = without_indices(name);
            if list != *name && self.has_place(&list) {
                let reason = "is a list, and its place has room for one value";
                return Err(InvalidParameter::of(&list, reason.into()).into());
            }
            *name = list;
        }
        Ok(given)
    }

    fn apart(&self, pairs: Pairs) -> (Pairs, Pairs) {
        pairs
            .into_iter()
            .partition(|(name, _)| self.has_place(name))
    }

    fn declared(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|known| known.name == name)
    }

    fn has_place(&self, name: &str) -> bool {
        self.template.names().any(|place| place == name)
    }

    fn missing(&self, given: &Pairs) -> Vec<String> {
        let declared = self.parameters.iter().filter(|p| p.is_required);
        let names = self.template.required().chain(declared.map(|p| &*p.name));
        let mut missing: Vec<String> = Vec::new();
        for name in names {
            let has_default = self.declared(name).is_some_and(|p| p.default.is_some());
            let is_known =
                given.iter().any(|(n, _)| n == name) || missing.iter().any(|n| n == name);
            if !is_known && !has_default {
                missing.push(name.to_owned());
            }
        }
        missing
    }

    fn unknown(&self, given: &Pairs) -> Vec<String> {
        if self.options.is_open() {
            return Vec::new();
        }
        let names = given.iter().map(|(name, _)| name);
        let unknown = names.filter(|name| !self.has_place(name) && self.declared(name).is_none());
        unknown.cloned().collect()
    }

    fn check(&self, name: &str, value: &str) -> Result<(), InvalidParameter> {
        let check = self.declared(name).and_then(|p| p.check.as_deref());
        let verdict = check.map_or(Ok(()), |check| check(value));
        verdict.map_err(|reason| InvalidParameter::of(name, reason))
    }
}

type Pairs = Vec<(String, String)>;

/// `a[b]` of `a[0][b]`, and `a` of `a[]`.
fn without_indices(name: &str) -> String {
    let parts = name.split_inclusive(']');
    let kept = parts.filter_map(|part| match part.rsplit_once('[') {
        Some((before, inside)) if is_index(inside) => (!before.is_empty()).then_some(before),
        _ => Some(part),
    });
    kept.collect()
}

fn is_index(inside: &str) -> bool {
    let index = inside.strip_suffix(']');
    index.is_some_and(|index| index.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Values where they go, those of the query encoded.
struct Sorted {
    places: Pairs,
    query: String,
}

type Check = dyn Fn(&str) -> Result<(), Cow<'static, str>> + Send + Sync;

/// A parameter that a call may have.
#[derive(Clone)]
pub struct Parameter {
    name: Cow<'static, str>,
    is_required: bool,
    default: Option<Cow<'static, str>>,
    check: Option<Arc<Check>>,
}

impl Parameter {
    /// One that may be left out.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            is_required: false,
            default: None,
            check: None,
        }
    }

    /// A call without it is not sent, unless there is a [default](Self::default).
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    /// What is sent where a call does not say.
    #[must_use]
    pub fn default(mut self, value: impl Into<Cow<'static, str>>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// Refuses values, the default among them, and each element of a list by itself: the reason reads on from "the value of `name`", as in
    /// "is above 100".
    #[must_use]
    pub fn check<F>(mut self, check: F) -> Self
    where
        F: Fn(&str) -> Result<(), Cow<'static, str>> + Send + Sync + 'static,
    {
        self.check = Some(Arc::new(check));
        self
    }
}

impl fmt::Debug for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parameter")
            .field("name", &self.name)
            .field("is_required", &self.is_required)
            .field("default", &self.default)
            .field("has_check", &self.check.is_some())
            .finish()
    }
}
