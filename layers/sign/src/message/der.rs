//! Finds keys in PEM and DER. What is found is checked by whoever uses it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// The public key in a SEC 1 private key.
const CONTEXT_1: u8 = 0xa1;

/// The bytes of the first block of a PEM file, or what is no PEM as it is.
pub(super) fn der(input: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let Some(text) = std::str::from_utf8(input)
        .ok()
        .filter(|text| text.contains("-----BEGIN "))
    else {
        return Some(Zeroizing::new(input.to_vec()));
    };
    let (_, block) = text.split_once("-----BEGIN ")?;
    let (label, body) = block.split_once("-----")?;
    let (body, _) = body.split_once(&format!("-----END {label}-----"))?;
    let body: Zeroizing<Vec<u8>> = Zeroizing::new(
        body.bytes()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect(),
    );
    STANDARD.decode(&*body).ok().map(Zeroizing::new)
}

/// The form that a private key is in.
pub(super) enum Private<'a> {
    /// PKCS #8 ([RFC 5958](https://www.rfc-editor.org/rfc/rfc5958)): the object that names the
    /// algorithm, and the key itself.
    Pkcs8 { object: &'a [u8], key: &'a [u8] },
    /// An RSA key by itself ([RFC 8017 §A.1.2](https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.2)).
    Pkcs1,
    /// A key of an elliptic curve by itself, with its public half
    /// ([RFC 5915](https://www.rfc-editor.org/rfc/rfc5915)).
    Sec1 { key: &'a [u8], public: &'a [u8] },
}

impl<'a> Private<'a> {
    pub(super) fn of(der: &'a [u8]) -> Option<Self> {
        let (inside, _) = expect(der, SEQUENCE)?;
        let (_version, rest) = expect(inside, INTEGER)?;
        match *rest.first()? {
            SEQUENCE => {
                let (algorithm, rest) = expect(rest, SEQUENCE)?;
                let (object, _) = expect(algorithm, OBJECT)?;
                let (key, _) = expect(rest, OCTET_STRING)?;
                Some(Self::Pkcs8 { object, key })
            }
            INTEGER => Some(Self::Pkcs1),
            OCTET_STRING => {
                let (key, rest) = expect(rest, OCTET_STRING)?;
                let public = bits(find(rest, CONTEXT_1)?)?;
                Some(Self::Sec1 { key, public })
            }
            _ => None,
        }
    }
}

/// A public key, and its algorithm's identifier where it comes with one: the `SubjectPublicKeyInfo`
/// of [RFC 5280 §4.1](https://www.rfc-editor.org/rfc/rfc5280#section-4.1), or an RSA key by itself.
pub(super) fn public(der: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (inside, after) = expect(der, SEQUENCE)?;
    if !after.is_empty() {
        return None;
    }
    if inside.first() == Some(&INTEGER) {
        return is_rsa(der).then_some((None, der));
    }
    let (algorithm, rest) = expect(inside, SEQUENCE)?;
    Some((Some(algorithm), bits(rest)?))
}

/// Whether this is the public half of an RSA key: two numbers.
pub(super) fn is_rsa(der: &[u8]) -> bool {
    let numbers = || {
        let (inside, after) = expect(der, SEQUENCE)?;
        let (_modulus, rest) = expect(inside, INTEGER)?;
        let (_exponent, rest) = expect(rest, INTEGER)?;
        (rest.is_empty() && after.is_empty()).then_some(())
    };
    numbers().is_some()
}

/// The whole bytes of a bit string.
fn bits(der: &[u8]) -> Option<&[u8]> {
    let (bits, _) = expect(der, BIT_STRING)?;
    match bits.split_first()? {
        (0, bytes) => Some(bytes),
        _ => None,
    }
}

/// The contents of the first value with this tag.
fn find(mut der: &[u8], wanted: u8) -> Option<&[u8]> {
    loop {
        let (tag, contents, rest) = value(der)?;
        if tag == wanted {
            return Some(contents);
        }
        der = rest;
    }
}

/// The contents of a value, which must have this tag, and what follows it.
fn expect(der: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, contents, rest) = value(der)?;
    (tag == wanted).then_some((contents, rest))
}

/// Tag, contents and what follows.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match *length {
        short @ ..=0x7f => (usize::from(short), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => {
            let bytes = rest.first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*bytes)), rest.get(2..)?)
        }
        // No key is that long.
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((*tag, contents, rest))
}
