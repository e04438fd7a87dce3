//! Percent-encoding, on bytes: pure functions.

/// Adds a byte as it is, or as a percent sign and two digits.
pub(crate) fn push(byte: u8, stays: bool, text: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    if stays {
        text.push(char::from(byte));
    } else {
        text.push('%');
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 0xf)]));
    }
}

/// What a piece of a query says, read as a form.
#[cfg(any(feature = "message-signatures", feature = "sigv4"))]
pub(crate) fn decode_form(piece: &str) -> Vec<u8> {
    units(piece.as_bytes(), true)
        .map(|(byte, _)| byte)
        .collect()
}

/// The bytes that a text means, and whether each was escaped. A percent sign without two digits means
/// itself; a plus means a space where forms are read.
#[cfg(any(feature = "message-signatures", feature = "sigv4"))]
pub(crate) fn units(text: &[u8], plus_is_space: bool) -> impl Iterator<Item = (u8, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (first, after) = rest.split_first()?;
        rest = after;
        match *first {
            b'%' => {
                if let Some(byte) = escaped(after) {
                    rest = &after[2..];
                    return Some((byte, true));
                }
                Some((b'%', false))
            }
            b'+' if plus_is_space => Some((b' ', false)),
            byte => Some((byte, false)),
        }
    })
}

#[cfg(any(feature = "message-signatures", feature = "sigv4"))]
fn escaped(after: &[u8]) -> Option<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let [high, low, ..] = after else { return None };
    u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()
}
