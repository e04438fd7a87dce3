use std::fmt::Write;

use super::component::Component;
use super::value::{self, NoValue};
use super::view::Message;

/// A base longer than this many bytes is not made: whoever sends that wants to keep us busy.
const LONGEST: usize = 256 * 1024;

/// What is signed ([RFC 9421 §2.5](https://www.rfc-editor.org/rfc/rfc9421#section-2.5)): a line for
/// each component, and one for the list of them with its parameters. Pure.
pub(super) fn base(
    message: &Message<'_>,
    components: &[Component],
    params: &str,
) -> Result<String, NoValue> {
    let mut base = String::with_capacity(512);
    for component in components {
        let value = value::of(component, message)?;
        // Writing to a string cannot fail.
        let _ = writeln!(base, "{component}: {value}");
        if base.len() > LONGEST {
            return Err("what the signature covers is too long");
        }
    }
    let _ = write!(base, "\"@signature-params\": {params}");
    Ok(base)
}

#[cfg(test)]
mod tests;
