use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Field, Fields, Path, Result, parse_quote};

use crate::attribute::Operation;
use crate::faults::Faults;
use crate::field::{Goes, Value};
use crate::template::{self, Place};

/// The implementation for a struct.
///
/// # Errors
///
/// All that is wrong with it.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let mut faults = Faults::default();
    let operation = faults.keep(Operation::of(&input.attrs, &input.ident));
    let read = operation.as_ref().map(|said| template::places(&said.path));
    let known = read.and_then(|read| faults.keep(read));
    let is_read = known.is_some();
    let places = known.unwrap_or_default();
    let fields = faults.keep(fields(input));
    let read = fields.iter().flatten();
    let values = read.filter_map(|field| faults.keep(Value::of(field, &places)));
    let values: Vec<_> = values.collect();
    check_names(&values, &mut faults);
    check_bodies(&values, &mut faults);
    // A field that could not be read may have been the one that is missing.
    if let (Some(operation), Some(fields)) = (&operation, &fields)
        && values.len() == fields.len()
        && is_read
    {
        faults.keep(check_places(operation, &places, &values));
    }
    faults.end()?;
    let operation = operation.ok_or_else(|| Error::new(input.ident.span(), "no operation"))?;
    Ok(implementation(input, &operation, &values))
}

fn implementation(input: &DeriveInput, operation: &Operation, values: &[Value<'_>]) -> TokenStream {
    let krate = operation.krate();
    let body = body(&krate, values);
    let path = list(&krate, values, Goes::Path);
    let query = list(&krate, values, Goes::Query);
    let Operation {
        method,
        path: template,
        settings,
    } = operation;
    let no_content = parse_quote!(#krate::NoContent);
    let ok = settings.ok.as_ref().unwrap_or(&no_content);
    let err = settings.err.as_ref().unwrap_or(&no_content);
    let options = settings.options.as_ref();
    let options = options.map(|options| quote!(const OPTIONS: #krate::Options = #options;));
    let validate = settings.validate.as_ref();
    let validate = validate.map(|check| self::validate(&krate, check));
    let name = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #generics #krate::Endpoint for #name #arguments #bounds {
            const METHOD: #krate::__private::Method = #krate::__private::Method::#method;
            const PATH: &'static str = #template;
            #options
            type Ok = #ok;
            type Err = #err;

            fn path(&self) -> impl #krate::__private::Serialize {
                #krate::__private::Fields(#path)
            }

            fn query(&self) -> impl #krate::__private::Serialize {
                #krate::__private::Fields(#query)
            }

            #body

            #validate
        }
    }
}

fn fields(input: &DeriveInput) -> Result<Vec<&Field>> {
    let Data::Struct(data) = &input.data else {
        let message = "an endpoint is a struct: its fields are what is sent";
        return Err(Error::new(input.ident.span(), message));
    };
    match &data.fields {
        Fields::Named(fields) => Ok(fields.named.iter().collect()),
        Fields::Unit => Ok(Vec::new()),
        Fields::Unnamed(fields) => {
            let message = "an endpoint's fields have names, by which they find their places";
            Err(Error::new_spanned(fields, message))
        }
    }
}

/// No two fields are sent under one name.
fn check_names(values: &[Value<'_>], faults: &mut Faults) {
    for (index, value) in values.iter().enumerate() {
        if values[..index].iter().any(|before| value.doubles(before)) {
            let message = match value.goes {
                Goes::Path => format!("a second field is for the place `{{{}}}`", value.name),
                _ => format!("a second field is sent as `{}`", value.name),
            };
            faults.add(Error::new(value.named_at, message));
        }
    }
}

fn check_bodies(values: &[Value<'_>], faults: &mut Faults) {
    let bodies = values.iter().filter(|value| value.goes.is_body());
    for value in bodies.skip(1) {
        faults.add(Error::new(value.field.span(), "a request has one body"));
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

fn body(krate: &Path, values: &[Value<'_>]) -> Option<TokenStream> {
    let value = values.iter().find(|value| value.goes.is_body())?;
    let field = value.field;
    if value.goes == Goes::IntoBody {
        return Some(quote! {
            fn body(&self) -> #krate::Payload {
                #krate::Payload::once()
            }

            fn into_body(self) -> #krate::Payload {
                ::core::convert::Into::into(self.#field)
            }
        });
    }
    let payload = match value.goes {
        Goes::Json => quote!(#krate::Payload::json(&self.#field)),
        Goes::Form => {
            quote!(#krate::Payload::form(&self.#field, #krate::ArrayStyle::default()))
        }
        _ => quote!(::core::convert::Into::into(::core::clone::Clone::clone(&self.#field))),
    };
    Some(quote! {
        fn body(&self) -> #krate::Payload {
            #payload
        }
    })
}

fn validate(krate: &Path, check: &Path) -> TokenStream {
    quote! {
        fn validate(&self) -> ::core::result::Result<(), #krate::BoxError> {
            ::core::result::Result::map_err(#check(self), ::core::convert::Into::into)
        }
    }
}

/// `Field("a", &self.a, Field("b", &self.b, ()))`
fn list(krate: &Path, values: &[Value<'_>], goes: Goes) -> TokenStream {
    let own = values.iter().filter(|value| value.goes == goes);
    own.rev().fold(quote!(()), |rest, value| {
        let (name, field) = (&value.name, value.field);
        quote!(#krate::__private::Field(#name, &self.#field, #rest))
    })
}
