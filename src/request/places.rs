//! Where a request goes: the places of its path, and its query.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

use crate::query::{self, merge};
use crate::{ArrayStyle, RequestBuilder};

impl RequestBuilder {
    /// Puts a value in the place of a name: `42` in that of `{id}`. A later value of one name takes
    /// the place of an earlier one.
    ///
    /// The client is stricter with a [`Template`](crate::Template) than RFC 6570. Every place has a
    /// value, but for those of a query (`{?a}`, `{&a}`), of parameters (`{;a}`) and of a fragment (`{#a}`), which
    /// are left out without one; every value has
    /// a place, unless the request is [`open`](Self::open); and no value makes a segment of the path
    /// that is empty, `.` or `..`. The three errors are
    /// [`MissingParameters`](crate::MissingParameters), [`UnknownParameters`](crate::UnknownParameters)
    /// and [`InvalidParameter`](crate::InvalidParameter).
    ///
    /// ```
    /// # let client = buttress::Client::builder().base_uri("http://h").build()?;
    /// let request = client.get("/users/{id}/files/{+file}{?page,size}");
    /// let request = request.path("id", 42).path("file", "a/b c").path("page", 2).build()?;
    /// assert_eq!(request.uri(), "http://h/users/42/files/a/b%20c?page=2");
    ///
    /// let error = client.get("/users/{id}").build().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "GET /users/{id}: the request cannot be sent: no value was given for `id`",
    /// );
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn path(mut self, name: impl Into<Cow<'static, str>>, value: impl fmt::Display) -> Self {
        self.target.values.push(&name.into(), &value.to_string());
        self
    }

    /// Puts several values in their places: a struct's, a map's, or a list's of pairs.
    pub fn paths<T: Serialize + ?Sized>(mut self, values: &T) -> Self {
        self.place(values);
        self
    }

    pub(crate) fn place<T: Serialize + ?Sized>(&mut self, values: &T) {
        match query::plain(values, std::mem::take(&mut self.target.values)) {
            Ok(all) => self.target.values = all,
            Err(fault) => self.blame(fault),
        }
    }

    /// Sends values that have no place in the path as the query, instead of refusing them.
    pub fn open(mut self) -> Self {
        self.target.open = true;
        self
    }

    /// Adds a struct, a map or a list of pairs to the query, each value encoded once. What is `None` is
    /// left out, a list's name is repeated, and a structure's fields stand in brackets (`a[b]=1`). A name
    /// takes the place of what the query said of it before.
    ///
    /// ```
    /// # let client = buttress::Client::builder().base_uri("http://h").build()?;
    /// let request = client.get("/users?page=1").query(&[("page", "2"), ("name", "a&b")]).build()?;
    /// assert_eq!(request.uri(), "http://h/users?page=2&name=a%26b");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn query<T: Serialize + ?Sized>(self, query: &T) -> Self {
        self.query_with(query, ArrayStyle::default())
    }

    /// The same with lists in another style.
    pub fn query_with<T: Serialize + ?Sized>(mut self, query: &T, arrays: ArrayStyle) -> Self {
        self.ask(query, arrays);
        self
    }

    pub(crate) fn ask<T: Serialize + ?Sized>(&mut self, query: &T, arrays: ArrayStyle) {
        match query::query(query, arrays) {
            Ok(pairs) if self.target.query.is_empty() => self.target.query = pairs,
            Ok(pairs) => merge(&mut self.target.query, &pairs),
            Err(fault) => self.blame(fault),
        }
    }

    /// Adds pairs that are encoded already.
    pub(crate) fn query_text(mut self, pairs: &str) -> Self {
        merge(&mut self.target.query, pairs);
        self
    }
}
