use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, Ident, LitStr, Path, Result, Token, Type, parse_quote};

use crate::faults::Faults;

/// `#[endpoint(GET "/users/{id}", ok = User)]`
pub(crate) struct Operation {
    pub(crate) method: Ident,
    pub(crate) path: LitStr,
    pub(crate) settings: Settings,
}

/// What may be left out.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) ok: Option<Type>,
    pub(crate) err: Option<Type>,
    pub(crate) options: Option<Expr>,
    pub(crate) validate: Option<Path>,
    krate: Option<Path>,
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

    /// Where the façade is.
    pub(crate) fn krate(&self) -> Path {
        let said = self.settings.krate.clone();
        said.unwrap_or_else(|| parse_quote!(::buttress))
    }
}

impl Parse for Operation {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut faults = Faults::default();
        let method: Ident = input.parse()?;
        if !METHODS.iter().any(|known| method == known) {
            let message = format!("expected a method first, one of {}", METHODS.join(", "));
            faults.add(Error::new(method.span(), message));
        }
        let path = input.parse()?;
        let mut settings = Settings::default();
        let read = settings.read_all(input, &mut faults);
        faults.keep(read);
        faults.end()?;
        Ok(Self {
            method,
            path,
            settings,
        })
    }
}

impl Settings {
    fn read_all(&mut self, input: ParseStream<'_>, faults: &mut Faults) -> Result<()> {
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            self.read(input, faults)?;
        }
        Ok(())
    }

    /// # Errors
    ///
    /// When what follows cannot be told apart any more.
    fn read(&mut self, input: ParseStream<'_>, faults: &mut Faults) -> Result<()> {
        // `crate` is a keyword.
        let name = Ident::parse_any(input)?;
        input.parse::<Token![=]>()?;
        let is_new = match &*name.to_string() {
            "ok" => self.ok.replace(input.parse()?).is_none(),
            "err" => self.err.replace(input.parse()?).is_none(),
            "options" => self.options.replace(input.parse()?).is_none(),
            "validate" => self.validate.replace(input.parse()?).is_none(),
            "crate" => {
                let path = input.parse::<LitStr>()?.parse()?;
                self.krate.replace(path).is_none()
            }
            _ => {
                let message = "expected `ok`, `err`, `options`, `validate` or `crate`";
                faults.add(Error::new(name.span(), message));
                // Whatever it is, what stands behind it may be wrong as well.
                if input.parse::<Type>().is_err() {
                    input.parse::<Expr>()?;
                }
                true
            }
        };
        if !is_new {
            faults.add(Error::new(name.span(), format!("`{name}` is set twice")));
        }
        Ok(())
    }
}
