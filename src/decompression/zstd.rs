//! The heads of Zstandard's frames (RFC 8878 §3.1), read before they reach the decoder.
//!
//! A frame says how large a window its reader must keep: up to 3.75 TiB, of which the decoder allows 128 MiB. Over
//! HTTP more than 8 MiB must not be asked for (RFC 9659 §3), so a frame that does is refused before any memory is
//! taken for it.

/// The largest window, in bytes.
const MOST: u64 = 8 * 1024 * 1024;

const MAGIC: u32 = 0xFD2F_B528;

/// Goes through a stream of frames, however it is cut. It asks for no memory, and no byte is read twice.
#[derive(Debug)]
pub(super) struct Frames {
    at: At,
    /// The bytes of a head that came so far.
    head: [u8; LONGEST],
    filled: usize,
    /// Whether the frame that is read ends with one.
    has_checksum: bool,
}

/// Descriptor, window, dictionary and content size.
const LONGEST: usize = 1 + 1 + 4 + 8;

#[derive(Clone, Copy, Debug)]
enum At {
    Magic,
    /// The length of what a decoder skips.
    Skippable,
    Descriptor,
    /// The rest of a frame's head, of so many bytes with the descriptor.
    Head(usize),
    /// A block's head.
    Block,
    /// So many bytes that need no look; what comes then.
    Content(u64, Then),
    /// It is no Zstandard, which the decoder will find out.
    Astray,
}

#[derive(Clone, Copy, Debug)]
enum Then {
    Block,
    Frame,
}

/// A frame asks for a window that is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LargeWindow;

impl Frames {
    pub(super) const fn new() -> Self {
        Self {
            at: At::Magic,
            head: [0; LONGEST],
            filled: 0,
            has_checksum: false,
        }
    }

    /// Reads on.
    ///
    /// # Errors
    ///
    /// When a frame's window is too large.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Result<(), LargeWindow> {
        while !bytes.is_empty() {
            let wanted = match self.at {
                At::Magic | At::Skippable => 4,
                At::Descriptor => 1,
                At::Head(length) => length,
                At::Block => 3,
                At::Astray => return Ok(()),
                At::Content(left, then) => {
                    let taken =
                        usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    bytes = &bytes[taken..];
                    self.skip(left - taken as u64, then);
                    continue;
                }
            };
            let taken = (wanted - self.filled).min(bytes.len());
            self.head[self.filled..self.filled + taken].copy_from_slice(&bytes[..taken]);
            self.filled += taken;
            bytes = &bytes[taken..];
            if self.filled == wanted {
                self.step()?;
            }
        }
        Ok(())
    }

    /// What the bytes of a head mean, which are all there.
    fn step(&mut self) -> Result<(), LargeWindow> {
        let number = |length: usize| number(&self.head[..length]);
        match self.at {
            At::Magic => self.begin(match number(4) {
                magic if magic == u64::from(MAGIC) => At::Descriptor,
                magic if magic >> 4 == 0x0184_D2A5 => At::Skippable,
                _ => At::Astray,
            }),
            At::Skippable => self.skip(number(4), Then::Frame),
            // The descriptor stays where it is: the head goes on behind it.
            At::Descriptor => self.at = At::Head(Descriptor(self.head[0]).length()),
            At::Head(length) => {
                let descriptor = Descriptor(self.head[0]);
                if descriptor.window(&self.head[1..length]) > MOST {
                    return Err(LargeWindow);
                }
                self.has_checksum = descriptor.has_checksum();
                self.begin(At::Block);
            }
            At::Block => {
                let head = number(3);
                let (is_last, kind, size) = (head & 1 == 1, (head >> 1) & 3, head >> 3);
                // A block of one byte that repeats holds that byte alone.
                let size = if kind == 1 { 1 } else { size };
                let checksum = if self.has_checksum { 4 } else { 0 };
                match is_last {
                    true => self.skip(size + checksum, Then::Frame),
                    false => self.skip(size, Then::Block),
                }
            }
            At::Content(..) | At::Astray => {}
        }
        Ok(())
    }

    const fn begin(&mut self, at: At) {
        self.at = at;
        self.filled = 0;
    }

    const fn skip(&mut self, left: u64, then: Then) {
        self.begin(match (left, then) {
            (0, Then::Block) => At::Block,
            (0, Then::Frame) => At::Magic,
            (left, then) => At::Content(left, then),
        });
    }
}

/// RFC 8878 §3.1.1.1.1.
#[derive(Clone, Copy)]
struct Descriptor(u8);

impl Descriptor {
    /// Whether all of the content is one window.
    const fn is_single(self) -> bool {
        self.0 & 0b10_0000 != 0
    }

    const fn has_checksum(self) -> bool {
        self.0 & 0b100 != 0
    }

    const fn dictionary(self) -> usize {
        [0, 1, 2, 4][(self.0 & 0b11) as usize]
    }

    const fn content_size(self) -> usize {
        match self.0 >> 6 {
            0 => self.is_single() as usize,
            flag => 1 << flag,
        }
    }

    /// The length of the frame's head, this byte included.
    const fn length(self) -> usize {
        let window = !self.is_single() as usize;
        1 + window + self.dictionary() + self.content_size()
    }

    /// The window, in bytes, by what follows in the head.
    fn window(self, rest: &[u8]) -> u64 {
        if !self.is_single() {
            let (exponent, mantissa) = (rest[0] >> 3, u64::from(rest[0] & 0b111));
            let base = 1 << (10 + u32::from(exponent));
            return base + base / 8 * mantissa;
        }
        let size = number(&rest[self.dictionary()..]);
        // §3.1.1.1.4: two bytes begin to count where one has ended.
        size.saturating_add(if self.content_size() == 2 { 256 } else { 0 })
    }
}

/// A number, least byte first.
fn number(bytes: &[u8]) -> u64 {
    let bytes = bytes.iter().rev();
    bytes.fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A frame with a window byte, two blocks and a checksum.
    fn frame(window: u8) -> Vec<u8> {
        let head = [0x28, 0xb5, 0x2f, 0xfd, 0b100, window];
        // Three bytes as they are, one byte four times, and the end.
        let blocks = [0b1_1000, 0, 0, 1, 2, 3, 0b10_0011, 0, 0, 9];
        [&head[..], &blocks, &[0xff; 4]].concat()
    }

    fn skippable() -> Vec<u8> {
        vec![0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 0x28, 0xb5, 0x2f]
    }

    fn read(bytes: &[u8], pieces: usize) -> Result<(), LargeWindow> {
        let mut frames = Frames::new();
        bytes
            .chunks(pieces)
            .try_for_each(|piece| frames.read(piece))
    }

    #[test]
    fn a_window_of_eight_mebibytes_is_the_largest() {
        let (largest, larger) = (13 << 3, 13 << 3 | 1);
        for (bytes, fits) in [
            (frame(largest), true),
            (frame(larger), false),
            (frame(0xff), false),
            ([frame(0), frame(largest)].concat(), true),
            ([frame(0), frame(larger)].concat(), false),
            ([skippable(), frame(larger)].concat(), false),
            (
                [frame(0), skippable(), frame(0), frame(larger)].concat(),
                false,
            ),
            // One segment, of a size in one, two, four and eight bytes.
            (vec![0x28, 0xb5, 0x2f, 0xfd, 0x20, 0xff], true),
            (vec![0x28, 0xb5, 0x2f, 0xfd, 0x60, 0xff, 0xff], true),
            (vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0x80, 0], true),
            (vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0, 1, 0, 0x80, 0], false),
            (
                vec![0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 1, 0, 0, 0],
                false,
            ),
            // A dictionary stands before the size.
            (
                vec![0x28, 0xb5, 0x2f, 0xfd, 0xa3, 9, 9, 9, 9, 0, 0, 0x80, 0],
                true,
            ),
            (
                vec![0x28, 0xb5, 0x2f, 0xfd, 0xa3, 0, 0, 0, 0, 1, 0, 0x80, 0],
                false,
            ),
            // What is none is the decoder's to refuse.
            (b"no frame at all".to_vec(), true),
        ] {
            for pieces in [1, 2, 3, 100] {
                assert_eq!(read(&bytes, pieces).is_ok(), fits, "{bytes:x?} by {pieces}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_it_and_no_cut_matters(
            bytes in proptest::collection::vec(any::<u8>(), 0..80),
            windows in proptest::collection::vec(0_u8..=104, 0..4),
            pieces in 1_usize..9,
        ) {
            let sound: Vec<u8> = windows.iter().flat_map(|window| frame(*window)).collect();
            prop_assert!(read(&sound, pieces).is_ok());
            let all = [&sound[..], &[0x28, 0xb5, 0x2f, 0xfd], &bytes].concat();
            prop_assert_eq!(read(&all, pieces), read(&all, 1));
        }
    }
}
