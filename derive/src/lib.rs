//! `#[derive(Endpoint)]` for [`buttress`](https://docs.rs/buttress), whose feature `derive` re-exports it.
//!
//! An endpoint by hand is a method, a template, two types, and three functions that list fields. The list is
//! what goes wrong: a field that is forgotten is a parameter that is never sent. Here the struct is the
//! list, and a place in the template without a field does not compile.
//!
//! ```
//! # use buttress_derive as buttress;
//! # macro_rules! shown { ($($code:tt)*) => {} }
//! # shown! {
//! use buttress::Endpoint;
//!
//! #[derive(Endpoint)]
//! #[endpoint(POST "/teams/{team}/users", ok = User, err = Refusal, options = Options::new().retry(5))]
//! struct CreateUser<'a> {
//!     team: &'a str,              // a place of the template has this name
//!     notify: Option<bool>,       // none has: the query
//!     #[endpoint(rename = "x-source")]
//!     source: &'a str,            // the query, under another name
//!     #[endpoint(json)]
//!     user: NewUser,              // the body; or `form`, or `body` for what becomes a `Payload`
//!     #[endpoint(skip)]
//!     note: String,               // ours alone
//! }
//! # }
//! ```
//!
//! Each place of the path has its field, or the struct does not compile. Those of a query, a fragment and of
//! matrix parameters (`{?page}`, `{&page}`, `{#part}`, `{;lang}`) may do without, since they are left out
//! when they have no value. Templates are those of RFC 6570 up to level 3.
//!
//! `ok` and `err` are `NoContent` unless set, `options` are none. A field marked `body` is cloned for each call. One
//! marked `into_body`, a stream for instance or a form with a file, is given away with its endpoint, by `Client::call`
//! and batches; calls that keep the endpoint are refused. `validate = path` names a function of `&Self` that returns
//! `Result<(), E>`, where `E` becomes a boxed error: a call that it refuses is not sent.
//! Where `buttress` goes by another name, or is re-exported by a crate of yours, `crate = "…"` says where it is:
//! `#[endpoint(GET "/users", crate = "my_api::buttress")]`.

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

mod attribute;
mod endpoint;
mod faults;
mod field;
mod template;

/// Implements `buttress::Endpoint`. See the [crate](self).
#[proc_macro_derive(Endpoint, attributes(endpoint))]
pub fn endpoint(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let expanded = endpoint::expand(&input);
    expanded
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
