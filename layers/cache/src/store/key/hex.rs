//! Numbers in hexadecimal digits, quickly: they are compared on each look-up.

#[inline]
pub(super) fn hex(number: u64) -> [u8; 16] {
    let mut text = [0; 16];
    text[..8].copy_from_slice(&eight(number >> 32));
    text[8..].copy_from_slice(&eight(number & 0xffff_ffff));
    text
}

/// The digits of a number of 32 bits, all at once.
const fn eight(number: u64) -> [u8; 8] {
    // Each half of a byte goes to a byte of its own.
    let halves = (number | number << 16) & 0x0000_ffff_0000_ffff;
    let halves = (halves | halves << 8) & 0x00ff_00ff_00ff_00ff;
    let halves = (halves | halves << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    // From ten on, six more carry a one into the upper half.
    let letters = (halves + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    let to_letter = (b'a' - b'9' - 1) as u64;
    (halves + 0x3030_3030_3030_3030 + letters * to_letter).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_digits_are_those_of_the_standard_library(number: u64) {
            prop_assert_eq!(hex(number).to_vec(), format!("{number:016x}").into_bytes());
        }
    }
}
