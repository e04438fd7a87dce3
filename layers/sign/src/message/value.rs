//! The values of components: pure functions of a message.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, Method, Uri};
use sfv::{
    DictSerializer, Dictionary, Item, ItemSerializer, List, ListEntry, ListSerializer, Parser,
};

use super::component::{Component, Name};
use super::view::{Message, Start, Structure};
use crate::percent::{decode_form, push};
use crate::{authority, target};

/// Why a component has no value, as a clause.
pub(super) type NoValue = &'static str;

const NOT_A_REQUEST: NoValue = "a covered component is a request's, and it is a response";
const NO_FIELD: NoValue = "a field that the signature covers is missing";
const NOT_STRUCTURED: NoValue = "a covered field does not have the structure that it must have";

/// The value of one component, as it stands in the signature base.
pub(super) fn of(component: &Component, message: &Message<'_>) -> Result<String, NoValue> {
    let related;
    let message = if component.is_req() {
        related = message
            .related()
            .ok_or("a covered component is another request's")?;
        &related
    } else {
        message
    };
    match (&component.name, message.start) {
        (Name::Field(name), _) => field(component, name, message),
        (Name::Status, Start::Response(status)) => Ok(status.as_str().to_owned()),
        (Name::Status, Start::Request(..)) => Err("it is a request, which has no status"),
        (_, Start::Response(_)) => Err(NOT_A_REQUEST),
        (name, Start::Request(method, uri)) => derived(component, name, message, method, uri),
    }
}

/// [RFC 9421 §2.2](https://www.rfc-editor.org/rfc/rfc9421#section-2.2).
fn derived(
    component: &Component,
    name: &Name,
    message: &Message<'_>,
    method: &Method,
    uri: &Uri,
) -> Result<String, NoValue> {
    let path = match uri.path() {
        "" => "/",
        path => path,
    };
    let text = match name {
        Name::Method => method.as_str().to_owned(),
        Name::Scheme => scheme(message, uri)?,
        Name::Authority => authority(message, uri)?.into_owned(),
        Name::TargetUri => {
            let (scheme, authority) = (scheme(message, uri)?, authority(message, uri)?);
            // RFC 9112 §3.3: neither `*` nor an authority is a path.
            let path = match target::path_and_query(uri) {
                _ if method == Method::CONNECT => "",
                "*" => "",
                path => path,
            };
            format!("{scheme}://{authority}{path}")
        }
        Name::RequestTarget if method == Method::CONNECT => authority(message, uri)?.into_owned(),
        Name::RequestTarget => target::path_and_query(uri).to_owned(),
        Name::Path => path.to_owned(),
        Name::Query => format!("?{}", uri.query().unwrap_or("")),
        Name::QueryParam => query_param(uri, component.name_param().unwrap_or(""))?,
        Name::Status | Name::Field(_) => return Err(NOT_A_REQUEST),
    };
    visible(text)
}

fn scheme(message: &Message<'_>, uri: &Uri) -> Result<String, NoValue> {
    let scheme = message
        .scheme_of(uri)
        .ok_or("its URI has no scheme, which the signature covers")?;
    Ok(scheme.to_ascii_lowercase())
}

fn authority<'a>(message: &Message<'a>, uri: &'a Uri) -> Result<Cow<'a, str>, NoValue> {
    let scheme = message.scheme_of(uri);
    let authority = if message.outbound {
        authority::sent(uri, message.headers, scheme)
    } else {
        authority::received(uri, message.headers, scheme)
    };
    authority.ok_or("it has no host, which the signature covers")
}

/// [RFC 9421 §2.2.8](https://www.rfc-editor.org/rfc/rfc9421#section-2.2.8): read as a form is, and
/// percent-encoded again, so that all spellings of one value are one value.
fn query_param(uri: &Uri, wanted: &str) -> Result<String, NoValue> {
    let pieces = uri.query().unwrap_or("").split('&');
    let pairs = pieces.filter(|piece| !piece.is_empty()).map(|piece| {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        (encoded(&decode_form(name)), value)
    });
    let mut values = pairs
        .filter(|(name, _)| name == wanted)
        .map(|(_, value)| value);
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(encoded(&decode_form(value))),
        (None, _) => Err("a parameter of the query that the signature covers is missing"),
        (Some(_), Some(_)) => {
            Err("a parameter of the query that the signature covers is there twice")
        }
    }
}

/// With what forms leave as it is, and `%20` for a space.
fn encoded(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        let stays = byte.is_ascii_alphanumeric() || b"*-._".contains(byte);
        push(*byte, stays, &mut text);
    }
    text
}

/// [RFC 9421 §2.1](https://www.rfc-editor.org/rfc/rfc9421#section-2.1).
fn field(
    component: &Component,
    name: &HeaderName,
    message: &Message<'_>,
) -> Result<String, NoValue> {
    let fields = if component.is_tr() {
        message.trailers.ok_or(NO_FIELD)?
    } else {
        message.headers
    };
    if !fields.contains_key(name) {
        return Err(NO_FIELD);
    }
    if component.is_bs() {
        let lines = lines(fields, name).map(|line| format!(":{}:", STANDARD.encode(line)));
        return Ok(lines.collect::<Vec<_>>().join(", "));
    }
    let combined = combined(fields, name)?;
    if let Some(key) = component.key_param() {
        return member(&combined, key);
    }
    if component.is_sf() {
        let structure = message.structure_of(name);
        return strict(
            &combined,
            structure.ok_or("the structure of a covered field is not known")?,
        );
    }
    Ok(combined)
}

fn lines<'a>(fields: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let values = fields.get_all(name).iter();
    values.map(|value| value.as_bytes().trim_ascii())
}

/// All lines as one, which must be ASCII: anything else has no one form on which two sides agree.
pub(super) fn combined(fields: &HeaderMap, name: &HeaderName) -> Result<String, NoValue> {
    let lines: Vec<_> = lines(fields, name).collect();
    let text = String::from_utf8(lines.join(&b", "[..]));
    visible(text.map_err(|_| "a covered field is not ASCII; cover it with `bs`")?)
}

fn visible(text: String) -> Result<String, NoValue> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) {
        Ok(text)
    } else {
        Err("a covered component is not ASCII; a field can be covered with `bs`")
    }
}

/// [RFC 9421 §2.1.2](https://www.rfc-editor.org/rfc/rfc9421#section-2.1.2).
fn member(text: &str, key: &str) -> Result<String, NoValue> {
    let fields: Dictionary = Parser::new(text).parse().map_err(|_| NOT_STRUCTURED)?;
    let found = fields.iter().find(|(name, _)| name.as_str() == key);
    let (_, entry) = found.ok_or("a member that the signature covers is missing in its field")?;
    Ok(entry_text(entry))
}

/// [RFC 9421 §2.1.1](https://www.rfc-editor.org/rfc/rfc9421#section-2.1.1).
fn strict(text: &str, structure: Structure) -> Result<String, NoValue> {
    let parser = Parser::new(text);
    let text = match structure {
        Structure::List => {
            let list: List = parser.parse().map_err(|_| NOT_STRUCTURED)?;
            let mut written = ListSerializer::new();
            written.members(&list);
            written.finish()
        }
        Structure::Dictionary => {
            let dictionary: Dictionary = parser.parse().map_err(|_| NOT_STRUCTURED)?;
            dictionary_text(&dictionary)
        }
        Structure::Item => {
            let item: Item = parser.parse().map_err(|_| NOT_STRUCTURED)?;
            let written = ItemSerializer::new().bare_item(&item.bare_item);
            Some(written.parameters(&item.params).finish())
        }
    };
    // A list or dictionary without members is an empty value.
    Ok(text.unwrap_or_default())
}

/// A member of a list or a dictionary in its strict form.
pub(super) fn entry_text(entry: &ListEntry) -> String {
    let mut written = ListSerializer::new();
    written.members([entry]);
    written.finish().unwrap_or_default()
}

pub(super) fn dictionary_text(dictionary: &Dictionary) -> Option<String> {
    let mut written = DictSerializer::new();
    written.members(dictionary);
    written.finish()
}
