/// How text becomes part of a URI or of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Everything but RFC 3986's unreserved characters.
    Component,
    /// Reserved characters stay, and what is encoded already does (RFC 6570 §3.2.3).
    Reserved,
    /// What cannot stand in a URI at all; for literals, whose ASCII has been checked.
    Literal,
    /// A form's, where a space is a plus (WHATWG URL §5.2).
    Form,
    /// Nothing: for text that is encoded later.
    Plain,
}

impl Encoding {
    const ALL: [Self; 5] = [
        Self::Component,
        Self::Reserved,
        Self::Literal,
        Self::Form,
        Self::Plain,
    ];

    const fn bit(self) -> u8 {
        1 << self as u8
    }

    const fn keeps(self, byte: u8) -> bool {
        match self {
            Self::Component => is_unreserved(byte),
            Self::Reserved => is_unreserved(byte) || is_reserved(byte),
            Self::Literal => byte.is_ascii(),
            Self::Form => byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'-' | b'.' | b'_'),
            Self::Plain => true,
        }
    }
}

/// For each byte, who keeps it.
const KEPT: [u8; 256] = {
    let mut kept = [0; 256];
    let mut byte = 0;
    while byte < kept.len() {
        let mut which = 0;
        while which < Encoding::ALL.len() {
            let encoding = Encoding::ALL[which];
            #[allow(clippy::cast_possible_truncation)]
            if encoding.keeps(byte as u8) {
                kept[byte] |= encoding.bit();
            }
            which += 1;
        }
        byte += 1;
    }
    kept
};

/// Appends `text`, encoded once.
pub(crate) fn encode(text: &str, encoding: Encoding, into: &mut String) {
    let bit = encoding.bit();
    let keeps = |byte: u8| KEPT[usize::from(byte)] & bit != 0;
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| !keeps(byte)) {
        let (plain, behind) = rest.split_at(at);
        into.push_str(plain);
        if encoding == Encoding::Reserved && is_encoded(behind.as_bytes()) {
            into.push_str(&behind[..3]);
            rest = &behind[3..];
            continue;
        }
        let end = behind.chars().next().map_or(behind.len(), char::len_utf8);
        for byte in behind[..end].bytes() {
            push_encoded(byte, encoding, into);
        }
        rest = &behind[end..];
    }
    into.push_str(rest);
}

fn push_encoded(byte: u8, encoding: Encoding, into: &mut String) {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    if encoding == Encoding::Form && byte == b' ' {
        into.push('+');
        return;
    }
    into.push('%');
    into.push(HEX[usize::from(byte >> 4)]);
    into.push(HEX[usize::from(byte & 15)]);
}

fn is_encoded(text: &[u8]) -> bool {
    matches!(text, [b'%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
}

/// RFC 3986 §2.3.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986 §2.2.
const fn is_reserved(byte: u8) -> bool {
    matches!(
        byte,
        b':' | b'/'
            | b'?'
            | b'#'
            | b'['
            | b']'
            | b'@'
            | b'!'
            | b'$'
            | b'&'
            | b'\''
            | b'('
            | b')'
            | b'*'
            | b'+'
            | b','
            | b';'
            | b'='
    )
}
