use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, Ident, LitStr, Result, Token, Type};

/// `#[endpoint(GET "/users/{id}", ok = User)]`
pub(crate) struct Operation {
    pub(crate) method: Ident,
    pub(crate) path: LitStr,
    pub(crate) ok: Option<Type>,
    pub(crate) err: Option<Type>,
    pub(crate) options: Option<Expr>,
}

const METHODS: [&str; 9] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

impl Operation {
    /// The one that a struct must have.
    pub(crate) fn of(attributes: &[Attribute], name: &Ident) -> Result<Self> {
        let mut own = attributes.iter().filter(|a| a.path().is_ident("endpoint"));
        let Some(attribute) = own.next() else {
            let message = "say what is asked: `#[endpoint(GET \"/users/{id}\", ok = User)]`";
            return Err(Error::new(name.span(), message));
        };
        match own.next() {
            Some(second) => Err(Error::new(second.span(), "an endpoint is one operation")),
            None => attribute.parse_args(),
        }
    }
}

impl Parse for Operation {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let method: Ident = input.parse()?;
        if !METHODS.iter().any(|known| method == known) {
            let message = format!("expected a method first, one of {}", METHODS.join(", "));
            return Err(Error::new(method.span(), message));
        }
        let mut operation = Self {
            method,
            path: input.parse()?,
            ok: None,
            err: None,
            options: None,
        };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            operation.setting(input)?;
        }
        Ok(operation)
    }
}

impl Operation {
    fn setting(&mut self, input: ParseStream<'_>) -> Result<()> {
        let name: Ident = input.parse()?;
        input.parse::<Token![=]>()?;
        let is_new = match &*name.to_string() {
            "ok" => self.ok.replace(input.parse()?).is_none(),
            "err" => self.err.replace(input.parse()?).is_none(),
            "options" => self.options.replace(input.parse()?).is_none(),
            _ => return Err(Error::new(name.span(), "expected `ok`, `err` or `options`")),
        };
        if is_new {
            Ok(())
        } else {
            Err(Error::new(name.span(), format!("`{name}` is set twice")))
        }
    }
}
