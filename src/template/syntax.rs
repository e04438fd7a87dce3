//! The grammar of RFC 6570 §2, as functions that the compiler can run, too.

use super::InvalidTemplate;
use super::error::Rule;

/// Where the next thing begins, or what is wrong.
type Next = Result<usize, InvalidTemplate>;

/// # Errors
///
/// When `text` is not a template of level 3.
pub(super) const fn check(text: &str) -> Result<(), InvalidTemplate> {
    let text = text.as_bytes();
    let mut at = 0;
    while at < text.len() {
        let next = match text[at] {
            b'{' => expression(text, at),
            _ => literal(text, at),
        };
        at = match next {
            Ok(next) => next,
            Err(fault) => return Err(fault),
        };
    }
    Ok(())
}

/// # Panics
///
/// When `text` is not a template of level 3.
pub(super) const fn demand(text: &str) {
    if let Err(fault) = check(text) {
        fault.give_up();
    }
}

/// §2.1, with the apostrophe that erratum 6937 lets in.
const fn literal(text: &[u8], at: usize) -> Next {
    match text[at] {
        b'%' if is_encoded(text, at) => Ok(at + 3),
        b'%' => Err(InvalidTemplate::new(Rule::Percent, at)),
        b'}' => Err(InvalidTemplate::new(Rule::Unopened, at)),
        ..=b' ' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'|' | 0x7f => {
            Err(InvalidTemplate::new(Rule::Literal, at))
        }
        _ => Ok(at + 1),
    }
}

/// §2.2: from one brace to the other.
const fn expression(text: &[u8], open: usize) -> Next {
    let mut at = open + 1;
    if at < text.len() {
        match text[at] {
            b'+' | b'#' | b'.' | b'/' | b';' | b'?' | b'&' => at += 1,
            b'=' | b',' | b'!' | b'@' | b'|' => {
                return Err(InvalidTemplate::new(Rule::Operator, at));
            }
            _ => {}
        }
    }
    loop {
        at = match name(text, at, open) {
            Ok(next) => next,
            Err(fault) => return Err(fault),
        };
        match text[at] {
            b'}' => return Ok(at + 1),
            b',' => at += 1,
            b':' | b'*' => return Err(InvalidTemplate::new(Rule::Level4, at)),
            _ => return Err(InvalidTemplate::new(Rule::Name, at)),
        }
    }
}

/// §2.3: a name, and where it ends; something stands there.
const fn name(text: &[u8], begin: usize, open: usize) -> Next {
    let mut at = begin;
    let mut after_dot = true;
    while at < text.len() {
        match text[at] {
            b'.' if !after_dot => {
                after_dot = true;
                at += 1;
            }
            b'%' if is_encoded(text, at) => {
                after_dot = false;
                at += 3;
            }
            byte if byte.is_ascii_alphanumeric() || byte == b'_' => {
                after_dot = false;
                at += 1;
            }
            _ if after_dot => return Err(InvalidTemplate::new(Rule::Name, at)),
            _ => return Ok(at),
        }
    }
    Err(InvalidTemplate::new(Rule::Unclosed, open))
}

const fn is_encoded(text: &[u8], at: usize) -> bool {
    at + 2 < text.len() && text[at + 1].is_ascii_hexdigit() && text[at + 2].is_ascii_hexdigit()
}
