use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Result};

use crate::attribute::Operation;
use crate::field::{Goes, Value};
use crate::template::{self, Place};

/// The implementation for a struct.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let operation = Operation::of(&input.attrs, &input.ident)?;
    let places = template::places(&operation.path);
    let values = values(input, &places)?;
    check_places(&operation, &places, &values)?;
    let body = body(&values)?;
    let path = list(&values, Goes::Path);
    let query = list(&values, Goes::Query);
    let Operation {
        method,
        path: template,
        ok,
        err,
        options,
    } = operation;
    let no_content = quote!(::buttress::NoContent);
    let ok = ok.map_or(no_content.clone(), |ok| quote!(#ok));
    let err = err.map_or(no_content, |err| quote!(#err));
    let options = options.map(|options| quote!(const OPTIONS: ::buttress::Options = #options;));
    let name = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #generics ::buttress::Endpoint for #name #arguments #bounds {
            const METHOD: ::buttress::__private::Method = ::buttress::__private::Method::#method;
            const PATH: &'static str = #template;
            #options
            type Ok = #ok;
            type Err = #err;

            fn path(&self) -> impl ::buttress::__private::Serialize {
                ::buttress::__private::Fields(#path)
            }

            fn query(&self) -> impl ::buttress::__private::Serialize {
                ::buttress::__private::Fields(#query)
            }

            #body
        }
    })
}

fn values<'a>(input: &'a DeriveInput, places: &[Place]) -> Result<Vec<Value<'a>>> {
    let Data::Struct(data) = &input.data else {
        let message = "an endpoint is a struct: its fields are what is sent";
        return Err(Error::new(input.ident.span(), message));
    };
    match &data.fields {
        Fields::Named(fields) => fields
            .named
            .iter()
            .map(|field| Value::of(field, places))
            .collect(),
        Fields::Unit => Ok(Vec::new()),
        Fields::Unnamed(fields) => {
            let message = "an endpoint's fields have names, by which they find their places";
            Err(Error::new_spanned(fields, message))
        }
    }
}

/// Every place that must be filled has its field.
fn check_places(operation: &Operation, places: &[Place], values: &[Value<'_>]) -> Result<()> {
    let has = |place: &&Place| {
        let mut values = values.iter();
        values.any(|value| value.goes == Goes::Path && value.name == place.name)
    };
    let required = places.iter().filter(|place| !place.is_optional);
    let missing = required.filter(|place| !has(place));
    let missing: Vec<_> = missing
        .map(|place| format!("`{{{}}}`", place.name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("no field is for the place {}", missing.join(", "));
    Err(Error::new(operation.path.span(), message))
}

fn body(values: &[Value<'_>]) -> Result<Option<TokenStream>> {
    let mut bodies = values.iter().filter(|value| value.goes.is_body());
    let Some(value) = bodies.next() else {
        return Ok(None);
    };
    if let Some(second) = bodies.next() {
        return Err(Error::new(second.field.span(), "a request has one body"));
    }
    let field = value.field;
    let payload = match value.goes {
        Goes::Json => quote!(::buttress::Payload::json(&self.#field)),
        Goes::Form => {
            quote!(::buttress::Payload::form(&self.#field, ::buttress::ArrayStyle::default()))
        }
        _ => quote!(::core::convert::Into::into(::core::clone::Clone::clone(&self.#field))),
    };
    Ok(Some(quote! {
        fn body(&self) -> ::buttress::Payload {
            #payload
        }
    }))
}

/// `Field("a", &self.a, Field("b", &self.b, ()))`
fn list(values: &[Value<'_>], goes: Goes) -> TokenStream {
    let own = values.iter().filter(|value| value.goes == goes);
    own.rev().fold(quote!(()), |rest, value| {
        let (name, field) = (&value.name, value.field);
        quote!(::buttress::__private::Field(#name, &self.#field, #rest))
    })
}
